"""Memory: how much this process may have, what a click frees, and how often Python looks for garbage."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import os
import sys
from pathlib import Path

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# More than a click's working memory; what an encoder pass or a large picture took beyond it goes back.
_KEPT_BYTES = 256 * 2**20
_MAPPED_BYTES = 64 * 2**20

# Of a container, in cgroup version 2 and 1: a number of bytes, or a word or a huge number for none.
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_UNKNOWN_MEMORY = 8 * 2**30
_OBJECTS_A_LOOK = 10_000  # of Python's; 700 by default


class NoRoomError(ValueError):
    """There is no memory for what was asked, at this moment: asked again later, it may well be answered."""


def machine_memory(limits: tuple[Path, ...] = _CONTAINER_LIMITS) -> int:
    """Bytes of memory that this process may have: the machine's, or its container's where that is less."""
    found = _UNKNOWN_MEMORY
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on Windows
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in limits:
        with contextlib.suppress(OSError, ValueError):
            found = min(found, int(limit.read_text(encoding="ascii")))
    return found


def keep_freed_memory() -> None:
    """Let this process keep what a click frees for the next one; without glibc nothing happens.

    glibc gives a large block back as soon as it is freed. The next click then gets the same memory page by
    page, each one emptied by the kernel first: measured with ViT-B, some 12,000 pages, and decoding took
    1.18 times as long. All threads take from one arena, as the others keep nothing whatever they are told. So
    call it before many threads have one.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for parameter, value in (
        (_ARENA_MAX, 1),
        (_MMAP_THRESHOLD, _MAPPED_BYTES),
        (_TRIM_THRESHOLD, _KEPT_BYTES),
    ):
        mallopt(parameter, value)


def collect_less_often() -> None:
    """Let Python look for garbage less often than by default, and not when it ends: for a program's start.

    Importing gradio, torch and transformers makes a million objects that stay. Of the 5.5 s of processor time
    from the app's start to its model 1.5 went into looking through them again and again, and of the 1.4 that
    its end took 1.2.
    """
    gc.set_threshold(_OBJECTS_A_LOOK)
    atexit.register(gc.freeze)
