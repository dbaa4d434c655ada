"""Our middleware for the web server under Gradio: `launch(app_kwargs=app_kwargs())`."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samhq_demo.settings import on_space
from samhq_demo.ui.arriving import TidyUploads
from samhq_demo.ui.bodies import BoundedBodies
from samhq_demo.ui.headers import SafeHeaders
from samhq_demo.ui.named_calls import HANDLERS
from samhq_demo.ui.request_ids import IdentifiedRequests

_MCP = "/gradio_api/mcp"
# Server-sent events are never among them: compressed, an event would wait for the next.
_COMPRESSED = ("text/html", "application/json")
_COMPRESSED_FROM = 1000  # bytes; a packet takes more
_LEVEL = 6  # the page in 6 ms; the highest level takes twice as long for one percent


class McpWithoutSlash:
    """Serves the MCP address without its last slash as the one with it.

    Starlette would redirect it, to the address that it thinks is its own. Behind a proxy that is one which
    the client cannot reach.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(_MCP):
            scope = {**scope, "path": scope["path"] + "/", "raw_path": scope.get("raw_path", b"") + b"/"}
        await self._app(scope, receive, send)


class CompressedPages:
    """Compresses pages and JSON on their way to a browser; Gradio sends its 280 KB of HTML as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Compressing(send).pass_on)


class _Compressing:
    """One response: its start waits for its body, which decides what the headers say."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_compressed(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = _compressed(start, message)
            await self._send(start)
        await self._send(message)


def _may_be_compressed(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in _COMPRESSED and "content-encoding" not in headers


def _compressed(start: Message, message: Message) -> Message:
    """The body, compressed where all of it is in this message; `start` then says so."""
    body = message.get("body", b"")
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if message["type"] != "http.response.body" or message.get("more_body") or len(body) < _COMPRESSED_FROM:
        return message
    smaller = gzip.compress(body, compresslevel=_LEVEL, mtime=0)
    headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(smaller))
    return {**message, "body": smaller}


def app_kwargs(routes: Sequence[BaseRoute] = ()) -> dict[str, Any]:
    """What FastAPI is to be made with.

    Args:
        routes: more than Gradio's, such as those of `outside`.
    """
    return {
        "exception_handlers": dict(HANDLERS),
        "middleware": [
            Middleware(IdentifiedRequests),
            Middleware(CompressedPages),
            # It looks at pages before they are compressed, and marks the refusals of those after it too.
            Middleware(SafeHeaders, on_space=on_space()),
            Middleware(BoundedBodies),
            Middleware(TidyUploads),
            Middleware(McpWithoutSlash),
        ],
        "routes": list(routes),
    }
