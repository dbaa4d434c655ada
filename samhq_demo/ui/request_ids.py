"""Each request's id: in its answer's header, in each line logged for it, and in what it says of a fault.

It is made in one place, where the request comes in. Gradio works on a queued one later and elsewhere, but
keeps the request, and with it the id.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
_BYTES = 6
_NONE = "-"
_CURRENT: ContextVar[str] = ContextVar("request_id", default=_NONE)


def current_id() -> str:
    """Of the request that is being answered in this context; a dash where there is none."""
    return _CURRENT.get()


@contextmanager
def answering(request: Any) -> Iterator[None]:
    """Have `current_id` be that of a request, Gradio's or Starlette's; without one it stays what it is."""
    known = getattr(getattr(request, "state", None), "request_id", None)
    token = _CURRENT.set(known if isinstance(known, str) else _CURRENT.get())
    try:
        yield
    finally:
        _CURRENT.reset(token)


class IdentifiedRequests:
    """Gives each request its id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        made = secrets.token_hex(_BYTES)
        scope.setdefault("state", {})["request_id"] = made

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = made
            await send(message)

        token = _CURRENT.set(made)
        try:
            await self._app(scope, receive, marked)
        finally:
            _CURRENT.reset(token)


class LogLines(logging.Formatter):
    """Time, level, request and logger before every line, also of a traceback: a search finds them all.

    Example:
        2026-01-31T12:00:00+0100 WARNING request=3f9a7c21b0de samhq_demo.ui.errors: /compare refused: ...
    """

    def __init__(self) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        when = self.formatTime(record, self.datefmt)
        head = f"{when} {record.levelname} request={current_id()} {record.name}: "
        return "\n".join(head + line for line in super().format(record).splitlines() or [""])
