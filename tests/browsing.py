"""The real app in a process of its own, without a network, and a real browser to look at it."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once
# What keeps the browser from asking hosts of its own accord, and from what a container has not.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 60_000
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class RunningApp:
    """url ends with a slash; seconds_to_page is from the command to the first page."""

    url: str
    log: Path
    seconds_to_page: float


@contextmanager
def run_app(folder: Path, **environment: str) -> Iterator[RunningApp]:
    """Start `python app.py` on a free port with no way out to any other host; its files go to `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    proxies = {name: NOWHERE for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    settings = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hub"),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    log = folder / "app.log"
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, **proxies, **settings, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_for_page(process, url, log)
        yield RunningApp(url, log, time.monotonic() - began)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for_page(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(url, timeout=30).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"app.py did not come up:\n{log.read_text()}")
        time.sleep(0.1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium, or the browser that the variable CHROMIUM names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError(
            "There is no chromium: install it (apt-get install chromium) or name it in CHROMIUM."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Visitor:
    """Someone at the page, in a browser profile of their own."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def arrive(cls, browser: Browser, url: str, *, size_wh: tuple[int, int] = (1440, 900)) -> Visitor:
        context = browser.new_context(viewport={"width": size_wh[0], "height": size_wh[1]})
        visitor = cls(context.new_page(), url)
        visitor.page.set_default_timeout(WAIT_MS)
        visitor.page.on("request", lambda request: visitor.asked.append(request.url))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.goto(url)
        visitor.page.locator("#picture").wait_for()
        visitor.status("Choose an example")
        return visitor

    def leave(self) -> None:
        self.page.context.close()

    # Looking

    def status(self, contains: str | None = None) -> str:
        """What is happening; waits until it says so."""
        line = self.page.locator("#status .activity .mood").last
        if contains is not None:
            self.page.locator("#status .activity .mood", has_text=contains).first.wait_for()
        return line.inner_text()

    def answered(self, prompt: dict[str, Any]) -> None:
        """Wait until the scores are those of a prompt, and nothing is under way."""
        self.page.wait_for_function(
            """wanted => {
                const shown = document.querySelector('#agreement [data-key=prompt]').textContent;
                const near = (a, b) => typeof a === 'number' ? Math.abs(a - b) < 1e-6
                    : a === null || b === null ? a === b
                    : a.length === b.length && a.every((item, i) => near(item, b[i]));
                if (!shown || !document.querySelector('#status .activity [data-mood=done]')) return false;
                return ['points', 'labels', 'box'].every(key => near(JSON.parse(shown)[key], wanted[key]));
            }""",
            arg=prompt,
        )

    def points_answered(self, count: int) -> dict[str, Any]:
        """Wait for an answer to a prompt of so many points and return the prompt."""
        self.page.wait_for_function(
            """count => {
                const shown = document.querySelector('#agreement [data-key=prompt]').textContent;
                return shown && JSON.parse(shown).points.length === count
                    && document.querySelector('#status .activity [data-mood=done]');
            }""",
            arg=count,
        )
        return self.prompt()

    def prompt(self) -> dict[str, Any]:
        prompt: dict[str, Any] = json.loads(self.page.locator("#agreement [data-key=prompt]").inner_text())
        return prompt

    def score(self, where: str, key: str) -> str:
        return self.page.locator(f"{where} [data-key={key}]").inner_text()

    def image(self, where: str) -> Locator:
        return self.page.locator(f"{where} img")

    def screenshot(self, where: str) -> np.ndarray:
        """(h, w, 3) uint8 of the image as the browser shows it, at its own place and size."""
        image = self.image(where)
        image.evaluate("image => image.decode()")
        with Image.open(io.BytesIO(image.screenshot(animations="disabled"))) as shot:
            return np.asarray(shot.convert("RGB"))

    def notice(self) -> str:
        return self.page.locator(".toast-body").last.inner_text()

    # Acting

    def choose_example(self, number: int) -> None:
        self.page.locator(f"#example-{number}").click()

    def upload(self, file: Path) -> None:
        """Through the empty picture box."""
        self.page.locator("#picture input[type=file]").set_input_files(file)

    def upload_another(self, file: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("#upload").click()
        chooser.value.set_files(file)

    def taken(self) -> None:
        """Wait until the app has read the picture: before that, clicks in it are held off."""
        self.page.locator("#marks svg").wait_for()
        self.image("#picture").wait_for()

    def use(self, tool: str) -> None:
        self.page.locator(f"#tool input[value={tool}]").check()

    def click(self, xy: tuple[float, float], size_wh: tuple[int, int]) -> None:
        """Click where picture pixel (x, y) is shown, as `object-fit: contain` fits it."""
        box = self.image("#picture").bounding_box()
        assert box is not None
        scale = min(box["width"] / size_wh[0], box["height"] / size_wh[1])
        left = box["x"] + (box["width"] - size_wh[0] * scale) / 2
        top = box["y"] + (box["height"] - size_wh[1] * scale) / 2
        self.page.mouse.click(left + xy[0] * scale, top + xy[1] * scale)
