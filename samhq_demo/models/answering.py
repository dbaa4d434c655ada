"""Answers a request about an encoded picture: decode, refine, rank, preview, score."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from samhq_demo.inline import InlineExecutor
from samhq_demo.masks.overlap import stability_score
from samhq_demo.models.automatic import Found, find_everything
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import DecodedPair, MaskInputs, ModelPair, OnSam
from samhq_demo.models.upsampling import FullMask
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Agreement, Candidate, MaskPrediction, ObjectComparison
from samhq_demo.results.preview import Preview, PreviewMask

_INLINE = InlineExecutor()

Decode = Callable[[OnSam | None], DecodedPair]
"""The logits of a request's only prompt, decoded or kept from before; kept ones are told to no `OnSam`."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers with one loaded pair. Safe under threads: nothing is kept between calls."""

    pair: ModelPair

    @property
    def nbytes(self) -> int:
        """Bytes of the pair's weights."""
        return self.pair.nbytes

    def decode(
        self, embedding: ImageEmbedding, request: Request, *, on_sam: OnSam | None = None
    ) -> DecodedPair:
        """The logits of the only prompt, from the mask and the earlier prompts that it starts from.

        Args:
            on_sam: as in `ModelPair.decode`, for the prompt itself.
        """
        mask_inputs = self._mask_inputs(embedding, request)
        (decoded,) = self.pair.decode(embedding, [request.prompt], mask_inputs=mask_inputs, on_sam=on_sam)
        return decoded

    def preview(self, embedding: ImageEmbedding, request: Request, *, decode: Decode) -> Preview:
        """Both branches' best masks of the only prompt; SAM's is made while SAM-HQ decodes on."""
        multimask_output = request.has_candidates(request.prompt)
        sam: list[PreviewMask] = []

        def preview_sam(logits: Tensor, scores: Tensor) -> None:
            ranked = rank_sam(logits, scores, multimask_output=multimask_output)
            sam.append(_preview_mask(embedding.input_transform, ranked))

        decoded = decode(preview_sam)
        if not sam:  # nothing had to be decoded
            preview_sam(decoded.sam_logits, decoded.sam_scores)
        ranked = rank_sam_hq(decoded, multimask_output=multimask_output, hq_token_only=request.hq_token_only)
        return Preview(sam=sam[0], sam_hq=_preview_mask(embedding.input_transform, ranked))

    def compare(
        self, embedding: ImageEmbedding, request: Request, *, decode: Decode, executor: Executor
    ) -> tuple[ObjectComparison, ...]:
        """Both branches' answers to every prompt, in order.

        Args:
            decode: called where there is one prompt; of more than one, nothing is kept.
            executor: where answers are made while others are.
        """

        def score(place: int, decode: Decode, executor: Executor) -> ObjectComparison:
            transform, prompt = embedding.input_transform, request.prompts[place]
            return _compare_object(prompt, decode, transform=transform, request=request, executor=executor)

        if len(request.prompts) == 1:
            return (score(0, decode, executor),)
        # Each object is scored, in one thread, while the next ones are decoded.
        pending = {
            place: executor.submit(score, place, _given(decoded), _INLINE)
            for place, decoded in self.pair.decode_each(embedding, request.prompts)
        }
        return tuple(pending[place].result() for place in range(len(request.prompts)))

    def find_everything(
        self, picture: Picture, embedding: ImageEmbedding, options: EverythingOptions, **watched: Any
    ) -> Found:
        """As `automatic.find_everything`, to which `watched` goes."""
        return find_everything(self.pair, picture, embedding, options, **watched)

    def _mask_inputs(self, embedding: ImageEmbedding, request: Request) -> MaskInputs | None:
        """What the prompt starts from: the rough mask, refined step by step; None without any of them.

        Refining is what segment-anything's `SamPredictor.predict` has `mask_input` for, "typically coming
        from a previous prediction iteration". SAM's logits go to SAM and SAM-HQ's, as they are answered, to
        SAM-HQ: the `low_res_masks` that each one's official predictor returns. One decode a step, and no mask
        at full size.
        """
        start = None
        if request.mask_prompt is not None:
            logits = embedding.input_transform.mask_prompt(request.mask_prompt)
            start = MaskInputs(sam=logits, sam_hq=logits)
        for step in request.refine_from:
            multimask_output = step.prompt.has_candidates(
                request.multimask_output, has_mask_input=start is not None
            )
            (decoded,) = self.pair.decode(embedding, [step.prompt], mask_inputs=start)
            sam = rank_sam(decoded.sam_logits, decoded.sam_scores, multimask_output=multimask_output).logits
            sam_hq = rank_sam_hq(
                decoded, multimask_output=multimask_output, hq_token_only=request.hq_token_only
            ).logits
            start = MaskInputs(sam[step.sam_candidate][None, None], sam_hq[step.sam_hq_candidate][None, None])
        return start


class Ranked(NamedTuple):
    """One branch's masks of one object, best first: `logits`, each (h, w), and `scores` (N,)."""

    logits: list[Tensor]
    scores: Tensor


