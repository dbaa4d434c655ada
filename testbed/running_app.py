"""The real app in a process of its own, without a network, and a real browser to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, sync_playwright

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
START_SECONDS = 300  # on a machine that has much else to do; ten are enough on an idle one


@dataclass(frozen=True, slots=True)
class RunningApp:
    """url ends with a slash; seconds_to_page is from the command to the first page."""

    url: str
    log: Path
    seconds_to_page: float
    process_id: int


@contextmanager
def run_app(
    folder: Path, *, command: Sequence[str] = ("app.py",), port: int | None = None, **environment: str
) -> Iterator[RunningApp]:
    """Start `python app.py` with no way out to any other host.

    Args:
        folder: for its files.
        command: what Python is to run instead, such as a module: ("-m", its name, arguments).
        port: None: a free one.
    """
    port = port or free_port()
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
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **proxies, **settings, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_for_page(process, url, log)
        yield RunningApp(url, log, time.monotonic() - began, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_page(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(url, timeout=30).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The app did not come up:\n{log.read_text()}")
        time.sleep(0.1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium, or the browser that the variable CHROMIUM names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def chromium_profile(folder: Path) -> Iterator[BrowserContext]:
    """The same browser with a profile on disk: a page that was loaded before loads in half the time.

    The profile keeps the compiled scripts, which a context of `chromium` compiles anew for every page.
    """
    with sync_playwright() as playwright:
        profile = playwright.chromium.launch_persistent_context(
            folder, executable_path=_chromium_path(), args=FLAGS
        )
        yield profile
        profile.close()


def _chromium_path() -> str:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError(
            "There is no chromium: install it (apt-get install chromium) or name it in CHROMIUM."
        )
    return path
