"""The page on screens of every size: nothing moves, and a click is where the pointer is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.house import HOUSE_AT, TRUTH, inside
from tests.support.screens import other_screens, show_on_screen

pytestmark = pytest.mark.browser

SCREENS = [(1, 0.67), (1, 1.0), (1, 1.5), (2, 1.0), (3, 1.25)]  # device scale, page zoom
PICTURES = [(200, 150), (150, 200), (1000, 750), (750, 1000), (6000, 4000), (4000, 6000)]


@pytest.mark.parametrize("size_wh", [(1440, 900), (390, 844), (3840, 2160)])
def test_nothing_moves_when_answers_come(
    app: RunningApp, profile: BrowserContext, size_wh: tuple[int, int]
) -> None:
    visitor = Visitor.arrive_in_tab(profile, app.url, size_wh=size_wh)
    visitor.page.locator("#answering [data-mood=done]").wait_for()  # its text is final
    visitor.choose_example(HOUSE_AT)
    visitor.press("c")
    visitor.rest()
    before = _places(visitor)
    visitor.ask(*inside(TRUTH))
    visitor.rest()
    assert _places(visitor) == pytest.approx(before, abs=0.1)  # of a pixel: a column's share of a width
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size_wh[0]
    visitor.leave()


def _places(visitor: Visitor) -> Any:
    return visitor.page.evaluate(
        """['#picture', '#viewer .stage', '#status', '#viewer .scores', '#viewer .candidates',
            '#viewer .objects', '#viewer .tabs', '#about', '#viewer .scores .agreement dl div:last-child',
        ].flatMap(name => {
            const box = document.querySelector(name).getBoundingClientRect();
            return [box.x, box.y + window.scrollY, box.width, box.height];
        })"""
    )


@pytest.fixture(scope="module")
def visitor(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """One page for all pictures: each takes the place of the one before."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    yield arrived
    arrived.leave()


@pytest.mark.parametrize("size_wh", PICTURES)
def test_clicks_are_exact_on_every_screen(visitor: Visitor, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    visitor.bring(save_photo(tmp_path / "photo.jpg", size_wh=size_wh, seed=5))
    with other_screens(visitor.page) as session:
        for scale, zoom in SCREENS:
            show_on_screen(visitor.page, session, scale=scale, zoom=zoom, size_wh=(1280, 1000))
            visitor.press("c", "0")
            visitor.page.evaluate("document.querySelector('#viewer .stage').scrollIntoView()")
            visitor.rest()
            clicks_where_it_points(visitor, size_wh)


def clicks_where_it_points(visitor: Visitor, size_wh: tuple[int, int]) -> None:
    """The picture as large as its pane admits, in the middle: where a click falls is plain arithmetic."""
    box = visitor.page.locator("#viewer #sam").bounding_box()
    assert box is not None
    shown = min(box["width"] / size_wh[0], box["height"] / size_wh[1])
    for across, down in ((0.5, 0.5), (0.43, 0.62)):
        x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
        visitor.page.mouse.click(x, y, button="right")
        expected = (
            size_wh[0] / 2 + (across - 0.5) * box["width"] / shown,
            size_wh[1] / 2 + (down - 0.5) * box["height"] / shown,
        )
        assert visitor.prompt["points"][-1] == pytest.approx(expected, abs=max(0.1 / shown, 0.1))
