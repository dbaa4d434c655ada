"""The app stops as it should, also while somebody looks at the page."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from testbed.photos import save_photo
from testbed.running_app import run_app
from tests.support.waiting import wait


def test_a_stop_with_a_page_open_is_quick_and_leaves_no_file_of_a_visitor(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    photo = save_photo(tmp_path / "photo.png", size_wh=(40, 30))
    with ExitStack() as running:
        app = running.enter_context(run_app(tmp_path, SAMHQ_MODEL="tiny"))
        wait(lambda: "tiny: image encoder" in app.log.read_text())  # it has started, to the last
        with httpx.Client(base_url=app.url, trust_env=False) as visitor:
            sent = visitor.post("gradio_api/upload", files={"files": photo.open("rb")})
            assert sent.status_code == 200 and list(uploads.rglob("photo.png"))
            with visitor.stream("GET", "gradio_api/heartbeat/visitor") as page:
                lines = page.iter_lines()
                assert next(lines)  # a page keeps this connection as long as it is open
                began = time.monotonic()
                running.close()
                assert time.monotonic() - began < 4
    assert not list(uploads.rglob("photo.png"))
