"""axe-core finds nothing serious on the page, in any state, light or dark, on a desk or a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from testbed.running_app import ROOT, RunningApp
from testbed.visitor import Visitor

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"size_wh": (1366, 768), "color_scheme": "light"},
    "dark": {"size_wh": (1366, 768), "color_scheme": "dark"},
    "phone": {"size_wh": (390, 844), "color_scheme": "light", "has_touch": True, "is_mobile": True},
    "dark phone": {"size_wh": (390, 844), "color_scheme": "dark", "has_touch": True, "is_mobile": True},
}
# What is done one after the other, and then looked at.
STATES: dict[str, list[Callable[[Visitor], object]]] = {
    "opened": [lambda visitor: visitor.sees_scores()],
    "options": [lambda visitor: visitor.opens("options")],
    "everything": [lambda visitor: visitor.opens("everything")],
    "export": [lambda visitor: visitor.opens("export")],
    "two objects": [lambda visitor: visitor.opens("objects"), lambda visitor: visitor.press("n")],
    "slider": [lambda visitor: visitor.press("l")],
    "difference": [lambda visitor: visitor.press("d")],
    "keys": [lambda visitor: visitor.press("?")],
    "no picture": [lambda visitor: visitor.press("Escape"), lambda visitor: visitor.takes_picture_away()],
    "evaluate": [lambda visitor: visitor.page.get_by_role("button", name="Is SAM-HQ better on my").click()],
    "about": [lambda visitor: visitor.page.get_by_role("button", name="What the scores mean").click()],
    "sources": [lambda visitor: visitor.page.locator("#credits summary").click()],
}


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_serious_in_any_state(app: RunningApp, browser: Browser, screen: str) -> None:
    visitor = Visitor.arrive(browser, app.url, **SCREENS[screen])
    visitor.page.evaluate(AXE.read_text(encoding="utf-8"))  # a script in the page may not run
    found = {}
    for state, acts in STATES.items():
        for act in acts:
            act(visitor)
        found[state] = serious(visitor)
    assert found == {state: [] for state in STATES}
    visitor.leave()


def serious(visitor: Visitor) -> list[str]:
    """What axe calls serious or critical: the rule, and the elements that break it."""
    found: list[str] = visitor.page.evaluate(
        """async () => {
          const { violations } = await axe.run(document, { resultTypes: ["violations"] });
          const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
          return serious.flatMap(({ id, nodes }) =>
            nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ""}`));
        }"""
    )
    return found
