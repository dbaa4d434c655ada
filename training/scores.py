"""What both evaluations measure: how far masks overlap with the truth, and the lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samhq_demo.evaluation.metrics import MaskScore

MODEL_HEADER = (
    "| objects, prompt | number | SAM IoU | SAM-HQ IoU | SAM boundary IoU | SAM-HQ boundary IoU |\n"
    "| --- | --- | --- | --- | --- | --- |"
)
BASELINE_HEADER = "| from the box, without a model | number | IoU | boundary IoU |\n| --- | --- | --- | --- |"


@dataclass(frozen=True, slots=True)
class Score:
    """Means over objects: IoU and boundary IoU of both models with the truth."""

    asked: str
    objects: int
    sam_iou: float
    sam_hq_iou: float
    sam_boundary: float
    sam_hq_boundary: float

    def __str__(self) -> str:
        return (
            f"| {self.asked} | {self.objects} | {self.sam_iou:.3f} | {self.sam_hq_iou:.3f} "
            f"| {self.sam_boundary:.3f} | {self.sam_hq_boundary:.3f} |"
        )


@dataclass(frozen=True, slots=True)
class BaselineScore:
    """Means over objects of a mask that no model made."""

    name: str
    objects: int
    iou: float
    boundary_iou: float

    def __str__(self) -> str:
        return f"| {self.name} | {self.objects} | {self.iou:.3f} | {self.boundary_iou:.3f} |"


def mean(scores: Sequence[MaskScore]) -> MaskScore:
    """The mean of each number; there must be at least one score."""
    return MaskScore(
        float(np.mean([score.iou for score in scores])),
        float(np.mean([score.boundary_iou for score in scores])),
    )
