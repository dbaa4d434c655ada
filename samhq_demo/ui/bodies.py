"""Limits the size of request bodies before anything is parsed.

Gradio reads a body of any length, and parses it on the thread that serves everyone: 30 MB of JSON stop all
for ten seconds. It also lets through text that no answer can hold, and passes on what other
servers answer to whoever asks for a file by its URL.
"""

from __future__ import annotations

import asyncio
import json
import logging

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

# Of everything but uploads: room for a data URL of 12 MB, or for the prompts of 32 objects with their masks.
MAX_BODY_BYTES = 16 * 2**20
# What takes time is not a long text but many values: 32 objects with 16 earlier prompts of 256 points each
# have as many.
MAX_BODY_ITEMS = 300_000
# One file of serve.MAX_FILE_SIZE, and the form around it.
MAX_UPLOAD_BYTES = 257 * 2**20
_SECONDS = 60.0
_UPLOAD = "/gradio_api/upload"
_FILE_BY_URL = ("/file=http:", "/file=https:")


class BoundedBodies:
    """Answers 413 to a body that is too large, 400 to JSON that no answer can hold, 404 to files by URL."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif any(mark in scope["path"].lower() for mark in _FILE_BY_URL):
            await _refuse(scope, receive, send, 404, "This server gives out its own files alone.")
        elif scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
        elif scope["path"].rstrip("/").endswith(_UPLOAD):
            await self._upload(scope, receive, send)
        else:
            await self._json(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _stated_bytes(scope) > MAX_UPLOAD_BYTES:
            await _refuse(scope, receive, send, 413, _too_large(MAX_UPLOAD_BYTES))
            return
        received, is_whole = 0, False

        async def counted() -> Message:
            nonlocal received, is_whole
            # Who sends nothing for so long is taken for gone, and what has come of the file is deleted.
            try:
                message = await asyncio.wait_for(receive(), None if is_whole else _SECONDS)
            except (TimeoutError, asyncio.TimeoutError):
                return {"type": "http.disconnect"}
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            return message if received <= MAX_UPLOAD_BYTES else {"type": "http.disconnect"}

        await self._app(scope, counted, send)

    async def _json(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await asyncio.wait_for(_body(scope, receive), _SECONDS)
        except (TimeoutError, asyncio.TimeoutError):
            await _refuse(scope, receive, send, 408, f"The body took over {_SECONDS:.0f} seconds to come.")
            return
        except _TooLargeError:
            await _refuse(scope, receive, send, 413, _too_large(MAX_BODY_BYTES))
            return
        if body is None:
            return
        if (fault := json_fault(body)) is not None:
            await _refuse(scope, receive, send, 400, fault)
            return
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replayed() -> Message:
            nonlocal whole
            message, whole = whole, None
            return await receive() if message is None else message

        await self._app(scope, replayed, send)


def json_fault(body: bytes) -> str | None:
    """What is wrong with a body for any endpoint; None where it may be parsed."""
    if body.count(b",") + body.count(b"{") > MAX_BODY_ITEMS:
        return f"The body has too many values: at most {MAX_BODY_ITEMS:,} are taken."
    if b"\0" in body:
        return "The body is no JSON in UTF-8."
    return _value_fault(body)


def _value_fault(body: bytes) -> str | None:
    if b"\\ud" not in body.lower():
        return None
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "The body holds half of a surrogate pair, which is no character: give whole ones."
    except (ValueError, RecursionError):
        return None  # no JSON at all: whoever reads it says so
    return None


class _TooLargeError(Exception):
    """The body goes on past what is taken."""


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """All of it; None where the sender has gone."""
    if _stated_bytes(scope) > MAX_BODY_BYTES:
        raise _TooLargeError
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)


def _stated_bytes(scope: Scope) -> int:
    stated = dict(scope["headers"]).get(b"content-length", b"0")
    return int(stated) if stated.isdigit() else 0


def _too_large(limit: int) -> str:
    return f"The body is too large: at most {limit // 2**20} MB are taken; upload pictures as files."


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    logger.warning("a request was refused: %s", sentence)
    answer = JSONResponse(
        {"error": sentence, "detail": sentence}, status_code=status, headers={"Connection": "close"}
    )
    await answer(scope, receive, send)
