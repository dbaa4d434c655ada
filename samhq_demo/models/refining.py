"""Refining: an answer's logits are the next prompt's mask input.

What segment-anything's `SamPredictor.predict` has `mask_input` for: "typically coming from a previous
prediction iteration".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..refining import RefineStep
from .answers import sam_hq_ranked, sam_ranked
from .embedding import ImageEmbedding
from .pair import MaskInputs, ModelPair


def refine(
    pair: ModelPair,
    embedding: ImageEmbedding,
    steps: Sequence[RefineStep],
    *,
    start: MaskInputs | None,
    multimask: bool | None,
    hq_token_only: bool,
) -> MaskInputs | None:
    """What the prompt after these steps starts from; one decode a step, and no mask at full size.

    SAM's logits go to SAM and SAM-HQ's, as they are answered, to SAM-HQ: the `low_res_masks` that
    each one's official predictor returns.

    Args:
        steps: oldest first, checked against the picture.
        start: what the first step starts from; it comes back where there are no steps.
        multimask, hq_token_only: as in `CompareService.compare`, the same for every step.
    """
    for step in steps:
        several = step.prompt.has_candidates(multimask, has_mask_input=start is not None)
        (decoded,) = pair.decode(embedding, [step.prompt], mask_inputs=start)
        sam = sam_ranked(decoded.sam_logits, decoded.sam_scores, multimask=several).logits
        sam_hq = sam_hq_ranked(decoded, multimask=several, hq_token_only=hq_token_only).logits
        start = MaskInputs(sam[step.sam_candidate][None, None], sam_hq[step.sam_hq_candidate][None, None])
    return start
