"""CPU time of a thread, which other processes do not lengthen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def cpu_seconds(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and how long this thread computed for it, without its waits for a core."""
    start = time.thread_time()
    result = work()
    return result, time.thread_time() - start
