"""An answer: both models' masks for each object, their scores, and how far they agree."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Literal

from samhq_demo.cache import Encoded
from samhq_demo.masks.overlap import Overlap
from samhq_demo.masks.runs import BoxXYWH, Runs
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.results.json_types import (
    AgreementJson,
    CandidateJson,
    ComparisonJson,
    MaskPredictionJson,
    ObjectComparisonJson,
)

Branch = Literal["sam", "sam_hq"]
TIMINGS = ("encode", "decode", "total")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the masks that a model offers for an ambiguous prompt, with the model's scores for it."""

    runs: Runs
    _: KW_ONLY
    predicted_iou: float
    stability: float

    def to_json(self) -> CandidateJson:
        return {
            "predicted_iou": _score(self.predicted_iou),
            "stability": _score(self.stability),
            "area": self.runs.area,
            "rle": self.runs.rle(),
        }


@dataclass(frozen=True, slots=True)
class MaskPrediction:
    """One model's answer for one object, at the picture's full size.

    Attributes:
        predicted_iou: SAM's own estimate of the mask's IoU; it can pass 1.
        candidates: all that the model offered, best first; None when it was asked for one mask.
        true_iou, true_boundary_iou: against the true mask, where one was given.
    """

    runs: Runs
    _: KW_ONLY
    predicted_iou: float
    stability: float
    candidates: tuple[Candidate, ...] | None = None
    true_iou: float | None = None
    true_boundary_iou: float | None = None

    @property
    def area(self) -> int:
        """The number of pixels in the mask."""
        return self.runs.area

    @property
    def bbox_xywh(self) -> BoxXYWH:
        """The box around the mask as (x, y, width, height) in pixels; all 0 for an empty mask."""
        return self.runs.bbox_xywh

    def with_truth(self, truth: Runs | None, *, void: Runs | None = None) -> "MaskPrediction":
        """The same with its true scores, where the true mask is known.

        Args:
            void: pixels that no score counts. They are taken out of both masks before their boundaries are,
                so that a mask which is right up to the void is all right.
        """
        if truth is None:
            return self
        runs = self.runs
        if void is not None:
            runs, truth = runs.without(void), truth.without(void)
        overlap = Overlap.between(runs, truth)
        return replace(self, true_iou=overlap.iou, true_boundary_iou=overlap.boundary_iou)

    def to_json(self) -> MaskPredictionJson:
        answer: MaskPredictionJson = {
            "predicted_iou": _score(self.predicted_iou),
            "stability": _score(self.stability),
            "area": self.area,
            "bbox": list(self.bbox_xywh),
            "rle": self.runs.rle(),
            "true_iou": None if self.true_iou is None else _score(self.true_iou),
            "true_boundary_iou": None if self.true_boundary_iou is None else _score(self.true_boundary_iou),
        }
        if self.candidates is not None:
            answer["candidates"] = [candidate.to_json() for candidate in self.candidates]
        return answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the two models' masks of one object agree; only_sam and only_sam_hq count pixels."""

    iou: float
    boundary_iou: float
    only_sam: int
    only_sam_hq: int

    @classmethod
    def between(cls, sam: Runs, sam_hq: Runs) -> "Agreement":
        """From two masks of the same size."""
        overlap = Overlap.between(sam, sam_hq)
        return cls(
            iou=overlap.iou,
            boundary_iou=overlap.boundary_iou,
            only_sam=overlap.only_a,
            only_sam_hq=overlap.only_b,
        )

    def to_json(self) -> AgreementJson:
        return {
            "iou": _score(self.iou),
            "boundary_iou": _score(self.boundary_iou),
            "only_sam": self.only_sam,
            "only_sam_hq": self.only_sam_hq,
        }


@dataclass(frozen=True, slots=True)
class ObjectComparison:
    """Both answers to one prompt."""

    prompt: Prompt
    sam: MaskPrediction
    sam_hq: MaskPrediction
    agreement: Agreement

    def to_json(self) -> ObjectComparisonJson:
        return {
            "prompt": self.prompt.to_json(),
            "sam": self.sam.to_json(),
            "sam_hq": self.sam_hq.to_json(),
            "agreement": self.agreement.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole answer for one picture: an entry for each prompt, in order.

    Attributes:
        size_wh: the picture's (width, height).
        encoded: "now" by this request, "cached" from before, "shared" with a request already at it.
        milliseconds: time taken, under the keys in TIMINGS.
    """

    model: str
    size_wh: tuple[int, int]
    objects: tuple[ObjectComparison, ...]
    encoded: Encoded
    milliseconds: Mapping[str, float]

    def union(self, branch: Branch) -> Runs:
        """All masks of one branch together."""
        width, height = self.size_wh
        found = [(item.sam if branch == "sam" else item.sam_hq).runs for item in self.objects]
        return Runs.union(found, size_hw=(height, width))

    def to_json(self) -> ComparisonJson:
        """The public form, with its keys in the documented order and nothing but plain Python values."""
        width, height = self.size_wh
        return {
            "model": self.model,
            "image": {"width": width, "height": height},
            "objects": [item.to_json() for item in self.objects],
            "encoded": self.encoded,
            "milliseconds": {key: round(float(self.milliseconds[key]), 1) for key in TIMINGS},
        }


def _score(value: float) -> float:
    # Six digits: finer than the models' own arithmetic, short enough to read.
    return round(float(value), 6)
