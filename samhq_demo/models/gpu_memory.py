"""Where a GPU has no memory left: less at once, or a sentence. The next request finds it free again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from samhq_demo.memory import NoRoomError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

GPU_FULL = "The GPU has no memory left for this: try again in a moment, or choose a smaller model."


def with_room(task: Callable[[], Answer], *, make_room: Callable[[], None] = lambda: None) -> Answer:
    """What a task gives, tried once more with all memory that can be freed.

    Args:
        make_room: lets go of what is not needed, before the second try.

    Raises:
        NoRoomError: it was not enough either.
    """
    for _ in range(2):
        try:
            return task()
        except torch.OutOfMemoryError:
            pass  # an error that is kept holds what its calls held, so nothing is done in here
        make_room()
        _free()
    raise NoRoomError(GPU_FULL)


def in_halves(task: Callable[[Sequence[Item]], list[Answer]], items: Sequence[Item]) -> list[Answer]:
    """What a task gives for all items at once, or for halves of them where there is no room for all.

    Raises:
        NoRoomError: there is none for a single one.
    """
    if len(items) > 1:
        try:
            return task(items)
        except torch.OutOfMemoryError:
            pass
        _free()
        middle = len(items) // 2
        return in_halves(task, items[:middle]) + in_halves(task, items[middle:])
    return with_room(lambda: task(items))


def _free() -> None:
    """Give back what nobody holds any more; a future and the error in it hold each other."""
    gc.collect()
    torch.cuda.empty_cache()
