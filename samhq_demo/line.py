"""A lock that is given in the order in which it was asked for, and says who stands where."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Line:
    """Work that is done one piece at a time, first come, first served. Safe under threads."""

    def __init__(self) -> None:
        # Each in a list of its own, to be told apart where two have one key.
        self._standing: deque[list[Hashable]] = deque()
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """How many stand here, the one whose turn it is among them."""
        return len(self._standing)

    def before(self, key: Hashable) -> int | None:
        """How many come before a key's first piece of work; 0: it is its turn. None: it is not here."""
        with self._moved:
            places = (place for place, (standing,) in enumerate(self._standing) if standing == key)
            return next(places, None)

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[None]:
        """Wait for the turn, and have it for the block."""
        mine = [key]
        with self._moved:
            self._standing.append(mine)
            self._moved.wait_for(lambda: self._standing[0] is mine)
        try:
            yield
        finally:
            with self._moved:
                self._standing.popleft()
                self._moved.notify_all()
