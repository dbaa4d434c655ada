"""How many of the CPU's cores a thread computes on."""

from __future__ import annotations

import functools

import torch
from threadpoolctl import ThreadpoolController


def take_share_of_cores(threads: int) -> None:
    """Let this thread compute on its share of the cores from now on, as one of some that do so at once.

    With all of them each, they wait for each other at the end of every operation. It is OpenMP's own count
    for a thread: `torch.set_num_threads` would also change it for threads that begin later.
    """
    _openmp().limit(limits=max(1, torch.get_num_threads() // threads))


@functools.cache
def _openmp() -> ThreadpoolController:
    """Of the libraries that are loaded by now, torch's among them."""
    return ThreadpoolController().select(user_api="openmp")
