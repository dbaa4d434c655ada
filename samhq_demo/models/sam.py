"""SAM's mask decoder, from the picture's embedding and a prompt's tokens to mask logits.

Only the modules of transformers' `SamMaskDecoder` are used, not its `forward`: every candidate
mask is wanted, and SAM-HQ shares these steps (Kirillov et al. 2023, "Segment Anything", fig. 14).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


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

    `sparse` (B, N, C), None without points and box; `dense` (B, C, h, w).
    """

    sparse: Tensor | None
    dense: Tensor


class Attended(NamedTuple):
    """Both ends of the two-way transformer: `tokens` (B, T, C) and `image` (B, C, h, w)."""

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
    """Let tokens and picture look at each other.

    Args:
        output_tokens: (K, C), the IoU token and the mask tokens.
        image_embeddings: (1 or B, C, h, w).
        image_positions: (1 or B, C, h, w), the positional encoding of the grid.
        sparse: (B, N, C), embedded points and box corners; None for a prompt without any.
        dense: (B, C, h, w), the embedded mask prompt.
    """
    keys = image_embeddings + dense
    count, channels, height, width = keys.shape
    tokens = output_tokens.expand(count, -1, -1)
    if sparse is not None:
        tokens = torch.cat([tokens, sparse.to(tokens.dtype)], dim=1)
    seen = decoder.transformer(
        point_embeddings=tokens.unsqueeze(1),  # transformers wants a prompt axis: (B, 1, T, C)
        image_embeddings=keys,
        image_positional_embeddings=image_positions.expand(count, -1, -1, -1),
        attention_similarity=None,
    )
    image = seen[1].squeeze(1).transpose(1, 2).reshape(count, channels, height, width)
    return Attended(seen[0].squeeze(1), image)


def upscale(decoder: Any, image: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C/8, 4h, 4w): the features that mask tokens are compared with."""
    finer = decoder.activation(decoder.upscale_layer_norm(decoder.upscale_conv1(image)))
    return decoder.activation(decoder.upscale_conv2(finer))


def sam_masks(decoder: Any, attended: Attended, features: Tensor) -> DecodedMasks:
    """SAM's four masks: (B, 4, 4h, 4w) logits and (B, 4) scores."""
    mlps = decoder.output_hypernetworks_mlps
    hyper = torch.stack([mlp(attended.tokens[:, 1 + i]) for i, mlp in enumerate(mlps)], dim=1)
    logits = torch.einsum("bmc,bchw->bmhw", hyper, features)
    return DecodedMasks(logits, decoder.iou_prediction_head(attended.tokens[:, 0]))


def decode_sam(
    decoder: Any,
    *,
    image_embeddings: Tensor,
    image_positions: Tensor,
    sparse: Tensor | None,
    dense: Tensor,
) -> DecodedMasks:
    """Run SAM's own decoder. Shapes as in `attend`; returns four masks an object."""
    output_tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
    attended = attend(
        decoder,
        output_tokens,
        image_embeddings=image_embeddings,
        image_positions=image_positions,
        sparse=sparse,
        dense=dense,
    )
    return sam_masks(decoder, attended, upscale(decoder, attended.image))
