"""Compressed pages: not on the thread that serves everyone, once for all who get the same, each its own."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from samhq_demo.ui.asgi import CompressedPages

Answer = TypeVar("Answer")


def run(asked: Coroutine[Any, Any, Answer]) -> Answer:
    """In a thread of its own: where a browser is open, this one has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()


def digits(seed: int, *, count: int = 1_000_000) -> bytes:
    """That do not compress in no time."""
    return random.Random(seed).randbytes(count // 2).hex().encode()


async def answered(
    pages: CompressedPages, *, method: str = "GET", takes: str = "gzip"
) -> list[dict[str, Any]]:
    """What the server is handed for one request: headers, then the body."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"accept-encoding", takes.encode())]
    scope = {"type": "http", "method": method, "path": "/", "headers": headers}
    await pages(scope, receive, send)
    return sent


def serving(*bodies: bytes, kind: str = "application/json") -> CompressedPages:
    """Answers with each body in turn, then with the last one again."""
    left = list(bodies)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = left.pop(0) if len(left) > 1 else bytes(bytearray(left[0]))
        await Response(body, media_type=kind)(scope, receive, send)

    return CompressedPages(app)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_others_are_served_while_a_large_answer_is_compressed(method: str) -> None:
    async def served_meanwhile() -> int:
        waiting = asyncio.ensure_future(answered(serving(digits(1, count=4_000_000)), method=method))
        turns = 0
        while not waiting.done():
            turns += 1
            await asyncio.wait([waiting], timeout=0)
        return turns

    # On the loop's own thread there would be a handful of turns, however long it takes.
    assert run(served_meanwhile()) > 1000


def test_who_comes_for_the_same_page_gets_the_same_bytes_without_compressing_again() -> None:
    pages = serving(digits(2))

    async def twice() -> list[Any]:
        return [(await answered(pages))[1]["body"] for _ in range(2)]

    first, second = run(twice())
    assert first is second


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_gets_its_own_answer_whole(method: str) -> None:
    bodies = [digits(3), digits(4), b"1" * 2000]
    pages = serving(*bodies)

    async def all_of_them() -> list[Any]:
        return [await answered(pages, method=method) for _ in bodies]

    for (start, body), plain in zip(run(all_of_them()), bodies, strict=True):
        headers = dict(start["headers"])
        assert headers[b"content-encoding"] == b"gzip"
        assert int(headers[b"content-length"]) == len(body["body"]) < len(plain)
        assert gzip.decompress(body["body"]) == plain


def test_what_is_small_streamed_or_not_wanted_compressed_is_sent_as_it_is() -> None:
    small = CompressedPages(JSONResponse({"a": 1}))
    plain = CompressedPages(PlainTextResponse("a" * 5000))
    wanted = serving(digits(5))
    for pages, takes in ((small, "gzip"), (plain, "gzip"), (wanted, "identity")):
        start, _ = run(answered(pages, takes=takes))
        assert b"content-encoding" not in dict(start["headers"])
