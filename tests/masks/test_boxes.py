"""Boxes around masks: which are duplicates, and which are cut off."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from samhq_demo.masks.boxes import (
    ALWAYS,
    Spans,
    is_cut_off,
    nms,
    nms_as_needed,
    nms_by_span,
    pixel_box,
    shifted,
)
from samhq_demo.masks.runs import Runs
from testbed.official import official_amg
from testbed.stubs.boxes import batched_nms


def test_the_box_of_a_mask_is_of_its_first_and_last_pixels() -> None:
    mask = np.zeros((6, 9), bool)
    mask[2:5, 3:8] = True
    assert pixel_box(Runs.from_mask(mask)) == (3, 2, 7, 4)
    assert pixel_box(Runs.from_mask(~mask & mask)) == (0, 0, 0, 0)
    assert official_amg.batched_mask_to_box(torch.from_numpy(mask)).tolist() == [3, 2, 7, 4]


def test_of_overlapping_boxes_the_surest_stays() -> None:
    boxes = [(0, 0, 10, 10), (0, 0, 10, 9), (20, 0, 30, 10), (0, 0, 10, 5)]
    assert nms(boxes, [0.8, 0.9, 0.1, 0.7], iou_threshold=0.7) == [1, 3, 2]


def test_a_box_that_another_took_out_takes_none_out_itself() -> None:
    # 0 takes out 1, which alone would take out 2.
    boxes = [(0, 0, 10, 10), (2, 0, 12, 10), (4, 0, 14, 10)]
    assert nms(boxes, [3, 2, 1], iou_threshold=0.6) == [0, 2]


def test_equal_scores_go_in_order_and_a_box_without_area_overlaps_none() -> None:
    assert nms([(0, 0, 4, 4), (0, 0, 4, 4)], [1, 1], iou_threshold=0.5) == [0]
    assert nms([(0, 0, 0, 0), (0, 0, 0, 0)], [1, 1], iou_threshold=0) == [0, 1]
    assert nms([], [], iou_threshold=0.5) == []


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_it_is_the_documented_nms(threshold: float) -> None:
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 12, (120, 2))
    boxes = np.concatenate([corners, corners + rng.integers(0, 9, (120, 2))], axis=1)
    scores = rng.integers(0, 20, 120) / 20  # with ties
    stays = batched_nms(
        torch.from_numpy(boxes).float(), torch.from_numpy(scores).float(), torch.zeros(120), threshold
    )
    assert nms(boxes, scores, iou_threshold=threshold) == stays.tolist()


def test_for_each_threshold_those_stay_that_stay_with_it_alone() -> None:
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 12, (150, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 9, (150, 2))], axis=1)
    scores, stabilities = rng.integers(0, 40, 150) / 40, rng.integers(0, 20, 150) / 20
    spans = [((-math.inf, float(high)),) for high in stabilities]
    found = nms_by_span(boxes, scores, spans, iou_threshold=0.3)
    for threshold in np.linspace(0, 1, 41):
        passing = np.flatnonzero(stabilities >= threshold)
        alone = nms(boxes[passing], scores[passing], iou_threshold=0.3)
        stay = [place for place, own in found if any(low < threshold <= high for low, high in own)]
        assert stay == passing[alone].tolist()
    assert max(len(own) for _, own in found) > 1  # some stay, then not, then stay again


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7])
def test_what_bounds_say_does_not_change_what_stays(threshold: float) -> None:
    rng = np.random.default_rng(4)
    corners = rng.integers(0, 300, (200, 2))
    boxes = np.concatenate([corners, corners + rng.integers(40, 300, (200, 2))], axis=1)
    slack = rng.integers(0, 20, (200, 4)) * [-1, -1, 1, 1]
    scores, is_there = rng.integers(0, 40, 200) / 40, rng.random(200) < 0.9
    asked: list[int] = []

    def measured(place: int) -> tuple[list[int], Spans] | None:
        asked.append(place)
        return (boxes[place].tolist(), ALWAYS) if is_there[place] else None

    found = nms_as_needed(boxes + slack, boxes - slack, scores, measured, iou_threshold=threshold)
    there = np.flatnonzero(is_there)
    assert [place for place, _ in found] == there[
        nms(boxes[there], scores[there], iou_threshold=threshold)
    ].tolist()
    assert len(found) <= len(asked) == len(set(asked)) < 200
    # Where nothing is sure, each is measured.
    asked.clear()
    nothing = np.zeros_like(boxes)
    assert nms_as_needed(nothing, nothing, scores, measured, iou_threshold=threshold) == found
    assert len(asked) == 200


def test_what_ends_at_a_side_of_the_crop_alone_is_cut_off() -> None:
    rng = np.random.default_rng(2)
    crop, size_wh = (0, 40, 120, 140), (200, 140)
    corners = rng.integers(0, 60, (300, 2))
    boxes = np.concatenate([corners, corners + rng.integers(0, 60, (300, 2))], axis=1)
    expected = official_amg.is_box_near_crop_edge(torch.from_numpy(boxes), list(crop), [0, 0, *size_wh])
    ours = [is_cut_off(shifted(tuple(box), crop[:2]), crop_xyxy=crop, size_wh=size_wh) for box in boxes]
    assert ours == expected.tolist()
    assert 0 < sum(ours) < 300
