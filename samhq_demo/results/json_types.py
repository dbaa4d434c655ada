"""The JSON of answers, as the API's contract has it: what `to_json` of comparisons and previews returns."""

from __future__ import annotations

from typing import Literal, TypedDict

from samhq_demo.masks.runs import Rle
from samhq_demo.prompts.prompt import PromptJson


class CandidateJson(TypedDict):
    """One of the masks that a branch offers."""

    predicted_iou: float
    stability: float
    area: int
    rle: Rle


class _Candidates(TypedDict, total=False):
    candidates: list[CandidateJson]


class MaskPredictionJson(_Candidates):
    """One branch's answer; `bbox` is [x, y, width, height]; candidates only where they were asked for."""

    predicted_iou: float
    stability: float
    area: int
    bbox: list[int]
    rle: Rle
    true_iou: float | None
    true_boundary_iou: float | None


class AgreementJson(TypedDict):
    """How far the two masks of an object agree."""

    iou: float
    boundary_iou: float
    only_sam: int
    only_sam_hq: int


class ObjectComparisonJson(TypedDict):
    """Both answers to one prompt."""

    prompt: PromptJson
    sam: MaskPredictionJson
    sam_hq: MaskPredictionJson
    agreement: AgreementJson


class ImageSizeJson(TypedDict):
    """A picture's size."""

    width: int
    height: int


class ComparisonJson(TypedDict):
    """What /compare and /compare_many answer."""

    model: str
    image: ImageSizeJson
    objects: list[ObjectComparisonJson]
    encoded: Literal["now", "cached", "shared"]
    milliseconds: dict[str, float]


class PreviewMaskJson(TypedDict):
    """One branch's best mask, at the size of a screen."""

    predicted_iou: float
    rle: Rle


class ObjectPreviewJson(TypedDict):
    """Both best masks of one object; the key says that the rest is still to come."""

    is_preview: Literal[True]
    sam: PreviewMaskJson
    sam_hq: PreviewMaskJson


class PreviewJson(TypedDict):
    """What the viewer is answered first."""

    objects: list[ObjectPreviewJson]
