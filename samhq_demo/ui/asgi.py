"""Our middleware for the web server under Gradio: `launch(app_kwargs=app_kwargs())`."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samhq_demo.cache import BoundedCache
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
_AT_ONCE_BELOW = 20_000  # bytes that take less than a change of threads
# Of what all who come get in the same bytes: the page, and what programs ask for as they connect.
_KEPT_BYTES = 4 * 2**20


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


@dataclass(frozen=True, slots=True)
class _Page:
    """A body as it was and as it is sent."""

    plain: bytes
    smaller: bytes

    @property
    def nbytes(self) -> int:
        return len(self.plain) + len(self.smaller)


class CompressedPages:
    """Compresses pages and JSON on their way to a browser; Gradio sends its 280 KB of HTML as they are.

    Not on the thread that serves everyone, and once for all who get the same: where programs connected one
    after the other, compressing was half of what that thread did.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: BoundedCache[_Page] = BoundedCache(max_bytes=_KEPT_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        compress = self._compress_page if scope["method"] == "GET" else _compress_answer
        await self._app(scope, receive, _Compressing(send, compress).pass_on)

    async def _compress_page(self, body: bytes) -> bytes:
        page = (
            self._kept.find(body) or (await run_in_threadpool(self._kept.get, body, partial(_page, body)))[0]
        )
        return page.smaller


def _page(body: bytes) -> _Page:
    return _Page(body, _gzip(body))


async def _compress_answer(body: bytes) -> bytes:
    """One that nobody else gets."""
    return _gzip(body) if len(body) < _AT_ONCE_BELOW else await run_in_threadpool(_gzip, body)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=_LEVEL, mtime=0)


class _Compressing:
    """One response: its start waits for its body, which decides what the headers say."""

    def __init__(self, send: Send, compress: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._send = send
        self._compress = compress
        self._start: Message | None = None

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_compressed(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = await self._compressed(start, message)
            await self._send(start)
        await self._send(message)

    async def _compressed(self, start: Message, message: Message) -> Message:
        """The body, compressed where all of it is in this message; `start` then says so."""
        body = message.get("body", b"")
        headers = MutableHeaders(raw=start["headers"])
        headers.add_vary_header("Accept-Encoding")
        is_whole = message["type"] == "http.response.body" and not message.get("more_body")
        if not is_whole or len(body) < _COMPRESSED_FROM:
            return message
        smaller = await self._compress(body)
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(smaller))
        return {**message, "body": smaller}


def _may_be_compressed(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in _COMPRESSED and "content-encoding" not in headers


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
