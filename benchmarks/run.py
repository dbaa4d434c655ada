"""Measure all ways in turn and write the report: `python -m benchmarks.run`, or `make bench`."""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import figures, worker
from benchmarks.figures import (
    OFFICIAL,
    OURS,
    TRANSFORMERS,
    TRANSFORMERS_BF16,
    Agreement,
    Limit,
    Profile,
    Results,
    Series,
)
from benchmarks.machine import Watch, about_machine, seconds_to_page
from benchmarks.report import write
from benchmarks.weights import prepare, prepare_light

HERE = Path(__file__).parent
SIZE_WH = (1024, 768)
CLICKS, BOXES, USER_CLICKS = 10, 32, 16
WARM_UP = 1000  # the number of a picture that no round asks for


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of each way, how often, and how its worker is started."""

    rounds: int = 3
    size_wh: tuple[int, int] = SIZE_WH
    clicks: int = CLICKS
    boxes: int = BOXES
    user_clicks: int = USER_CLICKS
    points: int = 8  # on each side of the grid that asks for everything
    light_beside: str = "ViT-B"  # the geometry in whose rounds `light` is asked too
    patience: float = 1.0  # seconds for each shape of matrix product
    start: Callable[..., worker.Started] = worker.start
    page: Callable[[Path], float] | None = seconds_to_page


@dataclass(slots=True)
class Notes:
    """Figures of one geometry as they come in."""

    geometry: str
    values: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    masks: dict[str, list[np.ndarray]] = field(default_factory=dict)
    light: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, way: str, row: str, unit: str, value: float) -> None:
        self.values[way, row, unit].append(value)

    def series(self) -> list[Series]:
        own = [Series(self.geometry, *key, values=tuple(found)) for key, found in self.values.items()]
        light = [Series(figures.LIGHT, OURS, row, "s", tuple(seconds)) for row, seconds in self.light.items()]
        return own + light

    def agreements(self) -> list[Agreement]:
        """How far the other ways' masks of the first click are this project's."""
        found = []
        for way in (one for one in self.masks if one != OURS):
            for i, model in enumerate(("SAM", "SAM-HQ")):
                unequal = np.unpackbits(self.masks[way][i] ^ self.masks[OURS][i]).mean()
                found.append(Agreement(self.geometry, model, (way, OURS), 1 - float(unequal)))
        return found


def ways_for(native: str) -> dict[str, tuple[str, str]]:
    """Name -> kind and precision. The other ways compute in float32 as they are shipped."""
    ways = {TRANSFORMERS: ("transformers", "float32"), OFFICIAL: ("official", "float32")}
    if native == "bfloat16":
        ways[TRANSFORMERS_BF16] = ("transformers", "bfloat16")
    return {**ways, OURS: ("service", native)}


def measure(
    geometry: str, folder: Path, *, native: str, plan: Plan
) -> tuple[Notes, list[Limit], list[Profile]]:
    """All ways of one geometry in turn, then the encoder against its limit, then the profiles."""
    notes = Notes(geometry)
    started: dict[str, worker.Started] = {}
    for way, (kind, dtype) in ways_for(native).items():
        started[way] = plan.start(kind, folder, dtype=dtype)
        notes.add(way, figures.LOADED, "s", started[way].seconds)
        notes.add(way, figures.PEAK_LOADED, "MB", started[way].peak_mb)
        started[way].ask("session", number=WARM_UP, clicks=1, size_wh=plan.size_wh)
    light = plan.start("light", folder, dtype=native) if geometry == plan.light_beside else None
    if light is not None:
        light.ask("session", number=WARM_UP, clicks=1, size_wh=plan.size_wh)
    for i in range(plan.rounds):
        if light is not None:
            _light_round(notes, light, number=3 * i, plan=plan)
        for way, one in started.items():
            _tell(f"{geometry}, round {i + 1} of {plan.rounds}: {way}")
            _round(notes, way, one, number=3 * i, plan=plan)
        if plan.page is not None:
            notes.add(OURS, figures.PAGE, "s", plan.page(folder / "sam_hq"))
    profiles = started[OURS].ask("profile", number=WARM_UP + 1, size_wh=plan.size_wh)
    for one in (*started.values(), *([] if light is None else [light])):
        one.stop()
    limits = [
        _limit(geometry, folder, dtype=dtype, plan=plan) for dtype in dict.fromkeys((native, "float32"))
    ]
    return notes, limits, [Profile(geometry, question, found) for question, found in profiles.items()]


def _light_round(notes: Notes, asked: worker.Started, *, number: int, plan: Plan) -> None:
    """A new picture and later clicks, the same that the others get."""
    _tell(f"{figures.LIGHT}, beside {notes.geometry}")
    seconds = asked.ask("session", number=number, clicks=plan.clicks, size_wh=plan.size_wh)["seconds"]
    notes.light[figures.FIRST].append(seconds[0])
    notes.light[figures.LATER].append(median(seconds[1:]))


def _round(notes: Notes, way: str, asked: worker.Started, *, number: int, plan: Plan) -> None:
    size_wh, first_round = plan.size_wh, number == 0
    found = asked.ask("session", number=number, clicks=plan.clicks, size_wh=size_wh)
    seconds = found["seconds"]
    notes.add(way, figures.FIRST, "s", seconds[0])
    notes.add(way, figures.LATER, "s", median(seconds[1:]))
    notes.add(way, figures.TEN, "s", sum(seconds))
    if first_round:  # a peak never falls again, so it is read before larger things are asked
        notes.add(way, figures.PEAK_CLICKS, "MB", found["peak"])
        notes.masks[way] = found["masks"]
    boxed = asked.ask("boxes", number=number + 1, count=plan.boxes, size_wh=size_wh)
    notes.add(way, figures.BOXES_NEW, "s", boxed["new"])
    notes.add(way, figures.BOXES_SEEN, "s", boxed["seen"])
    if first_round:
        notes.add(way, figures.PEAK_BOXES, "MB", boxed["peak"])
    if way in (OFFICIAL, OURS):
        taken = asked.ask("everything", number=number + 2, points=plan.points, size_wh=size_wh)
        notes.add(way, figures.EVERYTHING, "s", taken)
        for count in figures.USERS:
            rate = asked.ask(
                "users", number=number + 2, count=count, clicks=plan.user_clicks, size_wh=size_wh
            )
            notes.add(way, figures.users_row(count), "clicks/s", rate)


def _limit(geometry: str, folder: Path, *, dtype: str, plan: Plan) -> Limit:
    _tell(f"{geometry}: the encoder alone, {dtype}")
    one = plan.start("service", folder, dtype=dtype)
    found = one.ask(
        "limit", number=WARM_UP, rounds=plan.rounds + 1, size_wh=plan.size_wh, patience=plan.patience
    )
    one.stop()
    # The first pass warms up.
    return Limit(geometry, found["dtype"], found["flops"], found["peak"], tuple(found["seconds"][1:]))


def run(geometries: Sequence[str], *, plan: Plan) -> Results:
    """All geometries, one after the other."""
    began, watch = time.perf_counter(), Watch()
    series: list[Series] = []
    limits: list[Limit] = []
    profiles: list[Profile] = []
    agreements: list[Agreement] = []
    native = "float32"
    for geometry in geometries:
        with tempfile.TemporaryDirectory() as name:
            _tell(f"{geometry}: writing the weights")
            native = _elsewhere(prepare, geometry, Path(name))
            if geometry == plan.light_beside:
                _elsewhere(prepare_light, Path(name))
            notes, limited, profiled = measure(geometry, Path(name), native=native, plan=plan)
        series += notes.series()
        agreements += notes.agreements()
        limits += limited
        profiles += profiled
    about = {
        "date": datetime.date.today().isoformat(),
        **about_machine(),
        "precision": native,
        "rounds": str(plan.rounds),
        "picture": "{} × {}".format(*plan.size_wh),
        "others": watch.others(),
        "minutes": f"{(time.perf_counter() - began) / 60:.0f}",
    }
    return Results(about, series, limits, profiles, agreements)


def _elsewhere(task: Callable[..., Any], *arguments: Any) -> Any:
    """Run a task in a process of its own, so that this one stays small and without torch."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(task, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is asked (3)")
    parser.add_argument("--geometry", action="append", help="ViT-B, tiny or small; ViT-B and tiny")
    parser.add_argument("--out", type=Path, default=HERE, help="the folder that the report is written to")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error(f"--rounds is {chosen.rounds}; it must be 1 or more.")
    results = run(chosen.geometry or ("ViT-B", "tiny"), plan=Plan(rounds=chosen.rounds))
    chosen.out.mkdir(parents=True, exist_ok=True)
    results.save(chosen.out / "results.json")
    _tell(f"written: {write(results, chosen.out)}")


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


if __name__ == "__main__":
    main()
