"""Somebody at the real page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from testbed.running_app import RunningApp
from testbed.visitor import Visitor


@pytest.fixture
def visitor(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """Someone with the bicycle, which the page opens with."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    yield arrived
    arrived.leave()
