"""From records to numbers: means over objects, win rates with their intervals, clicks, times.

Everything is summed exactly (`math.fsum`) and drawn in the order of the pictures' names, so that the numbers
do not depend on the order in which pictures were done, nor on which machine did them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from samhq_demo.evaluation.metrics import clicks_needed
from samhq_demo.evaluation.options import MOST_CLICKS, THRESHOLDS
from samhq_demo.evaluation.records import ObjectRecord, PictureRecord
from samhq_demo.results.comparison import Branch

RESAMPLES = 2000
# Of the resampled values, 95 % lie between these.
_PERCENTILES = (2.5, 97.5)
_AT_ONCE = 1 << 21

# Shares of the picture. Both branches see a picture at the same size, so pixels of the file say less.
SIZES = ((0.01, "small, under 1 %"), (0.1, "medium, 1 to 10 %"), (math.inf, "large, over 10 %"))
# What the largest inscribed circle leaves out: an ellipse twice as long as wide has 0.5, a bar of 1 to 8 0.9.
THINNESS = ((0.6, "compact, under 0.6"), (0.9, "long or jagged, 0.6 to 0.9"), (math.inf, "thin, over 0.9"))


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the interval that holds 95 % of its resampled ones."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BranchMeans:
    """Means over objects.

    Attributes:
        noc: the mean number of clicks for each of THRESHOLDS.
        failed: how many objects never got there. Both are empty where no clicks were counted.
    """

    iou: float
    boundary_iou: float
    noc: tuple[float, ...] = ()
    failed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of some objects.

    Attributes:
        win_rate: the share of objects of which SAM-HQ's IoU is higher than SAM's; where both are equal, a
            half.
        iou_gain, boundary_gain: SAM-HQ's less SAM's. The intervals are from a paired bootstrap over pictures:
            both branches' scores of all objects of a picture are drawn together.
    """

    name: str
    objects: int
    pictures: int
    sam: BranchMeans
    sam_hq: BranchMeans
    win_rate: Interval
    iou_gain: Interval
    boundary_gain: Interval


@dataclass(frozen=True, slots=True)
class Times:
    """Mean milliseconds a picture, by stage; `pictures` is how many that is of."""

    pictures: int
    read: float
    encode: float
    decode: float
    score: float

    @property
    def total(self) -> float:
        return self.read + self.encode + self.decode + self.score

    @property
    def encoder_share(self) -> float:
        """Of all but reading, which is done beside it."""
        busy = self.total - self.read
        return self.encode / busy if busy else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """All numbers of an evaluation. overall is the first row of each table; problems: (picture, sentence)."""

    overall: Row
    groups: tuple[Row, ...]
    sizes: tuple[Row, ...]
    thinness: tuple[Row, ...]
    times: Times
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    """One object's numbers, without its masks and prompts."""

    picture: str
    group: str
    item: ObjectRecord


def summarize(records: Iterable[PictureRecord], *, most_clicks: int = MOST_CLICKS) -> Summary:
    """The numbers of all records; most_clicks: what an object that fails counts as, in NoC.

    Raises:
        ValueError: there is not one object in them; the sentence has the first problem.
    """
    found: list[_Scored] = []
    spent: list[tuple[float, ...]] = []
    problems: list[tuple[str, str]] = []
    for record in records:
        if record.problem is not None:
            problems.append((record.picture, record.problem))
            continue
        found += [_Scored(record.picture, record.group, item) for item in record.objects]
        spent.append(tuple(record.milliseconds[stage] for stage in ("read", "encode", "decode", "score")))
    if not found:
        first = f" The first problem: {problems[0][0]}: {problems[0][1]}" if problems else ""
        raise ValueError(f"No object was measured in {len(spent)} pictures.{first}")
    found.sort(key=lambda one: one.picture)
    rows = partial(_rows, found, most=most_clicks)
    return Summary(
        overall=_row("all", found, most=most_clicks),
        groups=rows(_names_of_groups(found), lambda one: one.group),
        sizes=rows([name for _, name in SIZES], lambda one: class_of(one.item.share, SIZES)),
        thinness=rows([name for _, name in THINNESS], lambda one: class_of(one.item.thinness, THINNESS)),
        times=Times(len(spent), *(_mean(stage) for stage in zip(*spent, strict=True))),
        problems=tuple(sorted(problems)),
    )


