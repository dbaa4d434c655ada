"""Waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait(until: Callable[[], bool], *, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.02)
