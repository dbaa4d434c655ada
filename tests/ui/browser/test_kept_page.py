"""The page that tests hand on: only as it opened."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from testbed.running_app import RunningApp
from tests.support import kept_page
from tests.support.house import EXAMPLES, HOUSE_AT
from tests.support.kept_page import KeptPage

pytestmark = pytest.mark.browser


def test_a_page_is_handed_on_as_it_opened_and_closed_where_something_is_left(
    app: RunningApp, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptPage(browser, app.url)
    first = kept.visitor()
    first.choose_example(HOUSE_AT)
    first.press("d")
    first.opens("export")
    first.page.get_by_label("Whose mask to").select_option("sam")
    first.page.set_viewport_size({"width": 900, "height": 700})
    kept.take_back(first)
    second = kept.visitor()
    assert second.page is first.page
    assert second.prompt == EXAMPLES[0]["prompt"]
    assert second.page.get_attribute("#viewer .sv", "data-view") == "side"
    monkeypatch.setattr(kept_page, "SETTLE_MS", 500)
    second.page.evaluate("localStorage.setItem('left', 'behind')")
    kept.take_back(second)
    assert second.page.is_closed()


def test_whoever_met_a_fault_hands_nothing_on(app: RunningApp, browser: Browser) -> None:
    kept = KeptPage(browser, app.url)
    visitor = kept.visitor()
    visitor.page.evaluate("console.error('broken')")
    with pytest.raises(AssertionError):
        kept.take_back(visitor)
    assert visitor.faults == ["broken"]
    assert visitor.page.is_closed()
