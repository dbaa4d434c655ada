"""A thread-safe LRU cache bounded by bytes; each key is computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Literal, Protocol, TypeVar

Encoded = Literal["now", "cached", "shared"]


class Sized(Protocol):
    """Anything that knows its own size in memory."""

    @property
    def nbytes(self) -> int: ...


Value = TypeVar("Value", bound=Sized)


class BoundedCache(Generic[Value]):
    """A least-recently-used cache bounded by bytes; safe under threads.

    Two threads that ask for the same new key run the computation once. A computation that fails
    is not kept: those who waited get its error, the next one to ask tries again.

    Attributes:
        max_bytes: the bound; it may be changed, and holds from the next value on.
    """

    def __init__(self, *, max_bytes: int, is_pinned: Callable[[Hashable], bool] = lambda _: False) -> None:
        """Begin empty. is_pinned: whether a key stays however long it was not used."""
        self.max_bytes = max_bytes
        self._is_pinned = is_pinned
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._running: dict[Hashable, Future[Value]] = {}
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held now; at most the bound, except for a single value larger than it."""
        return self._bytes

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def find(self, key: Hashable) -> Value | None:
        """The value of a key where it is kept; None where it is not, or not yet."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, compute: Callable[[], Value]) -> tuple[Value, Encoded]:
        """The value of a key, and where it came from.

        Returns:
            The value with "cached" (it was there), "shared" (another thread was computing it,
            and this one waited) or "now" (this call computed it).
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key], "cached"
            running = self._running.get(key)
            if running is None:
                mine: Future[Value] = Future()
                self._running[key] = mine
        if running is not None:
            return running.result(), "shared"
        try:
            value = compute()
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._running[key]
        mine.set_result(value)
        return value, "now"

    def pinned_bytes(self) -> int:
        """Bytes of what stays."""
        with self._lock:
            return sum(value.nbytes for key, value in self._kept.items() if self._is_pinned(key))

    def make_room(self, nbytes: int) -> None:
        """Let go of what was not used for longest, until `nbytes` more are within the bound."""
        with self._lock:
            self._shrink_to(self.max_bytes - nbytes)

    def _keep(self, key: Hashable, value: Value) -> None:
        self._kept[key] = value
        self._bytes += value.nbytes
        # The newest stays even if it alone is over the bound: it is in use.
        self._shrink_to(self.max_bytes, newest=key)

    def _shrink_to(self, nbytes: int, *, newest: Hashable = None) -> None:
        for key in list(self._kept):
            if self._bytes <= nbytes:
                return
            if key != newest and not self._is_pinned(key):
                self._bytes -= self._kept.pop(key).nbytes
