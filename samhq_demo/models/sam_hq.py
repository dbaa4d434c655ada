"""SAM-HQ's mask decoder made right.

transformers' `SamHQMaskDecoder.forward` throws the attended image embeddings away and upscales
the un-attended ones transposed (4.57.1 to 5.23.0 at least), so its masks are wrong. Here the
decoder's modules are put together as the paper has them (Ke et al. 2023, "Segment Anything in
High Quality", fig. 2), and that `forward` is never called: right on any release.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .sam import DecodedMasks, attend, sam_masks, upscale


def hq_features(decoder: Any, *, image_embeddings: Tensor, early_embeddings: Tensor) -> Tensor:
    """Fuse the encoder's last and early features; they depend on the picture alone.

    Args:
        image_embeddings: (B, C, h, w), the encoder's output.
        early_embeddings: (B, h, w, V), what left the encoder's first global attention layer.

    Returns:
        (B, C/8, 4h, 4w).
    """
    last = decoder.activation(decoder.encoder_norm(decoder.encoder_conv1(image_embeddings)))
    early = decoder.compress_vit_conv1(early_embeddings.permute(0, 3, 1, 2))
    early = decoder.activation(decoder.compress_vit_norm(early))
    return decoder.encoder_conv2(last) + decoder.compress_vit_conv2(early)


def decode_sam_hq(
    decoder: Any,
    *,
    image_embeddings: Tensor,
    image_positions: Tensor,
    features: Tensor,
    sparse: Tensor | None,
    dense: Tensor,
) -> DecodedMasks:
    """Run SAM-HQ's decoder. Shapes as in `attend`; `features` come from `hq_features`.

    Returns:
        (B, 5, 4h, 4w) logits, SAM's four inner masks and then the HQ mask, and (B, 4) scores.
        The HQ token takes part in the attention, so the inner masks are not quite SAM's own.
    """
    output_tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight, decoder.hq_token.weight])
    attended = attend(
        decoder,
        output_tokens,
        image_embeddings=image_embeddings,
        image_positions=image_positions,
        sparse=sparse,
        dense=dense,
    )
    upscaled = upscale(decoder, attended.image)
    inner = sam_masks(decoder, attended, upscaled)
    fine = decoder.activation(decoder.mask_norm(decoder.mask_conv1(upscaled)))
    fine = decoder.mask_conv2(fine) + features
    hq_token = attended.tokens[:, output_tokens.shape[0] - 1]
    hq_logits = torch.einsum("bc,bchw->bhw", decoder.hq_mask_mlp(hq_token), fine)
    return DecodedMasks(torch.cat([inner.logits, hq_logits.unsqueeze(1)], dim=1), inner.iou_scores)
