"""Where a GPU or the machine has no room: less at once, or a sentence. Later requests find it free."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from samhq_demo.memory import NoRoomError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

GPU_FULL = "The GPU has no memory left for this: try again in a moment, or choose a smaller model."
MEMORY_FULL = "The server has no memory left for this: try again in a moment, or choose a smaller model."
# What torch's allocator for the CPU says, and all that oneDNN says: neither has a kind of error of its own.
_CPU_ALLOCATOR = "DefaultCPUAllocator"
_ONEDNN = ("could not create a primitive", "could not execute a primitive")


def with_room(task: Callable[[], Answer], *, make_room: Callable[[], None] = lambda: None) -> Answer:
    """What a task gives, tried once more with all memory that can be freed.

    Args:
        make_room: lets go of what is not needed, before the second try.

    Raises:
        NoRoomError: it was not enough either.
    """
    full, by_onednn = None, True
    for _ in range(2):
        try:
            with contextlib.nullcontext() if by_onednn else _without_onednn():
                return task()
        except (MemoryError, RuntimeError) as error:
            full = _full(error)
            if full is None:
                raise
            # A kernel for which oneDNN once had no memory it never makes again: without it, more slowly.
            by_onednn = str(error) not in _ONEDNN
            # An error that is kept holds what its calls held, so nothing more is done in here.
        make_room()
        _free()
    raise NoRoomError(full)


@contextlib.contextmanager
def _without_onednn() -> Iterator[None]:
    torch.backends.mkldnn.set_flags(_enabled=False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=True)


def in_halves(task: Callable[[Sequence[Item]], list[Answer]], items: Sequence[Item]) -> list[Answer]:
    """What a task gives for all items at once, or for halves of them where there is no room for all.

    Raises:
        NoRoomError: there is none for a single one.
    """
    if len(items) > 1:
        try:
            return task(items)
        except (MemoryError, RuntimeError) as error:
            if _full(error) is None:
                raise
        _free()
        middle = len(items) // 2
        return in_halves(task, items[:middle]) + in_halves(task, items[middle:])
    return with_room(lambda: task(items))


def _full(error: MemoryError | RuntimeError) -> str | None:
    """What is full, in a sentence, where an error says that; None for another error."""
    if isinstance(error, torch.OutOfMemoryError):
        return GPU_FULL
    told = str(error)
    is_memory = isinstance(error, MemoryError) or _CPU_ALLOCATOR in told or told in _ONEDNN
    return MEMORY_FULL if is_memory else None


def _free() -> None:
    """Give back what nobody holds any more; a future and the error in it hold each other."""
    gc.collect()
    torch.cuda.empty_cache()