def rank_sam(sam_logits: Tensor, sam_scores: Tensor, *, multimask_output: bool) -> Ranked:
    """SAM's single mask or its three candidates; logits and scores as in `DecodedPair`."""
    order = _best_first(sam_scores, multimask_output=multimask_output)
    return Ranked([sam_logits[i] for i in order], sam_scores[order])


def rank_sam_hq(decoded: DecodedPair, *, multimask_output: bool, hq_token_only: bool) -> Ranked:
    """The HQ mask, alone or added to each of SAM-HQ's inner SAM masks, as in the official decoder.

    The scores are the inner masks': no score is trained for the HQ mask. With the HQ token alone every
    candidate is one and the same tensor.
    """
    order = _best_first(decoded.sam_hq_scores, multimask_output=multimask_output)
    hq = decoded.sam_hq_logits[4]
    logits = [hq if hq_token_only else decoded.sam_hq_logits[i] + hq for i in order]
    return Ranked(logits, decoded.sam_hq_scores[order])


def predict_sam(
    sam_logits: Tensor,
    sam_scores: Tensor,
    transform: InputTransform,
    *,
    multimask_output: bool,
    executor: Executor,
) -> MaskPrediction:
    """SAM's single mask, or of its three candidates the one with the highest predicted IoU.

    Logits and scores are as in `DecodedPair`. executor: makes the candidates' masks.
    """
    ranked = rank_sam(sam_logits, sam_scores, multimask_output=multimask_output)
    return _prediction(transform, ranked, multimask_output=multimask_output, executor=executor)


def predict_sam_hq(
    decoded: DecodedPair,
    transform: InputTransform,
    *,
    multimask_output: bool,
    hq_token_only: bool,
    executor: Executor,
) -> MaskPrediction:
    """The same of SAM-HQ, whose masks are those of `rank_sam_hq`."""
    ranked = rank_sam_hq(decoded, multimask_output=multimask_output, hq_token_only=hq_token_only)
    return _prediction(transform, ranked, multimask_output=multimask_output, executor=executor)


def _best_first(scores: Tensor, *, multimask_output: bool) -> list[int]:
    if not multimask_output:
        return [0]
    best: list[int] = (1 + torch.argsort(scores[1:], descending=True, stable=True)).tolist()
    return best


def _given(decoded: DecodedPair) -> Decode:
    """What is decoded already, as what decodes it."""
    return lambda on_sam: decoded


def _compare_object(
    prompt: Prompt, decode: Decode, *, transform: InputTransform, request: Request, executor: Executor
) -> ObjectComparison:
    """SAM's answer, made while SAM-HQ decodes on, SAM-HQ's answer, and how far they agree."""
    multimask_output = request.has_candidates(prompt)
    found: list[MaskPrediction] = []

    def answer_sam(logits: Tensor, scores: Tensor, executor: Executor = _INLINE) -> None:
        # By default in one thread: the other cores are SAM-HQ's.
        found.append(
            predict_sam(logits, scores, transform, multimask_output=multimask_output, executor=executor)
        )

    decoded = decode(answer_sam)
    if not found:  # nothing had to be decoded
        answer_sam(decoded.sam_logits, decoded.sam_scores, executor)
    sam = found[0]
    sam_hq = predict_sam_hq(
        decoded,
        transform,
        multimask_output=multimask_output,
        hq_token_only=request.hq_token_only,
        executor=executor,
    )
    return ObjectComparison(
        prompt,
        sam.with_truth(request.ground_truth, void=request.void),
        sam_hq.with_truth(request.ground_truth, void=request.void),
        Agreement.between(sam.runs, sam_hq.runs),
    )


def _preview_mask(transform: InputTransform, ranked: Ranked) -> PreviewMask:
    """The best of one branch's masks, at the size of a preview."""
    runs = transform.preview_mask(ranked.logits[0])
    return PreviewMask(runs.prepared(), predicted_iou=float(ranked.scores[0]))


def _prediction(
    transform: InputTransform, ranked: Ranked, *, multimask_output: bool, executor: Executor
) -> MaskPrediction:
    # With the HQ token alone the three candidates are one mask, made once.
    distinct = {id(one): one for one in ranked.logits}
    logits = list(distinct.values())
    # Each by itself on a CPU, where another core may be idle; a card makes all at once.
    groups = [torch.stack(logits)] if logits[0].is_cuda else [one[None] for one in logits]
    made = executor.map(partial(_full_masks, transform), groups)
    masks = dict(zip(distinct, itertools.chain.from_iterable(made), strict=True))
    found = [
        _candidate(masks[id(one)], score) for one, score in zip(ranked.logits, ranked.scores, strict=True)
    ]
    best = found[0]
    return MaskPrediction(
        best.runs.prepared(with_bbox=True),
        predicted_iou=best.predicted_iou,
        stability=best.stability,
        candidates=tuple(found) if multimask_output else None,
    )


def _full_masks(transform: InputTransform, logits: Tensor) -> list[FullMask]:
    """logits: (N, h, w)."""
    masks = list(transform.full_masks([logits]))
    for mask in masks:  # here, beside other masks, unlike the writing of the answer
        mask.runs.prepared()
    return masks


def _candidate(full: FullMask, score: Tensor) -> Candidate:
    return Candidate(
        full.runs,
        predicted_iou=float(score),
        stability=stability_score(full.above, full.below),
    )
