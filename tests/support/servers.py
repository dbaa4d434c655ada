"""Servers for the tests: the endpoints alone, as the app serves them, and a website."""

from __future__ import annotations

import functools
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client

from samhq_demo.ui.api import register_api
from samhq_demo.ui.asgi import app_kwargs
from samhq_demo.ui.outside import outside_routes
from samhq_demo.ui.page import CSS_FILE, build_page, theme


@dataclass(frozen=True, slots=True)
class Served:
    """url ends with a slash; uploads is the folder that uploads go to."""

    blocks: gr.Blocks
    url: str
    uploads: Path

    def client(self, downloads: Path) -> Client:
        return Client(self.url, verbose=False, analytics_enabled=False, download_files=downloads)

    def upload(self, file: Path) -> str:
        """The server's path of a file sent as a browser sends it."""
        with file.open("rb") as content:
            answer = httpx.post(f"{self.url}gradio_api/upload", files={"files": content})
        path: str = answer.json()[0]
        return path

    def run(self, endpoint: str, *data: object) -> dict[str, Any]:
        """A bare POST that waits for its answer: {"data": [...]} or {"error": sentence}."""
        answer = httpx.post(f"{self.url}gradio_api/run/{endpoint}", json={"data": data}, timeout=60)
        body: dict[str, Any] = answer.json()
        return body

    def call(self, endpoint: str, *data: object) -> str:
        """The same through the queue: the event stream's text."""
        base = f"{self.url}gradio_api/call/{endpoint}"
        event = httpx.post(base, json={"data": data}, timeout=60).json()["event_id"]
        return httpx.get(f"{base}/{event}", timeout=60).text


@contextmanager
def serve(service: Any, *, folder: Path, mcp: bool = False) -> Iterator[Served]:
    """Serve `/compare`, `/compare_many` and `/models` from a free port; files go to `folder`."""
    with pytest.MonkeyPatch.context() as patch, socket.socket() as probe:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with gr.Blocks(analytics_enabled=False) as blocks:
            register_api(service)
        _, url, _ = blocks.launch(
            server_name="127.0.0.1",
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            mcp_server=mcp,
            app_kwargs=app_kwargs(outside_routes(service, blocks, shows_metrics=True)),
        )
        try:
            yield Served(blocks, url, folder)
        finally:
            end(blocks)


@contextmanager
def serve_page(
    service: Any, *, folder: Path, launch: dict[str, Any] | None = None, **built: Any
) -> Iterator[Served]:
    """Serve the whole page of a service from a free port; files go below `folder`.

    Args:
        launch: more for the launch.
        built: more for `build_page`.
    """
    uploads = folder / "served"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        page = build_page(service, **built)
        _, url, _ = page.launch(
            prevent_thread_lock=True,
            quiet=True,
            server_name="127.0.0.1",
            theme=theme(),
            css_paths=CSS_FILE,
            run_history=False,
            **(launch or {}),
        )
        try:
            yield Served(page, url, uploads)
        finally:
            end(page)


def end(page: gr.Blocks) -> None:
    """Close it, also where a browser still has it open: for that page's stream Gradio waits five seconds."""
    page.server_app.stop_event.set()
    page.close(verbose=False)


def start_serving(server: http.server.HTTPServer) -> None:
    """In a thread of its own, which looks often whether it is to end: by itself each half second."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """The address, without a slash at its end, of a website that holds the folder's files."""
    handler = functools.partial(_SilentHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        start_serving(server)
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def behind_a_proxy(url: str) -> Iterator[str]:
    """Another address for `url`, as a reverse proxy gives it: the server sees its own host."""
    target = url.rstrip("/")

    class Proxy(_SilentHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def do_DELETE(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
            with httpx.stream(
                self.command, target + self.path, content=body, headers=kept, timeout=60
            ) as answer:
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in _OF_ONE_HOP:
                        self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                for piece in answer.iter_raw():
                    self.wfile.write(piece)
                    self.wfile.flush()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        start_serving(server)
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


# What a proxy does not pass on.
_OF_ONE_HOP = ("host", "connection", "content-length", "transfer-encoding", "keep-alive")


class _SilentHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def compare_inputs(photo: str, **named: object) -> list[object]:
    """The inputs of /compare in order, as a bare request has to send them: a box on the upload `photo`."""
    inputs: dict[str, object] = {
        "image": {"path": photo}, "points": None, "labels": None, "box": [20, 10, 90, 70], "model": None,
        "multimask": None, "hq_token_only": False, "mask_prompt": None, "ground_truth": None,
        "refine_from": None, "ground_truth_label": None,
    }  # fmt: skip
    return list((inputs | named).values())
