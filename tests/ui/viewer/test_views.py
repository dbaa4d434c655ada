"""Ways to look at the masks: opacity, outlines, the slider, the difference, zoom."""

from __future__ import annotations

import numpy as np
import pytest

from testbed.person import Person
from tests.support.painted import (
    GRAY,
    IN_BOTH,
    IN_SAM_ALONE,
    ORANGE,
    RADIUS,
    SKY_BLUE,
    blended,
)
from tests.support.viewer_harness import Harness

pytestmark = pytest.mark.browser


def test_opacity_outline_and_views_ask_for_nothing(person: Person, harness: Harness) -> None:
    person.ask(300, 200)
    person.press("]", "]", "]", "]")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE, 0.9), abs=2)
    person.press("o")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == GRAY
    assert person.color(300 + RADIUS - 1, 200) == pytest.approx(blended(SKY_BLUE, 0.95), abs=6)
    person.press("o", "[", "[", "[", "[", "l", "d", "s")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert len(harness.questions) == 1


def test_the_picture_can_be_hidden_and_the_masks_stay(person: Person, harness: Harness) -> None:
    person.ask(300, 200)
    person.page.get_by_label("Hide the picture").click()
    person.rest()
    dark = person.color(5, 5)
    assert max(dark) < 40
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(SKY_BLUE, abs=2)
    person.press("d")
    person.rest()
    assert person.color(5, 5, "difference") == dark
    person.press("s", "z")
    person.rest()
    assert person.color(5, 5) == GRAY
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert len(harness.questions) == 1


def test_the_slider_shows_sam_to_its_left_and_sam_hq_to_its_right(person: Person) -> None:
    person.ask(300, 200)
    person.press("l")
    divider = person.page.locator("#viewer .divider")
    shown = "([x, y]) => document.elementFromPoint(x, y).dataset.model"
    left, right = list(person.client(250, 100)), list(person.client(350, 100))
    assert person.page.evaluate(shown, left) == "sam"
    assert person.page.evaluate(shown, right) == "sam_hq"
    divider.focus()
    divider.press("End")
    assert divider.get_attribute("aria-valuenow") == "100"
    assert person.page.evaluate(shown, right) == "sam"
    divider.drag_to(person.page.locator("#viewer .stage"))
    assert divider.get_attribute("aria-valuenow") == "50"
    assert len(person.prompt["points"]) == 1


def test_the_difference_has_three_colors_and_a_legend(person: Person) -> None:
    person.ask(300, 200)
    person.press("d")
    person.rest()
    dimmed = tuple(0.65 * value for value in GRAY)
    assert person.color(100, 100, "difference") == pytest.approx(dimmed, abs=2)
    only_sam = [0.9 * one + 0.1 * under for one, under in zip(ORANGE, dimmed, strict=True)]
    assert person.color(300 + IN_SAM_ALONE, 200, "difference") == pytest.approx(only_sam, abs=2)
    both = [0.35 * 232 + 0.65 * under for under in dimmed]
    assert person.color(300 + IN_BOTH, 200, "difference") == pytest.approx(both, abs=2)
    assert person.page.is_visible("#viewer .legend")
    assert person.page.inner_text("#viewer .legend").split("\n") == ["only SAM", "only SAM-HQ", "both"]


def test_both_panes_zoom_and_pan_in_step(person: Person) -> None:
    person.ask(300, 200)
    person.wheel(300, 200, 4)
    place, pane = np.array(person.client(300, 200)), np.array(person.client(300, 200, "sam_hq"))
    person.drag((300, 200), (320, 210), button="middle")
    assert person.page.inner_text("#viewer .zoom") != "102 %"
    moved, moved_other = np.array(person.client(300, 200)), np.array(person.client(300, 200, "sam_hq"))
    assert moved - place == pytest.approx(moved_other - pane)
    assert (moved - place).min() > 5
    assert person.color(300 + IN_BOTH, 200, "sam_hq") == pytest.approx(blended(SKY_BLUE), abs=2)
    person.page.keyboard.down(" ")
    person.drag((300, 200), (290, 195))
    person.page.keyboard.up(" ")
    assert (person.client(300, 200) - moved).max() < -5
    assert person.prompt["box"] is None


def test_a_double_click_shows_the_whole_picture_and_adds_no_point(person: Person) -> None:
    person.press("+", "+", "+")
    person.page.mouse.dblclick(*person.client(300, 200))
    assert person.page.is_disabled("[data-action=zoom-out]")
    assert person.prompt["points"] == []
    assert person.page.is_disabled("[data-action=redo]")
