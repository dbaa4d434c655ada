"""A stand-in for ZeroGPU and its `spaces.GPU` that does as they do, on a machine without a GPU.

A call runs in a forked process, which later calls use again; only pickles cross over. In the main process
`cuda` is noted in the main thread alone, and a move to it fails in any other. What was noted before the fork
is on the card in the forked process; what is moved there in a call is counted. A process that raised an
error is ended, and the error's name alone comes back.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from weakref import WeakSet

import gradio as gr
import pytest
import torch

from samhq_demo.models import zero_gpu
from samhq_demo.models.compute import Compute

COMPUTE = Compute(torch.device("cuda"), torch.bfloat16, zero_gpu=True)
_FORK = multiprocessing.get_context("fork")


@dataclass(slots=True)
class _Worker:
    pipe: Connection
    process: Any

    def end(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


@dataclass(eq=False)
class BorrowedGpu:
    """Each list has one entry a call: bytes of its arguments and answer, process, modules moved in it."""

    decorated: list[tuple[Callable[..., Any], int]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    refusal: Exception | None = None  # raised in place of a call, as where a quota is used up
    kills_next: bool = False  # ends the process in the middle of the next call
    _on_cuda: WeakSet[torch.nn.Module] = field(default_factory=WeakSet)
    _in_worker: bool = False
    _moves: int = 0
    _worker: _Worker | None = None

    def __call__(self, *, duration: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def lend(task: Callable[..., Any]) -> Callable[..., Any]:
            self.decorated.append((task, duration))
            return lambda *args: self._call(task, pickle.dumps(args))

        return lend

    def end(self) -> None:
        """End the process, as ZeroGPU does after a failure and to one whose time is over."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _call(self, task: Callable[..., Any], parcel: bytes) -> Any:
        if self.refusal is not None:
            raise self.refusal
        if self._worker is None or not self._worker.process.is_alive():
            self._worker = self._forked(task)
        worker = self._worker
        if self.kills_next:  # held first: it would else be done before it is killed, now and then
            os.kill(worker.process.pid, signal.SIGSTOP)
        worker.pipe.send_bytes(parcel)
        if self.kills_next:
            self.kills_next = False
            self.end()
        try:
            answer = worker.pipe.recv_bytes()
        except (EOFError, ConnectionResetError):
            raise gr.Error("GPU task aborted", title="ZeroGPU worker error") from None
        value, error_name, moves = pickle.loads(answer)
        if error_name is not None:
            self.end()
            raise gr.Error(error_name, title="ZeroGPU worker error")
        for noted, one in (
            (self.sent, len(parcel)),
            (self.returned, len(answer)),
            (self.processes, worker.process.pid),
            (self.moved, moves),
        ):
            noted.append(one)
        return value

    def _forked(self, task: Callable[..., Any]) -> _Worker:
        here, there = _FORK.Pipe()
        process = _FORK.Process(target=self._work, args=(task, there), daemon=True)
        process.start()
        there.close()
        return _Worker(here, process)

    def _work(self, task: Callable[..., Any], pipe: Connection) -> None:
        torch.set_num_threads(1)  # the parent's OpenMP threads do not live here
        self._in_worker = True
        while True:
            args = pickle.loads(pipe.recv_bytes())
            self._moves = 0
            try:
                parcel = pickle.dumps((task(*args), None, self._moves))
            except Exception as error:
                parcel = pickle.dumps((None, type(error).__name__, self._moves))
            pipe.send_bytes(parcel)

    def module_to(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """`nn.Module.to` as it is there."""

        def to(module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            if not _names_cuda(args):
                return real(module, *args, **kwargs)
            if module not in self._on_cuda:
                if self._in_worker:
                    self._moves += 1
                elif threading.current_thread() is not threading.main_thread():
                    raise RuntimeError("Low-level CUDA init reached.")
                self._on_cuda.add(module)
            return module

        return to

    def tensor_to(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """`Tensor.to` as it is there; nothing in the main process has to do with a tensor on the card."""

        def to(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if _names_cuda(args):
                if not self._in_worker:
                    raise RuntimeError("Low-level CUDA init reached.")
                args = args[1:]
                return real(tensor, *args, **kwargs) if args else tensor
            return real(tensor, *args, **kwargs)

        return to


def _names_cuda(args: tuple[Any, ...]) -> bool:
    return bool(args) and isinstance(args[0], (str, torch.device)) and torch.device(args[0]).type == "cuda"


def borrow(monkeypatch: pytest.MonkeyPatch) -> BorrowedGpu:
    """Put it in place of ZeroGPU."""
    import spaces

    gpu = BorrowedGpu()
    monkeypatch.setattr(spaces, "GPU", gpu)
    monkeypatch.setattr(torch.nn.Module, "to", gpu.module_to(torch.nn.Module.to))
    monkeypatch.setattr(torch.Tensor, "to", gpu.tensor_to(torch.Tensor.to))
    zero_gpu._borrowing.cache_clear()
    return gpu
