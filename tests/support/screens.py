"""Screens of other densities, which a page changes to as when its window is moved to another screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import CDPSession, Page


@contextmanager
def other_screens(page: Page) -> Iterator[CDPSession]:
    """For `show_on_screen`; at the end the page has its own screen again."""
    session = page.context.new_cdp_session(page)
    yield session
    session.send("Emulation.clearDeviceMetricsOverride")
    session.detach()


def show_on_screen(
    page: Page, session: CDPSession, *, scale: float, zoom: float, size_wh: tuple[int, int]
) -> None:
    """Wait until the viewer shows what a screen of that scale does at a page zoom, in a window of that size.

    To a page, device scale and page zoom are one number and a window that is smaller by the zoom.
    """
    width, height = (round(side / zoom) for side in size_wh)
    override = {"width": width, "height": height, "deviceScaleFactor": scale * zoom, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", override)
    page.wait_for_function(
        """([width, density]) => {
          const canvas = document.querySelector('#viewer canvas[data-model=sam]');
          const across = canvas.width / canvas.getBoundingClientRect().width;
          return innerWidth === width && Math.abs(across - density) < 0.01;
        }""",
        arg=[width, scale * zoom],
    )