def class_of(value: float, classes: Sequence[tuple[float, str]]) -> str:
    """The name of the first class whose bound is over the value."""
    return next(name for bound, name in classes if value < bound)


def _names_of_groups(found: Sequence[_Scored]) -> list[str]:
    names = sorted({one.group for one in found})
    return names if len(names) > 1 else []


def _rows(
    found: Sequence[_Scored], names: Iterable[str], name_of: Callable[[_Scored], str], *, most: int
) -> tuple[Row, ...]:
    parts = ((name, [one for one in found if name_of(one) == name]) for name in names)
    return tuple(_row(name, part, most=most) for name, part in parts if part)


def _row(name: str, found: Sequence[_Scored], *, most: int) -> Row:
    gains = np.array([_gains(one.item) for one in found])
    wins, iou, boundary = _paired_bootstrap([one.picture for one in found], gains)
    return Row(
        name,
        objects=len(found),
        pictures=len({one.picture for one in found}),
        sam=_means(found, "sam", most=most),
        sam_hq=_means(found, "sam_hq", most=most),
        win_rate=wins,
        iou_gain=iou,
        boundary_gain=boundary,
    )


def _gains(item: ObjectRecord) -> tuple[float, float, float]:
    """Whether SAM-HQ wins (1, a half, 0), and by how much in IoU and in boundary IoU."""
    gain = item.sam_hq.iou - item.sam.iou
    return (
        (0.5 + 0.5 * math.copysign(1, gain)) if gain else 0.5,
        gain,
        (item.sam_hq.boundary_iou - item.sam.boundary_iou),
    )


def _means(found: Sequence[_Scored], branch: Branch, *, most: int) -> BranchMeans:
    answers = [one.item.by(branch) for one in found]
    iou, boundary = _mean([a.iou for a in answers]), _mean([a.boundary_iou for a in answers])
    if not all(a.click_ious for a in answers):
        return BranchMeans(iou, boundary)
    return BranchMeans(
        iou,
        boundary,
        noc=tuple(_mean([clicks_needed(a.click_ious, at, most=most) for a in answers]) for at in THRESHOLDS),
        failed=tuple(sum(max(a.click_ious) < at for a in answers) for at in THRESHOLDS),
    )


def _paired_bootstrap(pictures: Sequence[str], values: np.ndarray) -> tuple[Interval, ...]:
    """The mean of each column of values, (objects, K), with its interval.

    Pictures are drawn with replacement, as many as there are, each with all its objects (Efron 1979, by
    clusters): objects of one picture are not independent. The draw is the same at each call.
    """
    names, place = np.unique(np.array(pictures), return_inverse=True)
    sums = np.zeros((names.size, values.shape[1] + 1))
    np.add.at(sums, place, np.column_stack([values, np.ones(len(values))]))
    rng = np.random.default_rng(0)
    drawn: list[Any] = []
    for count in _batches(RESAMPLES, max(1, _AT_ONCE // names.size)):
        chosen = rng.integers(names.size, size=(count, names.size))
        times = np.stack([np.bincount(row, minlength=names.size) for row in chosen])
        totals = times @ sums
        drawn.append(totals[:, :-1] / totals[:, -1:])
    low, high = np.percentile(np.concatenate(drawn), _PERCENTILES, axis=0)
    return tuple(
        Interval(_mean(column.tolist()), float(a), float(b))
        for column, a, b in zip(values.T, low, high, strict=True)
    )


def _batches(total: int, most: int) -> Iterable[int]:
    return (min(most, total - at) for at in range(0, total, most))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
