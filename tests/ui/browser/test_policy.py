"""The content security policy in a real browser: the page works under it, and what is foreign does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.servers import serve_files

pytestmark = pytest.mark.browser

_INSERT = """source => new Promise((done) => {
  document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
  const script = document.createElement("script");
  if (source) script.src = source; else script.textContent = "window.foreign = true";
  document.head.append(script);
})"""


def test_a_walk_through_the_page_meets_no_violation(newcomer: Visitor, tmp_path: Path) -> None:
    newcomer.bring(save_photo(tmp_path / "photo.png", size_wh=(400, 300)))
    newcomer.ask(100, 100)
    newcomer.sees_scores()
    for what in ("overlays", "svg", "coco-rle"):
        assert newcomer.take(what, tmp_path).stat().st_size > 0
    assert "predict" in newcomer.copy("python")
    newcomer.choose_example(1)
    newcomer.page.locator("#about button").first.click()
    newcomer.page.locator("#evaluate button").first.click()
    assert newcomer.faults == []  # a violation would be an error in the console


def test_foreign_scripts_do_not_run(app: RunningApp, profile: BrowserContext) -> None:
    for source in (None, "http://localhost:9/foreign.js"):
        visitor = Visitor.arrive_in_tab(profile, app.url)
        assert visitor.page.evaluate(_INSERT, source) == "script-src-elem"
        assert not visitor.page.evaluate("Boolean(window.foreign)")
        visitor.page.close()


def test_a_strangers_page_cannot_show_the_app_in_a_frame(
    app: RunningApp, profile: BrowserContext, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(f'<iframe src="{app.url}"></iframe>')
    page = profile.new_page()
    refusals: list[str] = []
    page.on("console", lambda line: refusals.append(line.text))
    with serve_files(tmp_path) as stranger:
        page.goto(stranger)
        page.wait_for_function("document.querySelector('iframe').contentDocument === null")
        assert page.frames[1].locator("#viewer").count() == 0
    page.close()
    assert any("frame-ancestors" in one for one in refusals)
