"""Everything that was found in a picture: both models' masks, asked for by no prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from samhq_demo.cache import Encoded
from samhq_demo.masks.boxes import ALWAYS, Spans
from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import PointXY
from samhq_demo.results.comparison import TIMINGS, Branch


class StoppedError(Exception):
    """It was to be stopped, and was."""


@dataclass(frozen=True, slots=True)
class FoundMask:
    """One mask of a branch, at the picture's full size.

    Attributes:
        predicted_iou: SAM's own estimate of its IoU; it can pass 1.
        point_xy: of the grid, in picture pixels: the click that this mask answers.
        candidate: which of the candidates of that click it is, 0 the surest.
        stays: the stability thresholds with which it stays; with others it is a duplicate of a surer mask.
    """

    runs: Runs
    _: KW_ONLY
    predicted_iou: float
    stability: float
    point_xy: PointXY
    candidate: int = 0
    stays: Spans = ALWAYS

    def to_json(self) -> dict[str, Any]:
        return {
            "rle": self.runs.rle(),
            "bbox": list(self.runs.bbox_xywh),
            "area": self.runs.area,
            "predicted_iou": round(float(self.predicted_iou), 6),
            "stability": round(float(self.stability), 6),
            "point": [round(float(at), 3) for at in self.point_xy],
        }


@dataclass(frozen=True, slots=True)
class Everything:
    """Both branches' masks, each the largest first.

    Attributes:
        size_wh: the picture's (width, height).
        encoded, milliseconds: as in `Comparison`.
    """

    model: str
    size_wh: tuple[int, int]
    sam: tuple[FoundMask, ...]
    sam_hq: tuple[FoundMask, ...]
    encoded: Encoded
    milliseconds: Mapping[str, float]

    def by(self, branch: Branch) -> tuple[FoundMask, ...]:
        return self.sam if branch == "sam" else self.sam_hq

    def to_json(self) -> dict[str, Any]:
        """The public form, with nothing but plain Python values."""
        width, height = self.size_wh
        return {
            "model": self.model,
            "image": {"width": width, "height": height},
            "sam": [mask.to_json() for mask in self.sam],
            "sam_hq": [mask.to_json() for mask in self.sam_hq],
            "encoded": self.encoded,
            "milliseconds": {key: round(float(self.milliseconds[key]), 1) for key in TIMINGS},
        }


def largest_first(masks: Sequence[FoundMask]) -> tuple[FoundMask, ...]:
    """Of equal ones the first stays first."""
    return tuple(sorted(masks, key=lambda mask: -mask.runs.area))
