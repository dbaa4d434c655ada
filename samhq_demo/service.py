"""Pictures and prompts in, comparisons out; owns the cache and waits for the models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .cache import EmbeddingCache, Encoded
from .comparison import Agreement, Comparison, MaskPrediction, ObjectComparison
from .library import ModelDescription, ModelLibrary, ServiceStatus
from .overlap import Overlap
from .pictures import Picture
from .prompts import MAX_OBJECTS, Prompt
from .refining import RefineStep, steps_within
from .runs import Runs
from .settings import Settings

if TYPE_CHECKING:  # torch is imported behind the page, not before it
    from .models.embedding import ImageEmbedding
    from .models.pair import DecodedPair, MaskInputs, ModelPair


class CompareService:
    """Answers what SAM and SAM-HQ make of a picture. Safe under threads.

    Every `ValueError` is about the request and says in one sentence what was wrong and what would
    be right.
    """

    def __init__(self, library: ModelLibrary, *, cache: EmbeddingCache[ImageEmbedding]) -> None:
        self._library = library
        self._cache = cache
        # Of pictures that are being encoded: (model, content id) -> the share that is done.
        self._progress: dict[tuple[str, str], float] = {}

    def models(self) -> list[ModelDescription]:
        """Every model that can be asked for, whether or not its weights are here."""
        return self._library.describe()

    def status(self) -> ServiceStatus:
        """Which model answers now, and why."""
        return self._library.status()

    def prepare(self, picture: Picture, *, model: str | None = None) -> Encoded:
        """Encode a picture ahead of its first prompt; waits until it is done."""
        return self._embedding(self._library.pair(model), picture)[1]

    def progress(self, picture: Picture, *, model: str | None = None) -> float:
        """How much of a picture is encoded, 0 to 1; 0 also before that has begun and where it cannot be told.

        Returns at once, whatever is being loaded or computed.
        """
        key = (self._library.name(model), picture.content_id)
        return 1.0 if key in self._cache else self._progress.get(key, 0.0)

    def compare(
        self,
        picture: Picture,
        prompts: Sequence[Prompt],
        *,
        model: str | None = None,
        multimask: bool | None = None,
        hq_token_only: bool = False,
        mask_prompt: np.ndarray | None = None,
        ground_truth: np.ndarray | None = None,
        refine_from: Sequence[RefineStep] = (),
    ) -> Comparison:
        """Both models' masks of every prompt's object.

        Args:
            prompts: 1 to 32, each one object, in picture pixels.
            model: a name from `models`; None is the one that answers now.
            multimask: None asks for candidates exactly where a prompt is a single point.
            hq_token_only: the HQ mask alone, instead of added to SAM-HQ's inner SAM mask.
            mask_prompt: bool (H, W), a rough mask to start from; for a single prompt.
            ground_truth: bool (H, W); the predictions then carry their true scores.
            refine_from: up to 16 earlier prompts of a single prompt's object, oldest first. The first
                starts from the mask prompt, each other one and the prompt from the logits of the
                answer before.

        Raises:
            ValueError: the request is wrong, or the model's weights are not here.
        """
        began = time.perf_counter()
        if not 1 <= len(prompts) <= MAX_OBJECTS:
            raise ValueError(f"There are {len(prompts)} objects; give 1 to {MAX_OBJECTS}.")
        if mask_prompt is not None and len(prompts) != 1:
            raise ValueError(f"A mask prompt goes with one object, not with {len(prompts)}.")
        if refine_from and len(prompts) != 1:
            raise ValueError(f"refine_from goes with one object, not with {len(prompts)}.")
        for role, mask in (("mask prompt", mask_prompt), ("ground truth", ground_truth)):
            if mask is not None and mask.shape != picture.pixels.shape[:2]:
                raise ValueError(
                    f"The {role} is {mask.shape[1]}x{mask.shape[0]}, the picture "
                    f"{picture.width}x{picture.height}; they must be of one size."
                )
        steps = steps_within(
            refine_from, picture.size_wh, multimask=multimask, has_mask_prompt=mask_prompt is not None
        )
        has_mask_input = mask_prompt is not None or bool(steps)
        checked = [p.within(picture.size_wh, has_mask_prompt=has_mask_input) for p in prompts]
        pair = self._library.pair(model)
        embedding, encoded = self._embedding(pair, picture)
        seen = time.perf_counter()
        mask_inputs = _mask_inputs(
            pair, embedding, steps, mask_prompt=mask_prompt, multimask=multimask, hq_token_only=hq_token_only
        )
        decoded = pair.decode(embedding, checked, mask_inputs=mask_inputs)
        objects = []
        for prompt, one in zip(checked, decoded, strict=True):
            several = prompt.has_candidates(multimask, has_mask_input=has_mask_input)
            compared = _compare_object(
                one, embedding=embedding, multimask=several, hq_token_only=hq_token_only, truth=ground_truth
            )
            objects.append(ObjectComparison(prompt, *compared))
        done = time.perf_counter()
        return Comparison(
            model=pair.name,
            size_wh=picture.size_wh,
            objects=tuple(objects),
            encoded=encoded,
            milliseconds={
                "encode": 1000 * (seen - began),
                "decode": 1000 * (done - seen),
                "total": 1000 * (done - began),
            },
        )

    def _embedding(self, pair: ModelPair, picture: Picture) -> tuple[ImageEmbedding, Encoded]:
        key = (pair.name, picture.content_id)

        def encode() -> ImageEmbedding:
            try:
                return pair.encode(picture, on_progress=lambda share: self._progress.update({key: share}))
            finally:
                self._progress.pop(key, None)

        return self._cache.get(key, encode)


def _mask_inputs(
    pair: ModelPair,
    embedding: ImageEmbedding,
    steps: Sequence[RefineStep],
    *,
    mask_prompt: np.ndarray | None,
    multimask: bool | None,
    hq_token_only: bool,
) -> MaskInputs | None:
    """What the prompt starts from: the rough mask, refined step by step; None without any of them."""
    from .models.pair import MaskInputs
    from .models.refining import refine

    start = None
    if mask_prompt is not None:
        logits = embedding.frame.mask_prompt(mask_prompt)
        start = MaskInputs(sam=logits, sam_hq=logits)
    return refine(pair, embedding, steps, start=start, multimask=multimask, hq_token_only=hq_token_only)


def _compare_object(
    decoded: DecodedPair,
    *,
    embedding: ImageEmbedding,
    multimask: bool,
    hq_token_only: bool,
    truth: np.ndarray | None,
) -> tuple[MaskPrediction, MaskPrediction, Agreement]:
    """SAM's answer, SAM-HQ's answer, and how far they agree."""
    from .models.answers import sam_answer, sam_hq_answer

    sam = sam_answer(decoded, embedding.frame, multimask=multimask)
    sam_hq = sam_hq_answer(decoded, embedding.frame, multimask=multimask, hq_token_only=hq_token_only)
    return (
        _with_truth(sam.prediction, sam.runs, truth),
        _with_truth(sam_hq.prediction, sam_hq.runs, truth),
        Agreement.between(sam.runs, sam_hq.runs),
    )


def _with_truth(prediction: MaskPrediction, runs: Runs, truth: np.ndarray | None) -> MaskPrediction:
    if truth is None:
        return prediction
    overlap = Overlap.between(runs, Runs.from_mask(truth))
    return replace(prediction, true_iou=overlap.iou, true_boundary_iou=overlap.boundary_iou)


def build_service(settings: Settings) -> CompareService:
    """The service of these settings; its models load in the background.

    Raises:
        ValueError: a setting is wrong.
    """
    library = ModelLibrary(settings)
    library.start()
    return CompareService(library, cache=EmbeddingCache(max_bytes=settings.cache_mb * 2**20))
