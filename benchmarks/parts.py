"""Where the time of a request goes, in parts that add up to it."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from torch.profiler import ProfilerActivity, profile

OWN = "/samhq_demo/"
REST = "everything else"
# The names of torch's operations that belong together; the first that is in a name counts.
_KINDS = {
    "attention": ("attention",),
    "layer norms": ("layer_norm",),
    "convolutions": ("conv",),
    "matrix products": ("mm", "matmul", "linear", "einsum"),
    "copies": ("copy_", "cat", "clone", "pad", "contiguous", "index", "fill_", "zero", "_to"),
    "activations": ("gelu", "relu", "sigmoid", "softmax"),
    "sums and factors": ("add", "mul", "sub", "div", "lerp"),
}


def by_operation(task: Callable[[], object]) -> dict[str, float]:
    """Seconds of a task by the kind of torch's operations; what is not torch's is "everything else"."""
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        began = time.perf_counter()
        task()
        total = time.perf_counter() - began
    seconds: dict[str, float] = defaultdict(float)
    for event in watched.key_averages():
        seconds[_kind(event.key)] += event.self_cpu_time_total / 1e6
    seconds[REST] += max(0.0, total - sum(seconds.values()))
    return _largest_first(seconds)


def _kind(operation: str) -> str:
    name = operation.lower()
    if not name.startswith(("aten::", "mkldnn", "onednn")):
        return REST
    return next((kind for kind, parts in _KINDS.items() if any(part in name for part in parts)), REST)


class _Clock:
    """Charges time to the innermost function of this project that is running, whatever it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._names: list[str] = [REST]
        self._since = time.perf_counter()

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event not in ("call", "return"):
            return
        now = time.perf_counter()
        self.seconds[self._names[-1]] += now - self._since
        if event == "call":
            self._names.append(_own_name(frame) or self._names[-1])
        elif len(self._names) > 1:
            self._names.pop()
        self._since = time.perf_counter()


def _own_name(frame: FrameType) -> str | None:
    code = frame.f_code
    if OWN not in code.co_filename:
        return None
    module = frame.f_globals.get("__name__", "").removeprefix("samhq_demo.").removeprefix("models.")
    name: str = getattr(code, "co_qualname", code.co_name)  # the qualified one is new in Python 3.11
    return f"{module}.{name.split('.<locals>', maxsplit=1)[0]}"


def by_function(task: Callable[[], object]) -> dict[str, float]:
    """Seconds of a task by this project's functions, each with all that it calls outside the project."""
    clock = _Clock()
    sys.setprofile(clock)
    try:
        task()
    finally:
        sys.setprofile(None)
    return _largest_first(clock.seconds)


def _largest_first(seconds: Mapping[str, float], *, keep: int = 9) -> dict[str, float]:
    """The largest parts, and what is left in one."""
    parts = {name: value for name, value in seconds.items() if name != REST}
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    rest = seconds.get(REST, 0.0) + sum(value for _, value in ordered[keep:])
    return {**dict(ordered[:keep]), REST: rest}
