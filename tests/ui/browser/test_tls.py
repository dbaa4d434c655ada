"""The page where TLS ends before the app, at a proxy that says so in a header, as they all can."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.house import HOUSE_AT, TRUTH, inside
from tests.support.tls import behind_tls

pytestmark = pytest.mark.browser

HEADER = "X-Forwarded-Proto: https"
# All that the page names of this machine: links, pictures, scripts, styles.
_NAMED = """() => [...document.querySelectorAll("[href], [src]")]
  .map((each) => each.href?.baseVal ?? each.href ?? each.src)
  .filter((address) => address && new URL(address, location.href).hostname === location.hostname)"""


def test_all_is_asked_and_named_by_https(app: RunningApp, browser: Browser, tmp_path: Path) -> None:
    asked: list[str] = []

    def watch(page: Page) -> None:
        page.on("request", lambda request: asked.append(request.url))

    with behind_tls(app.url, tmp_path, header=HEADER) as url:
        visitor = Visitor.arrive(browser, url, before=watch, ignore_https_errors=True)
        visitor.choose_example(HOUSE_AT)
        visitor.ask(*inside(TRUTH))
        with Image.open(visitor.take("cutout", tmp_path)) as cutout:
            assert cutout.mode == "RGBA"
        visitor.bring(save_photo(tmp_path / "mine.png", size_wh=(300, 200), seed=41))
        visitor.ask(150, 100)
        with Image.open(visitor.take("mask", tmp_path)) as mask:
            assert mask.size == (300, 200)
        assert f'Client("{url}")' in visitor.copy("python")
        curl = visitor.copy("curl")
        assert url in curl
        assert "http://" not in curl
        assert [each for each in visitor.page.evaluate(_NAMED) if each.startswith("http:")] == []
        assert [each for each in asked if not each.startswith((url, "data:", "blob:"))] == []
        visitor.leave()  # which holds the console to be silent: no mixed content
