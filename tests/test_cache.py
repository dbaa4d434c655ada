"""The embedding cache: bounded in bytes, least recently used out first, one computation a key."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from samhq_demo.cache import BoundedCache


@dataclass(frozen=True)
class Block:
    nbytes: int


def test_least_recently_used_goes_first() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=30)
    for key in "abc":
        cache.get(key, lambda: Block(10))
    cache.get("a", lambda: Block(10))
    cache.get("d", lambda: Block(10))
    assert [key in cache for key in "abcd"] == [True, False, True, True]
    assert cache.nbytes == 30


def test_what_is_not_kept_is_not_found_and_what_is_found_was_used() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=20)
    assert cache.find("a") is None
    for key in "ab":
        cache.get(key, lambda: Block(10))
    assert cache.find("a") == Block(10)
    cache.get("c", lambda: Block(10))
    assert (cache.find("a"), cache.find("b")) == (Block(10), None)


def test_a_value_over_the_bound_is_kept_alone() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=30)
    cache.get("a", lambda: Block(10))
    cache.get("huge", lambda: Block(100))
    assert ("a" in cache, "huge" in cache) == (False, True)
    cache.get("b", lambda: Block(10))
    assert cache.nbytes == 10


def test_what_is_pinned_stays_however_long_it_was_not_used() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=20, is_pinned=lambda key: key == "a")
    for key in "abc":
        cache.get(key, lambda: Block(10))
    assert [key in cache for key in "abc"] == [True, False, True]
    assert cache.pinned_bytes() == 10


def test_room_is_made_before_what_needs_it_is_there() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=30)
    for key in "abc":
        cache.get(key, lambda: Block(10))
    cache.make_room(20)
    assert [key in cache for key in "abc"] == [False, False, True]
    assert cache.nbytes == 10


def test_a_failed_computation_is_told_to_all_and_not_kept() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=30)
    started, go = threading.Event(), threading.Event()
    told: list[str] = []

    def failing() -> Block:
        started.set()
        go.wait(5)
        raise ValueError("no")

    def ask() -> None:
        try:
            cache.get("a", failing)
        except ValueError as error:
            told.append(str(error))

    first = threading.Thread(target=ask)
    first.start()
    started.wait(5)
    second = threading.Thread(target=ask)
    second.start()
    go.set()
    first.join()
    second.join()
    assert told == ["no", "no"]
    assert cache.get("a", lambda: Block(1))[1] == "now"


def test_who_waits_is_told_that_it_shared() -> None:
    cache: BoundedCache[Block] = BoundedCache(max_bytes=30)
    started, go = threading.Event(), threading.Event()
    how: dict[str, str] = {}

    def slow() -> Block:
        started.set()
        go.wait(5)
        return Block(1)

    first = threading.Thread(target=lambda: how.update(first=cache.get("a", slow)[1]))
    first.start()
    started.wait(5)
    threading.Timer(0.2, go.set).start()  # by then this thread waits below
    assert cache.get("a", lambda: pytest.fail("ran twice"))[1] == "shared"
    first.join()
    assert how == {"first": "now"}
