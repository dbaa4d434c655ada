"""SAM's mask decoder, from the picture's embedding and a prompt's tokens to mask logits.

Only the modules of transformers' `SamMaskDecoder` are used, not its `forward`: every candidate
mask is wanted, and SAM-HQ shares these steps (Kirillov et al. 2023, "Segment Anything", fig. 14).
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.models.products import activated, linear
from samhq_demo.models.two_way import two_way


class DecodedMasks(NamedTuple):
    """What a decoder says of each object.

    `logits` (B, M, h, w): a mask for each output token, not thresholded.
    `iou_scores` (B, 4): the model's own estimate for SAM's four masks: the single one, then three
    candidates. It is not clamped.
    """

    logits: Tensor
    iou_scores: Tensor


class PromptEmbedding(NamedTuple):
    """A prompt as the decoder takes it.

    `sparse` (B, N, C), None without points and box; `dense` (1 or B, C, h, w).
    """

    sparse: Tensor | None
    dense: Tensor


class Attended(NamedTuple):
    """Both ends of the two-way transformer: `tokens` (B, T, C) and `image` (B, h, w, C)."""

    tokens: Tensor
    image: Tensor


def attend(
    decoder: Any,
    output_tokens: Tensor,
    *,
    image_embeddings: Tensor,
    image_positions: Tensor,
    sparse: Tensor | None,
    dense: Tensor,
) -> Attended:
    """Run the two-way transformer: tokens attend to the picture and the picture to the tokens.

    Args:
        output_tokens: (K, C), the IoU token and the mask tokens.
        image_embeddings: (1 or B, C, h, w).
        image_positions: (1 or B, C, h, w), the positional encoding of the grid.
        sparse: (B, N, C), embedded points and box corners; None for a prompt without any.
        dense: (1 or B, C, h, w), the embedded mask prompt.
    """
    # What no object has of its own stays one: a batch then takes no more memory here than one object.
    image = image_embeddings + dense
    sparse_count = 1 if sparse is None else len(sparse)
    tokens = output_tokens.expand(max(len(image), sparse_count), -1, -1)
    if sparse is not None:
        tokens = torch.cat([tokens, sparse.to(tokens.dtype)], dim=1)
    places = image.flatten(2).mT.contiguous()
    seen = two_way(decoder.transformer, tokens, places, image_positions.flatten(2).mT)
    return Attended(seen[0], seen[1].unflatten(1, image.shape[2:]))


def upscale(decoder: Any, image: Tensor) -> Tensor:
    """(B, h, w, C) -> (B, h, w, 2, 2, 2, 2, C/8): the features that mask tokens are compared with.

    Each transposed convolution, of kernel and stride 2, makes four of a place: it is one product. The
    four stay with the place that they come from, row and column, then the row and column inside those;
    see `placed`.
    """
    norm = decoder.upscale_layer_norm
    finer = linear(image, *_quartering(decoder.upscale_conv1)).unflatten(-1, (2, 2, -1))
    finer = decoder.activation(F.layer_norm(finer, finer.shape[-1:], norm.weight, norm.bias, norm.eps))
    return activated(decoder.activation, finer, *_quartering(decoder.upscale_conv2)).unflatten(-1, (2, 2, -1))


def _quartering(conv: Any) -> tuple[Tensor, Tensor]:
    """A transposed convolution's weight and bias as those of a product: (2*2*D, C) and (2*2*D,)."""
    return conv.weight.permute(2, 3, 1, 0).flatten(0, 2), conv.bias.repeat(4)


def placed(parts: Tensor) -> Tensor:
    """What comes in the order of `upscale`, (B, h, w, 2, 2, 2, 2, D), in rows: (B, 4h, 4w, D).

    One copy for each place inside a place: in each, whole rows follow. In one copy the innermost sides would
    be those of 2, and on a CPU it takes two to four times as long.
    """
    count, height, width, *_, channels = parts.shape
    pairs = parts.flatten(6)  # the last two columns stay side by side
    rows = parts.new_empty(count, height, 2, 2, width, 2, 2 * channels)
    for row, finer_row, column in itertools.product(range(2), repeat=3):
        rows[:, :, row, finer_row, :, column] = pairs[:, :, :, row, column, finer_row]
    return rows.view(count, 4 * height, 4 * width, channels)


def sam_masks(decoder: Any, attended: Attended, features: Tensor) -> DecodedMasks:
    """SAM's four masks: (B, 4, 4h, 4w) logits and (B, 4) scores; features from `upscale`."""
    mlps = decoder.output_hypernetworks_mlps
    hyper = torch.stack([mlp(attended.tokens[:, 1 + i]) for i, mlp in enumerate(mlps)], dim=1)
    logits = (hyper @ features.flatten(1, -2).mT).unflatten(-1, features.shape[1:-1])
    # Masks are put in rows, not features: there are eight times as many.
    rows = placed(logits.flatten(0, 1).unsqueeze(-1)).squeeze(-1)
    return DecodedMasks(rows.unflatten(0, logits.shape[:2]), iou_scores(decoder, attended.tokens))


def iou_scores(decoder: Any, tokens: Tensor) -> Tensor:
    """The scores of SAM's four masks, (B, 4), of attended tokens: they need no mask."""
    scores: Tensor = decoder.iou_prediction_head(tokens[:, 0])
    return scores


def sam_output_tokens(decoder: Any) -> Tensor:
    """SAM's output tokens for `attend`, (5, C): the IoU token and four mask tokens."""
    return torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])


def decode_sam(
    decoder: Any,
    *,
    image_embeddings: Tensor,
    image_positions: Tensor,
    sparse: Tensor | None,
    dense: Tensor,
) -> DecodedMasks:
    """Run SAM's own decoder. Shapes as in `attend`; returns four masks an object."""
    attended = attend(
        decoder,
        sam_output_tokens(decoder),
        image_embeddings=image_embeddings,
        image_positions=image_positions,
        sparse=sparse,
        dense=dense,
    )
    return sam_masks(decoder, attended, upscale(decoder, attended.image))
