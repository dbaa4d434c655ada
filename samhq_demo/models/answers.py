"""From decoded logits to what is answered: which mask, how large, how sure."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..masks.overlap import stability_score
from ..results.comparison import Candidate, MaskPrediction
from ..results.preview import PreviewMask
from .frame import Frame
from .pair import DecodedPair
from .upsampling import FullMask


class Ranked(NamedTuple):
    """One model's masks of one object, best first: `logits`, each (h, w), and `scores` (N,)."""

    logits: list[Tensor]
    scores: Tensor


def sam_answer(decoded: DecodedPair, frame: Frame, *, multimask: bool) -> MaskPrediction:
    """SAM's single mask, or of its three candidates the one with the highest predicted IoU."""
    ranked = sam_ranked(decoded.sam_logits, decoded.sam_scores, multimask=multimask)
    return _answer(frame, ranked, multimask=multimask)


def sam_hq_answer(
    decoded: DecodedPair, frame: Frame, *, multimask: bool, hq_token_only: bool
) -> MaskPrediction:
    """The HQ mask, alone or added to SAM-HQ's inner SAM mask, as in the official decoder.

    The scores are the inner masks': no score is trained for the HQ mask.
    """
    ranked = sam_hq_ranked(decoded, multimask=multimask, hq_token_only=hq_token_only)
    return _answer(frame, ranked, multimask=multimask)


def preview_mask(frame: Frame, ranked: Ranked) -> PreviewMask:
    """The best of one model's masks, at the size of a preview."""
    return PreviewMask(frame.preview_mask(ranked.logits[0]).measured(), predicted_iou=float(ranked.scores[0]))


def sam_ranked(sam_logits: Tensor, sam_scores: Tensor, *, multimask: bool) -> Ranked:
    """SAM's single mask or its three candidates; logits and scores as in `DecodedPair`."""
    order = _best_first(sam_scores, multimask=multimask)
    return Ranked([sam_logits[i] for i in order], sam_scores[order])


def sam_hq_ranked(decoded: DecodedPair, *, multimask: bool, hq_token_only: bool) -> Ranked:
    """The same of SAM-HQ's. With the HQ token alone every candidate is one and the same tensor."""
    order = _best_first(decoded.sam_hq_scores, multimask=multimask)
    hq = decoded.sam_hq_logits[4]
    logits = [hq if hq_token_only else decoded.sam_hq_logits[i] + hq for i in order]
    return Ranked(logits, decoded.sam_hq_scores[order])


def _best_first(scores: Tensor, *, multimask: bool) -> list[int]:
    if not multimask:
        return [0]
    best: list[int] = (1 + torch.argsort(scores[1:], descending=True, stable=True)).tolist()
    return best


def _answer(frame: Frame, ranked: Ranked, *, multimask: bool) -> MaskPrediction:
    first, *others = ranked.logits
    best = _candidate(frame.full_mask(first), ranked.scores[0])
    candidates: tuple[Candidate, ...] | None = None
    if multimask:
        found = [best]
        for one, score in zip(others, ranked.scores[1:], strict=True):
            if one is first:  # with the HQ token alone the three candidates are one mask
                found.append(replace(best, predicted_iou=float(score)))
            else:
                found.append(_candidate(frame.full_mask(one), score))
        candidates = tuple(found)
    return MaskPrediction(
        best.runs, predicted_iou=best.predicted_iou, stability=best.stability, candidates=candidates
    )


def _candidate(full: FullMask, score: Tensor) -> Candidate:
    # Measured here, as this may run beside the other model's masks, unlike the writing of the answer.
    return Candidate(
        full.runs.measured(), predicted_iou=float(score), stability=stability_score(full.above, full.below)
    )
