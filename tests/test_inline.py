"""An executor that makes no threads."""

from __future__ import annotations

import threading

import pytest

from samhq_demo.inline import InlineExecutor


def test_a_task_is_done_when_it_is_submitted_in_the_same_thread() -> None:
    done = InlineExecutor().submit(threading.get_ident)
    assert done.done()
    assert done.result() == threading.get_ident()


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    failed = InlineExecutor().submit(int, "three")
    with pytest.raises(ValueError, match="three"):
        failed.result()
