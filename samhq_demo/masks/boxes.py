"""Boxes around masks as the official mask generator has them: (x0, y0, x1, y1), the last pixels included."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samhq_demo.masks.runs import Runs

BoxXYXY = tuple[int, int, int, int]
# Values of a threshold, in spans (low, high]: over `low`, and `high` at most.
Spans = tuple[tuple[float, float], ...]
ALWAYS: Spans = ((-math.inf, math.inf),)
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
    corners = np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)
    x0, y0, x1, y1 = corners.T
    areas = (x1 - x0) * (y1 - y0)
    limit = np.float64(iou_threshold)
    left = np.argsort(-np.asarray(scores, np.float32), kind="stable")
    stays = dict(enumerate(spans))
    kept = []
    while left.size:
        best, left = int(left[0]), left[1:]
        kept.append((best, stays[best]))
        overlap = _overlap(x0, x1, best, left) * _overlap(y0, y1, best, left)
        either = areas[best] + areas[left] - overlap
        iou = np.divide(overlap, either, out=np.zeros_like(overlap), where=either > 0)
        is_out = iou.astype(np.float64) > limit
        for at in np.flatnonzero(is_out):
            place = int(left[at])
            stays[place] = _without(stays[place], stays[best])
            is_out[at] = not stays[place]
        left = left[~is_out]
    return kept


def _without(spans: Spans, others: Spans) -> Spans:
    """What of the spans lies in none of the others."""
    for low, high in others:
        pieces = (
            piece for first, last in spans for piece in ((first, min(last, low)), (max(first, high), last))
        )
        spans = tuple((first, last) for first, last in pieces if first < last)
    return spans


def _overlap(
    starts: NDArray[np.float32], stops: NDArray[np.float32], one: int, others: NDArray[np.intp]
) -> NDArray[np.float32]:
    """How much of one box's side lies in each of the others'."""
    length = np.minimum(stops[one], stops[others]) - np.maximum(starts[one], starts[others])
    return length.clip(min=0)
