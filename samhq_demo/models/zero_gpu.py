"""Where ZeroGPU lends its GPU: which encoders are put there, and the one function that borrows it.

`spaces` forks a process for a borrowed call, and may use it for later ones. What is on `cuda` in this process
as the app is launched is on the GPU when the other begins, so nothing is moved in a call. Here `cuda` is only
noted, and only in the thread that imported `spaces`: in any other a move to it fails. A model that is loaded
later, for a visitor who chose it, stays on the CPU here, and the first call in a process moves it there.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

# A pass of the largest model takes about a second there, and the first call in a process some more for CUDA.
# Who asks for little is ahead in the queue, and needs less quota to be let in.
GPU_SECONDS = 10

# The title of what `spaces` raises where the process failed or was ended; its message is an error's name.
_FAILED_THERE = "ZeroGPU worker error"

Encoded = tuple[Tensor | None, Tensor, Tensor]


class Encoders(Protocol):
    """What runs on the GPU: a pair's encoders."""

    def run_encoders(self, pixel_values: Tensor) -> Encoded:
        """Tensors on the CPU: those on the GPU would not come back."""
        ...


class NotInThisProcessError(LookupError):
    """The process was forked before the model was loaded."""


# What a forked process finds of this one; arguments are pickled, and no model should be. It holds nothing, or
# a model that made room for another would stay.
_encoders: WeakValueDictionary[int, Encoders] = WeakValueDictionary()
_keys = itertools.count()


def place(*encoders: nn.Module) -> None:
    """Put encoders on ZeroGPU's `cuda`, where that can be noted: in the main thread, before the launch."""
    if threading.current_thread() is threading.main_thread():
        for encoder in encoders:
            encoder.to(torch.device("cuda"))


def lend_gpu(encoders: Encoders) -> Callable[[Tensor], Encoded]:
    """Its `run_encoders`, to be run where the GPU is; it does not hold `encoders`."""
    key = next(_keys)
    _encoders[key] = encoders
    _borrowing()  # `spaces` looks for a function that borrows as the app is launched
    return functools.partial(_run_borrowed, key)


def _run_borrowed(key: int, pixel_values: Tensor) -> Encoded:
    try:
        return _run_where_it_is_known(key, pixel_values)
    except Exception as error:
        if getattr(error, "title", "") == _FAILED_THERE:
            why = getattr(error, "message", error)
            raise ValueError(f"The GPU that was borrowed for this failed ({why}): try again.") from error
        raise  # its words for a visitor, such as that a quota is used up


def _run_where_it_is_known(key: int, pixel_values: Tensor) -> Encoded:
    run: Callable[[int, Tensor], Encoded] = _borrowing()
    try:
        return run(key, pixel_values)
    except Exception as error:
        # `spaces` hands over an error's name alone, and uses a process that raised one no more.
        if NotInThisProcessError.__name__ not in str(error):
            raise
        return run(key, pixel_values)  # in one that is forked now


def _run_there(key: int, pixel_values: Tensor) -> Encoded:
    encoders = _encoders.get(key)
    if encoders is None:
        raise NotInThisProcessError(key)
    return encoders.run_encoders(pixel_values)


@functools.cache
def _borrowing() -> Any:
    """Made once for all models: `spaces` keeps whatever it was given for as long as the app runs."""
    import spaces

    return spaces.GPU(duration=GPU_SECONDS)(_run_there)
