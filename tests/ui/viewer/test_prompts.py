"""Prompts in a real browser, made as a person would; the harness answers at once with drawn masks."""

from __future__ import annotations

import numpy as np
import pytest

from testbed.person import Person
from tests.support.painted import (
    GRAY,
    IN_BOTH,
    IN_SAM_ALONE,
    SIZE_WH,
    SKY_BLUE,
    blended,
)
from tests.support.viewer_harness import Harness, drawn_mask

pytestmark = pytest.mark.browser


def test_a_click_paints_both_masks_and_counts_one_revision(person: Person) -> None:
    before = person.revision
    person.ask(300, 200)
    assert person.revision == before + 1
    assert person.prompt == {"points": [[300, 200]], "labels": [1], "box": None}
    for model in ("sam", "sam_hq"):
        assert person.color(300 + IN_BOTH, 200, model) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(300 + IN_SAM_ALONE, 200, "sam") == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(300 + IN_SAM_ALONE, 200, "sam_hq") == GRAY


def test_a_click_in_the_other_pane_is_the_same(person: Person) -> None:
    person.ask(200, 100, model="sam_hq")
    assert person.prompt["points"] == [[200, 100]]


def test_the_painted_mask_is_the_answered_mask(person: Person) -> None:
    person.drag((100, 80), (260, 190))
    person.ask(420, 250)
    person.ask(240, 180, button="right")
    answered = drawn_mask(person.prompts[0], SIZE_WH)
    columns, rows = np.random.default_rng(0).integers((3, 3), (597, 397), (400, 2)).T
    around = np.stack([answered[rows + dy, columns + dx] for dy in (-2, 0, 2) for dx in (-2, 0, 2)])
    clear = (around == around[4]).all(axis=0)  # on an edge, a pixel of the screen shows both sides
    places = [(x + 0.5, y + 0.5) for x, y in zip(columns[clear], rows[clear], strict=True)]
    painted = person.colors(places)[:, 2] > GRAY[2] + 10
    assert painted.tolist() == answered[rows, columns][clear].tolist()
    assert 20 < painted.sum() < len(places) - 20


def test_right_click_and_the_background_tool_take_away(person: Person) -> None:
    person.drag((100, 100), (500, 300))
    person.sees_answer(0)
    person.ask(200, 200, button="right")
    assert person.color(200, 200 + IN_BOTH) == GRAY
    person.press("x")
    person.ask(400, 200)
    person.press("x")
    assert person.prompt["labels"] == [0, 0]
    assert person.color(400, 200 + IN_BOTH) == GRAY


def test_background_alone_is_not_asked_but_explained(person: Person, harness: Harness) -> None:
    person.click(300, 200, button="right")
    assert "click the object too" in person.status
    assert harness.questions == []


def test_a_click_beside_the_picture_does_nothing(person: Person, harness: Harness) -> None:
    person.page.set_viewport_size({"width": 1280, "height": 700})
    person.press("l")  # wider than the picture
    person.click(-20, 200)
    person.page.set_viewport_size({"width": 1280, "height": 1300})
    assert "outside the picture" in person.status
    assert harness.questions == []


def test_a_drag_draws_a_box_whichever_way(person: Person) -> None:
    person.drag((400, 300), (150, 100))
    person.sees_answer(0)
    assert person.prompt["box"] == pytest.approx([150, 100, 400, 300], abs=0.02)
    assert person.color(160, 110) == pytest.approx(blended(SKY_BLUE), abs=2)


def test_a_box_drawn_over_the_edge_ends_at_it(person: Person) -> None:
    person.drag((500, 300), (630, 290))
    assert person.prompt["box"] == pytest.approx([500, 290, 599.99, 300], abs=0.02)


def test_a_point_and_the_sides_of_a_box_are_moved_by_dragging(person: Person) -> None:
    person.drag((100, 100), (300, 250))
    person.click(450, 200)
    person.drag((450, 200), (500, 260))
    assert person.prompt["points"][0] == pytest.approx([500, 260], abs=0.02)
    person.drag((300, 250), (330, 280))  # a corner
    person.drag((100, 150), (60, 170))  # the left side: moves across only
    assert person.prompt["box"] == pytest.approx([60, 100, 330, 280], abs=0.02)
    person.press("Control+z", "Control+z")  # each drag is one step back
    assert person.prompt["box"] == pytest.approx([100, 100, 300, 250], abs=0.02)
    assert person.prompt["points"][0] == pytest.approx([500, 260], abs=0.02)


def test_alt_click_removes_a_point_or_the_box(person: Person) -> None:
    person.drag((100, 100), (300, 250))
    person.click(450, 200)
    person.page.keyboard.down("Alt")
    person.click(450, 200)
    person.click(300, 250)
    person.page.keyboard.up("Alt")
    assert person.prompt == {"points": [], "labels": [], "box": None}


def test_the_small_x_beside_a_point_removes_it(person: Person) -> None:
    person.click(200, 200)
    person.click(400, 200)
    person.move(300, 100)
    assert person.page.locator("#viewer .remover").is_hidden()
    person.move(400, 200)
    remover = person.page.locator("#viewer .remover")
    assert remover.get_attribute("aria-label") == "Remove object point 2"
    remover.click()
    assert person.prompt["points"] == [[200, 200]]


def test_escape_leaves_off_a_drag(person: Person) -> None:
    person.click(200, 200)
    person.move(200, 200)
    person.page.mouse.down()
    person.move(300, 300)
    person.press("Escape")
    person.page.mouse.up()
    assert person.prompt["points"] == [[200, 200]]


# ---- history ---------------------------------------------------------------------------------------------


def test_every_edit_can_be_undone_and_done_again(person: Person, harness: Harness) -> None:
    person.ask(150, 100)
    person.ask(300, 200)
    person.drag((350, 150), (450, 350))
    person.sees_answer(0)
    with_all, asked = person.state["objects"], len(harness.questions)
    person.press("c")
    assert person.prompt["points"] == []
    assert person.color(300 + IN_BOTH, 200) == GRAY
    person.press(*["Control+z"] * 4)
    assert person.prompt["points"] == []
    person.press("Control+y", "Control+Shift+z", "Control+y")
    assert person.state["objects"] == with_all
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert len(harness.questions) == asked  # answers known once are not asked for again
    assert person.page.is_enabled("[data-action=redo]")
    person.click(500, 50)
    assert person.page.is_disabled("[data-action=redo]")


def test_clear_all_can_be_undone(person: Person) -> None:
    person.click(150, 100)
    person.press("n")
    person.click(300, 200)
    before = person.state["objects"]
    person.press("Shift+C")
    assert [each["prompt"]["points"] for each in person.state["objects"]] == [[]]
    person.press("Control+z")
    assert person.state["objects"] == before


def test_keys_do_nothing_while_one_types(person: Person) -> None:
    person.ask(300, 200)
    field = person.page.locator("#choose textarea, #choose input")
    field.press_sequentially("cdnl1?")
    field.press("Control+z")
    assert person.prompt["points"] == [[300, 200]]
    assert person.page.locator("#viewer [data-view=side]").count() == 1
    assert len(person.state["objects"]) == 1
