"""Boxes around masks as the official mask generator has them: (x0, y0, x1, y1), the last pixels included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samhq_demo.masks.runs import Runs

BoxXYXY = tuple[int, int, int, int]
# Values of a threshold, in spans (low, high]: over `low`, and `high` at most.
Spans = tuple[tuple[float, float], ...]
ALWAYS: Spans = ((-math.inf, math.inf),)
_ROUNDING = 1e-4  # more than that of an IoU in float32
# As far from an edge counts as near it, in pixels: segment-anything's `is_box_near_crop_edge`.
_NEAR = 20


def pixel_box(mask: Runs) -> BoxXYXY:
    """The first and the last column and row of a mask; all 0 for an empty one."""
    x, y, width, height = mask.bbox_xywh
    return (x, y, x + width - 1, y + height - 1) if width else (0, 0, 0, 0)


def shifted(box_xyxy: BoxXYXY, by_xy: tuple[int, int]) -> BoxXYXY:
    x0, y0, x1, y1 = box_xyxy
    x, y = by_xy
    return x0 + x, y0 + y, x1 + x, y1 + y


def is_cut_off(box_xyxy: BoxXYXY, *, crop_xyxy: BoxXYXY, size_wh: tuple[int, int]) -> bool:
    """Whether a mask ends near a side of its crop that is no side of the picture: it may go on there.

    Args:
        box_xyxy, crop_xyxy: in pixels of the picture, which is of `size_wh`.
    """
    picture = (0, 0, *size_wh)
    return any(
        abs(at - crop_side) <= _NEAR and abs(at - picture_side) > _NEAR
        for at, crop_side, picture_side in zip(box_xyxy, crop_xyxy, picture, strict=True)
    )


def nms(boxes_xyxy: ArrayLike, scores: ArrayLike, *, iou_threshold: float) -> list[int]:
    """Non-maximum suppression: the places of the boxes that stay, the highest score first.

    From the highest score down, a box stays unless its IoU with one that stays is over the threshold. Equal
    scores go in the order in which they come. The arithmetic is that of torchvision's `nms` on a CPU: IoU in
    float32, held against the threshold in float64, and nothing overlaps a box without area.

    Args:
        boxes_xyxy: (N, 4).
        scores: (N,).
    """
    always = [ALWAYS] * len(np.asarray(scores))
    return [place for place, _ in nms_by_span(boxes_xyxy, scores, always, iou_threshold=iou_threshold)]


def nms_by_span(
    boxes_xyxy: ArrayLike, scores: ArrayLike, spans: Sequence[Spans], *, iou_threshold: float
) -> list[tuple[int, Spans]]:
    """`nms` for all values of a threshold at once: the places of the boxes that stay for some, and for which.

    Args:
        spans: (N,), the values of that threshold which each box passes.
    """
    boxes = _boxes(boxes_xyxy)
    return nms_as_needed(
        boxes, boxes, scores, lambda place: (boxes[place], spans[place]), iou_threshold=iou_threshold
    )


def nms_as_needed(
    outer_xyxy: ArrayLike,
    inner_xyxy: ArrayLike,
    scores: ArrayLike,
    measured: Callable[[int], tuple[ArrayLike, Spans] | None],
    *,
    iou_threshold: float,
) -> list[tuple[int, Spans]]:
    """`nms_by_span` of boxes that take time to measure: of many their bounds say that they do not stay.

    Args:
        outer_xyxy, inner_xyxy: (N, 4), what each box surely lies in, and what it surely covers.
        measured: the box and the spans at a place, None where it is not among them after all; asked for a
            place once at most, the highest score first.
    """
    outer, inner = _boxes(outer_xyxy), _boxes(inner_xyxy)
    limit = np.float64(iou_threshold)
    left = np.argsort(-np.asarray(scores, np.float32), kind="stable")
    kept: list[tuple[int, Spans]] = []
    boxes = _boxes([])
    while left.size:
        best, left = int(left[0]), left[1:]
        measure = measured(best)
        if measure is None:
            continue
        (box,), stays = _boxes(measure[0]), measure[1]
        for at in np.flatnonzero(_ious(box, boxes) > limit):
            stays = _without(stays, kept[at][1])
        if not stays:
            continue
        kept.append((best, stays))
        boxes = np.concatenate([boxes, box[None]])
        if stays == ALWAYS:
            left = left[_ious(box, outer[left], covered=inner[left]) <= limit + _ROUNDING]
    return kept


def _boxes(boxes_xyxy: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)


def _without(spans: Spans, others: Spans) -> Spans:
    """What of the spans lies in none of the others."""
    for low, high in others:
        pieces = (
            piece for first, last in spans for piece in ((first, min(last, low)), (max(first, high), last))
        )
        spans = tuple((first, last) for first, last in pieces if first < last)
    return spans


def _ious(
    box: NDArray[np.float32], others: NDArray[np.float32], *, covered: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """IoU in float32 of a box (4,) with others, (N, 4).

    Args:
        covered: (N, 4), a part of each of the others: what it shares with the box counts alone; None: all.
    """
    within = others if covered is None else covered
    sides = np.minimum(box[2:], within[:, 2:]) - np.maximum(box[:2], within[:, :2])
    overlap = sides.clip(min=0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    either = (box[2:] - box[:2]).prod() + areas - overlap
    iou = np.divide(overlap, either, out=np.zeros_like(overlap), where=either > 0)
    return iou.astype(np.float64)
