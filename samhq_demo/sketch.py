"""The first of an answer: what a screen needs to show the two masks, before anything else is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .masks.runs import Runs

# More than a screen shows of one mask, and few enough that any mask takes some milliseconds.
MOST_PIXELS = 2**20


@dataclass(frozen=True, slots=True)
class SketchedMask:
    """One model's mask of the size that `sketch_size` gives, and its own estimate of that mask's IoU."""

    predicted_iou: float
    runs: Runs

    def to_json(self) -> dict[str, Any]:
        return {"predicted_iou": round(float(self.predicted_iou), 6), "rle": self.runs.rle()}


@dataclass(frozen=True, slots=True)
class Sketch:
    """Both models' best masks of one object."""

    sam: SketchedMask
    sam_hq: SketchedMask

    def to_json(self) -> dict[str, Any]:
        """Like a comparison of one object, with "is_sketch" and without what takes longer."""
        masks = {"sam": self.sam.to_json(), "sam_hq": self.sam_hq.to_json()}
        return {"objects": [{"is_sketch": True, **masks}]}


def sketch_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of the sketched masks of a picture: its own, if that is not too many pixels."""
    width, height = size_wh
    share = math.sqrt(MOST_PIXELS / (width * height))
    return size_wh if share >= 1 else (max(1, int(width * share)), max(1, int(height * share)))
