"""Converts a comparison's masks for other programs: arrays, polygons, supervision's detections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Mask
from samhq_demo.masks.simple_rings import simple_rings
from samhq_demo.results.comparison import Branch, MaskPrediction, ObjectComparison

if TYPE_CHECKING:
    from supervision import Detections


def masks_of(objects: Sequence[ObjectComparison], branch: Branch) -> Mask:
    """(N, H, W) bool, one mask an object; there must be at least one."""
    return np.stack([by_branch(item, branch).runs.mask() for item in objects])


def polygons_of(objects: Sequence[ObjectComparison], branch: Branch) -> list[list[NDArray[np.int32]]]:
    """For each object its outer rings, each (K, 2) corners (x, y) along edges of pixels; holes are filled."""
    return [[ring.corners_xy for ring in simple_rings(by_branch(item, branch).runs)] for item in objects]


def detections_of(objects: Sequence[ObjectComparison], branch: Branch) -> Detections:
    """supervision's `Detections`: boxes, masks, the predicted IoU as confidence, the object's place as class.

    Raises:
        ValueError: supervision is not installed.
    """
    try:
        import supervision  # no part of the app: for those who have it
    except ImportError as error:
        raise ValueError(
            "Detections are supervision's, which is not here: pip install supervision."
        ) from error
    predictions = [by_branch(item, branch) for item in objects]
    boxes = np.array([prediction.bbox_xywh for prediction in predictions], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return supervision.Detections(
        xyxy=boxes,
        mask=masks_of(objects, branch),
        confidence=np.array([prediction.predicted_iou for prediction in predictions], np.float32),
        class_id=np.arange(len(predictions)),
    )


def by_branch(item: ObjectComparison, branch: Branch) -> MaskPrediction:
    return item.sam if branch == "sam" else item.sam_hq
