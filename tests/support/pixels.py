"""Mask arithmetic on (H, W) arrays and with pycocotools, to test the package's own on runs against."""

from __future__ import annotations

import math

import numpy as np
from pycocotools import mask as coco_mask

from samhq_demo.masks.runs import BoxXYWH, Mask, Rle


def mask_iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two (H, W) masks; two empty masks agree (1.0)."""
    assert a.shape == b.shape
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else 1.0


def boundary_iou(a: Mask, b: Mask, *, dilation_ratio: float = 0.02) -> float:
    """Boundary IoU of two (H, W) masks as Cheng et al. define it; two empty masks agree (1.0)."""
    distance = max(1, round(dilation_ratio * math.hypot(*a.shape)))
    return mask_iou(*(mask & ~eroded(mask, distance) for mask in (a, b)))


def eroded(mask: Mask, distance: int) -> Mask:
    """One erosion with a square that reaches `distance` pixels; outside the picture is background."""
    for _ in range(2):  # with a line down the columns, and as long a one along the rows
        padded = np.pad(mask, ((distance, distance), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * distance + 1, axis=0)
        mask = np.asarray(windows.all(axis=-1)).T
    return mask


def bbox_xywh(mask: Mask) -> BoxXYWH:
    """The box around a (H, W) mask as (x, y, width, height); all 0 for an empty mask."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return 0, 0, 0, 0
    x, y = int(columns.min()), int(rows.min())
    return x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y


def rle_encode(mask: Mask) -> Rle:
    """COCO's compressed form of a (H, W) mask, as pycocotools writes it."""
    coco = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in coco["size"]], "counts": coco["counts"].decode("ascii")}


def rle_decode(rle: Rle) -> Mask:
    """The (H, W) mask of COCO's compressed form, as pycocotools reads it."""
    decoded: Mask = coco_mask.decode(rle).view(np.bool_)
    return decoded
