"""Somebody at the real page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.kept_page import KeptPage


@pytest.fixture
def visitor(kept_page: KeptPage) -> Iterator[Visitor]:
    """Someone with the bicycle, which the page opens with."""
    visiting = kept_page.visitor()
    yield visiting
    kept_page.take_back(visiting)


@pytest.fixture
def newcomer(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """The same having just arrived: for tests of arriving, of reloading and of what the browser keeps."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    yield arrived
    arrived.leave()
