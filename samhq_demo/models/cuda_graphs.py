"""CUDA graphs: kernels that are recorded once and from then on started together.

A click is some hundreds of small kernels, and Python takes longer to start one than a large card to run it.
A graph holds them all, for tensors of fixed shapes in fixed places (PyTorch's notes on CUDA semantics, "CUDA
Graphs"). So what is asked is copied to those places, and what is answered is copied from them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from samhq_demo.cache import BoundedCache

Tensors = Sequence[Tensor | None]
Function = Callable[[Tensors], Sequence[Tensor]]

# Of arguments and results. With ViT-B 20 MB for each number of points, with or without a box or a mask.
_MAX_BYTES = 512 * 2**20
_WARM_UP = 2  # libraries choose their kernels and take their memory in the first run

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One graph: what `replay` reads, and where it leaves its results. None: it could not be recorded."""

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    replay: Callable[[], None] | None

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(t.nbytes for t in (*self.inputs, *self.outputs) if t is not None)


Record = Callable[[Function, tuple[Tensor | None, ...]], Recorded]


class CudaGraphs:
    """A function of tensors as graphs, one for each set of shapes. Safe under threads: one call at a time.

    The function must be made of kernels alone: what waits for the device or depends on values cannot be
    recorded, and is then run as it is.
    """

    def __init__(self, function: Function, *, device: torch.device, record: Record | None = None) -> None:
        self._function, self._device = function, device
        self._record = record or _Recorder(device)
        self._lock = threading.Lock()
        self._recorded: BoundedCache[Recorded] = BoundedCache(max_bytes=_MAX_BYTES)

    @torch.inference_mode()
    def __call__(self, inputs: Tensors) -> tuple[Tensor, ...]:
        """The function's results for tensors on any device."""
        shapes = tuple(None if t is None else (t.shape, t.dtype) for t in inputs)
        with self._lock:
            recorded, _ = self._recorded.get(shapes, lambda: self._recording(inputs))
            if recorded.replay is not None:
                for own, given in zip(recorded.inputs, inputs, strict=True):
                    if own is not None and given is not None:
                        own.copy_(given)
                recorded.replay()
                # The next call's results come to the same places.
                return tuple(t.clone() for t in recorded.outputs)
        return tuple(self._function(_at(self._device, inputs)))

    def _recording(self, inputs: Tensors) -> Recorded:
        own = tuple(None if t is None else t.clone() for t in _at(self._device, inputs))
        try:
            return self._record(self._function, own)
        except RuntimeError as error:  # without room, or with something in it that no graph can hold
            logger.warning("No CUDA graph could be recorded, so kernels are started one by one: %s", error)
            return Recorded((), (), None)


class _Recorder:
    """Records graphs that share their memory, as only one is replayed at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, function: Function, inputs: tuple[Tensor | None, ...]) -> Recorded:
        stream = torch.cuda.Stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                function(inputs)
        graph = torch.cuda.CUDAGraph()
        # Other threads may encode a picture meanwhile, so only this one's calls are checked.
        with torch.cuda.graph(graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"):
            outputs = tuple(function(inputs))
        return Recorded(inputs, outputs, graph.replay)


def _at(device: torch.device, tensors: Tensors) -> list[Tensor | None]:
    return [None if t is None else t.to(device) for t in tensors]
