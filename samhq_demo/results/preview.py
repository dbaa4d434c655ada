"""The first part of an answer: both masks at the size of a screen, before anything else is computed."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

from samhq_demo.masks.runs import Runs
from samhq_demo.results.json_types import PreviewJson, PreviewMaskJson

# More than a screen shows of one mask, and few enough that any mask takes some milliseconds.
MAX_PIXELS = 2**20


@dataclass(frozen=True, slots=True)
class PreviewMask:
    """One model's mask of the size that `preview_size` gives, and its own estimate of that mask's IoU."""

    runs: Runs
    _: KW_ONLY
    predicted_iou: float

    def to_json(self) -> PreviewMaskJson:
        return {"predicted_iou": round(float(self.predicted_iou), 6), "rle": self.runs.rle()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Both models' best masks of one object."""

    sam: PreviewMask
    sam_hq: PreviewMask

    def to_json(self) -> PreviewJson:
        """Like a comparison of one object, with "is_preview" and without what takes longer."""
        return {"objects": [{"is_preview": True, "sam": self.sam.to_json(), "sam_hq": self.sam_hq.to_json()}]}


def preview_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of the masks in a preview: the picture's own, if that is not too many pixels."""
    width, height = size_wh
    share = math.sqrt(MAX_PIXELS / (width * height))
    return size_wh if share >= 1 else (max(1, int(width * share)), max(1, int(height * share)))
