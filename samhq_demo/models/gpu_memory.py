"""Where a GPU or the machine has no room: less at once, or a sentence. Later requests find it free."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from samhq_demo.memory import NoRoomError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

GPU_FULL = "The GPU has no memory left for this: try again in a moment, or choose a smaller model."
MEMORY_FULL = "The server has no memory left for this: try again in a moment, or choose a smaller model."
# What torch's allocator for the CPU says; it has no kind of error of its own.
_CPU_ALLOCATOR = "DefaultCPUAllocator"


def with_room(task: Callable[[], Answer], *, make_room: Callable[[], None] = lambda: None) -> Answer:
    """What a task gives, tried once more with all memory that can be freed.

    Args:
        make_room: lets go of what is not needed, before the second try.

    Raises:
        NoRoomError: it was not enough either.
    """
    full = None
    for _ in range(2):
        try:
            return task()
        except (MemoryError, RuntimeError) as error:
            full = _full(error)
            if full is None:
                raise
            # An error that is kept holds what its calls held, so nothing more is done in here.
        make_room()
        _free()
    raise NoRoomError(full)


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
    return MEMORY_FULL if isinstance(error, MemoryError) or _CPU_ALLOCATOR in str(error) else None


def _free() -> None:
    """Give back what nobody holds any more; a future and the error in it hold each other."""
    gc.collect()
    torch.cuda.empty_cache()
