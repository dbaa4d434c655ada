"""Full screen, where the browser has it for parts of a page and where it has not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from testbed.running_app import RunningApp
from testbed.visitor import Visitor

pytestmark = pytest.mark.browser

SIZE_WH = (1366, 768)
BUTTON = "#viewer [data-action=full-screen]"
# As on an iPhone, whose browsers have full screen for videos alone.
NO_FULL_SCREEN = "delete Element.prototype.requestFullscreen;"
_IS_FULL = "document.fullscreenElement === document.querySelector('#viewer .sv')"
_IS_ALONE = """() => {
  const box = document.querySelector("#viewer .sv").getBoundingClientRect();
  const over = (x, y) => document.elementFromPoint(x, y)?.closest("#viewer .sv") !== null;
  const places = [[4, 4], [innerWidth - 4, 4], [4, innerHeight - 4], [innerWidth / 2, innerHeight / 2]];
  return box.top <= 0 && box.height >= innerHeight - 1 && places.every(([x, y]) => over(x, y));
}"""


@pytest.fixture
def covered(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """Someone whose browser cannot show a part of the page on all of the screen."""
    visitor = Visitor.arrive_in_tab(
        profile, app.url, size_wh=SIZE_WH, before=lambda page: page.add_init_script(NO_FULL_SCREEN)
    )
    yield visitor
    visitor.leave()


def pane_height(visitor: Visitor) -> float:
    box = visitor.page.locator("#viewer #sam").bounding_box()
    assert box is not None
    return box["height"]


def works(visitor: Visitor) -> None:
    """A click falls where the pointer is, the answer comes, and the list of keys is on top."""
    before = visitor.revision
    visitor.click(40, 30, model="sam_hq", button="right")
    assert visitor.prompt["points"][-1] == pytest.approx((40, 30), abs=1.5)
    visitor.sees_answer(before)
    visitor.press("?")
    close = visitor.page.get_by_role("button", name="Close", exact=True)
    close.wait_for()
    close.click()


def test_the_viewer_takes_all_of_the_screen_and_gives_it_back(
    app: RunningApp, profile: BrowserContext
) -> None:
    visitor = Visitor.arrive_in_tab(profile, app.url, size_wh=SIZE_WH)
    usual = pane_height(visitor)
    visitor.page.click(BUTTON)
    visitor.page.wait_for_function(_IS_FULL)
    visitor.page.wait_for_function(_IS_ALONE)
    visitor.rest()
    assert pane_height(visitor) > 1.1 * usual
    works(visitor)
    visitor.press("f")
    visitor.page.wait_for_function("document.fullscreenElement === null")
    visitor.rest()
    assert pane_height(visitor) == usual
    visitor.leave()


def test_without_a_full_screen_the_viewer_covers_the_page_until_escape(covered: Visitor) -> None:
    usual = pane_height(covered)
    covered.page.click(BUTTON)
    covered.page.wait_for_function(_IS_ALONE)
    assert covered.page.evaluate("document.fullscreenElement === null")
    covered.rest()
    assert pane_height(covered) > 1.1 * usual
    works(covered)
    covered.press("Escape")
    covered.page.wait_for_function(f"!({_IS_ALONE})()")
    covered.rest()
    assert pane_height(covered) == usual
