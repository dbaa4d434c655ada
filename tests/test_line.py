"""The line: one at a time, in the order of coming, each with a place that only gets better."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from samhq_demo.line import Line
from tests.support.waiting import wait


def _stand(line: Line, count: int) -> bool:
    return len(line) == count


def test_turns_go_in_the_order_of_coming_and_places_move_up() -> None:
    line, order = Line(), list[str]()
    ends = {key: threading.Event() for key in "abc"}

    def work(key: str) -> None:
        with line.turn(key):
            order.append(key)
            ends[key].wait(60)

    with ThreadPoolExecutor(3) as workers:
        for number, key in enumerate("abc", start=1):
            workers.submit(work, key)
            wait(partial(_stand, line, number))
        assert [line.before(key) for key in "abcd"] == [0, 1, 2, None]
        ends["a"].set()
        wait(lambda: order == ["a", "b"])
        assert [line.before(key) for key in "abc"] == [None, 0, 1]
        ends["b"].set()
        ends["c"].set()
    assert order == ["a", "b", "c"]
    assert len(line) == 0


def test_a_key_that_stands_twice_has_the_better_place() -> None:
    line, end = Line(), threading.Event()

    def work() -> None:
        with line.turn("mine"):
            end.wait(60)

    with ThreadPoolExecutor(2) as workers:
        workers.submit(work)
        workers.submit(work)
        wait(lambda: len(line) == 2)
        assert line.before("mine") == 0
        end.set()


def test_work_that_fails_lets_the_next_one_in() -> None:
    line = Line()
    with pytest.raises(ZeroDivisionError), line.turn("a"):
        _ = 1 / 0
    with line.turn("b"):
        assert line.before("b") == 0
