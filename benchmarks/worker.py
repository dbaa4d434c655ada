"""One way in a process of its own, so that its memory is its own, and how it is told what to do.

This module imports no torch: the process that conducts the run stays small.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from testbed.memory import peak_mb

if TYPE_CHECKING:
    from benchmarks.ways import Way


class Runner(Protocol):
    """What runs a worker: a process, or in the tests a thread."""

    def start(self) -> None: ...

    def join(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Started:
    """A worker that has loaded its models: the seconds that took its process, and its peak memory then."""

    pipe: Connection
    runner: Runner
    seconds: float
    peak_mb: float

    def ask(self, task: str, **arguments: Any) -> Any:
        """Run one of `TASKS` there; waits for its answer."""
        self.pipe.send((task, arguments))
        return self.pipe.recv()

    def stop(self) -> None:
        self.pipe.send(None)
        self.runner.join()


def start(kind: str, folder: Path, *, dtype: str, make: Callable[..., Runner] | None = None) -> Started:
    """Start a worker and wait until its models are loaded.

    Args:
        make: makes the runner from `target` and `args`; by default a new process, not a fork.
    """
    here, there = multiprocessing.Pipe()
    began = time.perf_counter()
    runner = (make or multiprocessing.get_context("spawn").Process)(
        target=work, args=(there, kind, folder, dtype), daemon=True
    )
    runner.start()
    if make is None:
        there.close()  # so that a worker that dies ends our waiting
    peak: float = here.recv()
    return Started(here, runner, time.perf_counter() - began, peak)


def work(pipe: Connection, kind: Any, folder: Path, dtype: str) -> None:
    """Load a way, then do what is asked until None is, or until nobody is there to ask."""
    if kind in ("service", "light"):
        import samhq_demo.models  # noqa: F401  # before torch, as in the app: it says how threads wait
    from benchmarks.ways import WaySpec, build

    way = build(WaySpec(kind, folder, dtype))
    with contextlib.suppress(EOFError, BrokenPipeError):  # whoever conducts the run was stopped
        pipe.send(peak_mb())
        while (order := pipe.recv()) is not None:
            task, arguments = order
            pipe.send(TASKS[task](way, **arguments))


def session(way: Way, *, number: int, clicks: int, size_wh: tuple[int, int]) -> dict[str, Any]:
    """So many clicks on a new picture, one after the other: seconds of each, and the first one's masks."""
    from benchmarks import questions

    picture = questions.picture(number, size_wh=size_wh)
    seconds, first = [], None
    for prompt in questions.clicks(clicks, number=number, size_wh=size_wh):
        began = time.perf_counter()
        answered = way.answer(picture, [prompt])
        seconds.append(time.perf_counter() - began)
        first = first or answered
    peak = peak_mb()
    masks = [np.packbits(m) for m in way.masks(first)]
    return {"seconds": seconds, "peak": peak, "masks": masks}


def click(way: Way, *, number: int, place: tuple[float, float], size_wh: tuple[int, int]) -> float:
    """Seconds of one click on a picture, from the second on one that was seen before."""
    from benchmarks import questions

    picture, prompt = questions.picture(number, size_wh=size_wh), questions.click(place)
    began = time.perf_counter()
    way.answer(picture, [prompt])
    return time.perf_counter() - began


def boxes(way: Way, *, number: int, count: int, size_wh: tuple[int, int]) -> dict[str, float]:
    """So many boxes in a new picture, in one request; then once more in the same picture."""
    from benchmarks import questions

    picture = questions.picture(number, size_wh=size_wh)
    prompts = questions.boxes(count, number=number, size_wh=size_wh)
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        way.answer(picture, prompts)
        taken.append(time.perf_counter() - began)
    return {"new": taken[0], "seen": taken[1], "peak": peak_mb()}


def users(way: Way, *, number: int, count: int, clicks: int, size_wh: tuple[int, int]) -> float:
    """Clicks answered in a second while so many users click on one picture that was seen before.

    Each user clicks again as soon as the answer is there; `clicks` is the number of all of them.
    """
    from benchmarks import questions

    picture = questions.picture(number, size_wh=size_wh)
    # Nobody asks what was asked before: this project keeps the last answers.
    first, *prompts = questions.clicks(1 + clicks, number=100 * number + count, size_wh=size_wh)
    way.answer(picture, [first])
    threads = [
        threading.Thread(
            target=lambda mine: [way.answer(picture, [p]) for p in mine], args=(prompts[i::count],)
        )
        for i in range(count)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clicks / (time.perf_counter() - began)


def everything(way: Any, *, number: int, points: int, size_wh: tuple[int, int]) -> float:
    """Seconds for all masks that a grid of so many points a side finds in a new picture."""
    from benchmarks import questions

    picture = questions.picture(number, size_wh=size_wh)
    began = time.perf_counter()
    way.everything(picture, points_per_side=points)
    return time.perf_counter() - began


def profile(way: Any, *, number: int, size_wh: tuple[int, int]) -> dict[str, Mapping[str, float]]:
    """Where the time goes in this project: a first click, a later one, and 32 boxes after them.

    From here on the way computes one thing after the other: only so do parts add up.
    """
    from benchmarks import parts, questions

    way.work_in_one_thread()
    seen = questions.picture(number, size_wh=size_wh)
    new = questions.picture(number + 1, size_wh=size_wh)
    # No click comes twice: this project keeps the last answers.
    clicks = questions.clicks(4, number=number, size_wh=size_wh)
    boxed = questions.boxes(32, number=number, size_wh=size_wh)

    def asked(picture: Any, prompts: Any) -> Callable[[], object]:
        return lambda: way.answer(picture, prompts)

    return {
        "first click, by torch's operations": parts.by_operation(asked(seen, clicks[:1])),
        "first click, by function": parts.by_function(asked(new, clicks[1:2])),
        "later click, by torch's operations": parts.by_operation(asked(seen, clicks[2:3])),
        "later click, by function": parts.by_function(asked(seen, clicks[3:4])),
        "32 boxes in the same picture again, by function": parts.by_function(asked(seen, boxed)),
    }


def limit(way: Any, *, number: int, rounds: int, size_wh: tuple[int, int], patience: float) -> dict[str, Any]:
    """The encoder alone and the peak of products, in turn, in this project's precision."""
    from benchmarks import questions
    from benchmarks.limit import encoder_flops, matmul_peak
    from samhq_demo.models.input_transform import InputTransform

    pair = way.pair
    transform = InputTransform(size_wh, pair.image_size, pair.low_res)
    values = transform.pixel_values(questions.picture(number, size_wh=size_wh).pixels)
    seconds, peak = [], 0.0
    for _ in range(rounds):
        peak = max(peak, matmul_peak(pair.compute.dtype, seconds=patience))
        began = time.perf_counter()
        pair.run_encoders(values)
        seconds.append(time.perf_counter() - began)
    flops = encoder_flops(pair.sam_hq.config.vision_config).total
    return {
        "dtype": str(pair.compute.dtype).removeprefix("torch."),
        "flops": flops,
        "peak": peak,
        "seconds": seconds,
    }


def passes(way: Way) -> int:
    return way.encoder_passes


TASKS: Mapping[str, Callable[..., Any]] = {
    "session": session,
    "click": click,
    "boxes": boxes,
    "users": users,
    "everything": everything,
    "profile": profile,
    "limit": limit,
    "passes": passes,
}
