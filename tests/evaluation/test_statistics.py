"""Means, win rates and intervals by hand and against scipy; the order of the pictures does not count."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats

from samhq_demo.evaluation.records import BranchRecord, ObjectRecord, PictureRecord
from samhq_demo.evaluation.statistics import summarize
from tests.support.refusals import refusal

PROMPT = {"points": [], "labels": [], "box": [0.0, 0.0, 5.0, 5.0]}
MS = {"read": 1.0, "encode": 8.0, "decode": 1.5, "score": 0.5}


def answer(iou: float, *, clicks: tuple[float, ...] = ()) -> BranchRecord:
    return BranchRecord(iou, iou / 2, 0.9, PROMPT, click_ious=clicks)


def record(name: str, *pairs: tuple[float, float], share: float = 0.05, thin: float = 0.3) -> PictureRecord:
    objects = tuple(
        ObjectRecord(str(n), 100, share, thin, answer(sam), answer(sam_hq))
        for n, (sam, sam_hq) in enumerate(pairs)
    )
    return PictureRecord(name, size_wh=(10, 10), objects=objects, milliseconds=MS)


def test_means_and_win_rate_by_hand() -> None:
    summary = summarize([record("a", (0.5, 0.7), (0.6, 0.6)), record("b", (0.9, 0.8), (0.2, 0.7))])
    row = summary.overall
    assert (row.objects, row.pictures) == (4, 2)
    assert row.sam.iou == pytest.approx(0.55)
    assert row.sam_hq.iou == pytest.approx(0.70)
    assert row.sam.boundary_iou == pytest.approx(0.275)
    assert row.win_rate.value == (1 + 0.5 + 0 + 1) / 4
    assert row.iou_gain.value == pytest.approx(0.15)
    assert summary.times.total == 11.0
    assert summary.times.encoder_share == 0.8


def test_the_interval_is_that_of_a_paired_bootstrap() -> None:
    rng = np.random.default_rng(3)
    sam, gain = rng.uniform(0.3, 0.8, 80), rng.normal(0.03, 0.08, 80)
    summary = summarize(
        [record(f"{n:03}", (a, a + g)) for n, (a, g) in enumerate(zip(sam, gain, strict=True))]
    )
    expected = stats.bootstrap(
        (gain,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    found = summary.overall.iou_gain
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.002)
    wins = stats.bootstrap(
        ((gain > 0).astype(float),), np.mean, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    found = summary.overall.win_rate
    assert (found.low, found.high) == pytest.approx((wins.low, wins.high), abs=0.03)


def test_objects_of_one_picture_are_drawn_together() -> None:
    """Twenty copies in a picture say no more than one: the interval stays as wide."""
    values = np.random.default_rng(0).normal(0.02, 0.1, 30)
    once = summarize([record(f"{n:02}", (0.5, 0.5 + v)) for n, v in enumerate(values)])
    often = summarize([record(f"{n:02}", *[(0.5, 0.5 + v)] * 20) for n, v in enumerate(values)])
    assert often.overall.iou_gain.low == pytest.approx(once.overall.iou_gain.low)
    assert often.overall.iou_gain.high == pytest.approx(once.overall.iou_gain.high)


def test_the_order_of_the_pictures_does_not_count() -> None:
    rng = random.Random(0)
    records = [record(str(n), (rng.random(), rng.random()), share=rng.random() / 5) for n in range(60)]
    shuffled = rng.sample(records, len(records))
    assert summarize(records) == summarize(shuffled)


def test_rows_by_size_thinness_and_group() -> None:
    records = [
        record("a", (0.1, 0.2), share=0.005, thin=0.95),
        record("b", (0.3, 0.4), share=0.01, thin=0.6),
        record("c", (0.5, 0.6), share=0.5, thin=0.1),
    ]
    summary = summarize(records)
    assert [(row.name, row.sam.iou) for row in summary.sizes] == [
        ("small, under 1 %", 0.1),
        ("medium, 1 to 10 %", 0.3),
        ("large, over 10 %", 0.5),
    ]
    assert [row.sam.iou for row in summary.thinness] == [0.5, 0.3, 0.1]
    assert summary.groups == ()


def test_clicks_needed_by_hand() -> None:
    def clicked(name: str, *ious: float) -> PictureRecord:
        one = answer(ious[-1], clicks=ious)
        item = ObjectRecord("0", 100, 0.05, 0.3, one, answer(0.96, clicks=(0.96,)))
        return PictureRecord(name, size_wh=(10, 10), objects=(item,), milliseconds=MS)

    row = summarize([clicked("a", 0.5, 0.86, 0.96), clicked("b", 0.2, 0.3)]).overall
    assert [*row.sam.noc] == [(2 + 20) / 2, (3 + 20) / 2, (3 + 20) / 2]
    assert [*row.sam.failed] == [1, 1, 1]
    assert [*row.sam_hq.noc] == [1, 1, 1]
    assert [*summarize([clicked("b", 0.2, 0.3)], most_clicks=5).overall.sam.noc] == [5, 5, 5]


def test_nothing_measured_is_told_with_the_first_problem() -> None:
    sentence = refusal(summarize, [PictureRecord("a", problem="The picture file is empty.")])
    assert (
        sentence == "No object was measured in 0 pictures. The first problem: a: The picture file is empty."
    )
