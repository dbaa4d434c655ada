"""SAM-HQ's mask decoder, with transformers' error corrected.

transformers' `SamHQMaskDecoder.forward` throws the attended image embeddings away and upscales
the un-attended ones transposed (4.57.1 to 5.23.0 at least), so its masks are wrong. Here the
decoder's modules are put together as the paper has them (Ke et al. 2023, "Segment Anything in
High Quality", fig. 2), and that `forward` is never called: right on any release.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.models.products import linear
from samhq_demo.models.sam import (
    Attended,
    DecodedMasks,
    attend,
    placed,
    sam_masks,
    sam_output_tokens,
    upscale,
)

# Two convolutions of 3 x 3 make the HQ mask: so far away lies what a place of it depends on.
MASK_REACH = 2
_VALUES_AT_ONCE = 2**18  # that are normalized, 1 MB


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


def sam_hq_output_tokens(decoder: Any) -> Tensor:
    """SAM-HQ's output tokens for `attend`, (6, C): SAM's and then its own.

    The HQ token takes part in the attention, so the inner masks are not quite SAM's own.
    """
    return torch.cat([sam_output_tokens(decoder), decoder.hq_token.weight])


def sam_hq_masks(decoder: Any, attended: Attended, features: Tensor) -> DecodedMasks:
    """SAM-HQ's five masks of what `attend` gives for its tokens; `features` come from `hq_features`.

    Returns:
        (B, 5, 4h, 4w) logits, SAM's four inner masks and then the HQ mask, and (B, 4) scores.
    """
    upscaled = upscale(decoder, attended.image)
    inner = sam_masks(decoder, attended, upscaled)
    hq_token = decoder.hq_mask_mlp(attended.tokens[:, 1 + len(decoder.mask_tokens.weight)])
    hq_logits = _hq_mask(decoder, hq_token, placed(upscaled), features)
    return DecodedMasks(torch.cat([inner.logits, hq_logits.unsqueeze(1)], dim=1), inner.iou_scores)


def decode_sam_hq(
    decoder: Any,
    *,
    image_embeddings: Tensor,
    image_positions: Tensor,
    features: Tensor,
    sparse: Tensor | None,
    dense: Tensor,
) -> DecodedMasks:
    """Run SAM-HQ's decoder. Shapes as in `attend`; returns what `sam_hq_masks` does."""
    attended = attend(
        decoder,
        sam_hq_output_tokens(decoder),
        image_embeddings=image_embeddings,
        image_positions=image_positions,
        sparse=sparse,
        dense=dense,
    )
    return sam_hq_masks(decoder, attended, features)


def _hq_mask(decoder: Any, hq_token: Tensor, upscaled: Tensor, features: Tensor) -> Tensor:
    """The HQ mask (B, 4h, 4w), of a token (B, D), the object's (B, 4h, 4w, D) and the picture's features.

    The official order convolves to D channels, adds the picture's features and takes the product with
    the token. Here the token goes into the convolution's weights, which then has one channel.
    """
    last = decoder.mask_conv2
    fine = decoder.mask_conv1(upscaled.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    of_object = _convolved(decoder, fine, torch.einsum("bd,dcyx->bcyx", hq_token, last.weight))
    of_picture = (
        hq_token @ features.flatten(2)[0]
        if len(features) == 1
        else torch.einsum("bd,bdn->bn", hq_token, features.flatten(2))
    )
    shift = (hq_token @ last.bias)[:, None, None]
    return of_object + of_picture.view_as(of_object) + shift


def _convolved(decoder: Any, fine: Tensor, kernel: Tensor) -> Tensor:
    """Each (4h, 4w, C) of (B, 4h, 4w, C), normalized, convolved with its own (C, 3, 3) kernel: (B, 4h, 4w).

    One product for the nine taps, then their sum: convolutions with one channel out are slow.
    """
    places, kernel = fine.flatten(1, 2), kernel.flip(2, 3).flatten(2).mT
    if fine.device.type == "cpu" and not torch.is_grad_enabled():
        taps = _taps_in_parts(decoder, places, kernel)
    else:
        taps = kernel @ _normalized(decoder, places).mT  # (B, 9, N)
    return F.fold(taps, fine.shape[1:3], kernel_size=3, padding=1).squeeze(1)


def _taps_in_parts(decoder: Any, places: Tensor, kernel: Tensor) -> Tensor:
    """(B, N, C), normalized, by (B, 9, C): (B, 9, N). Some places at a time, which stay in the cache."""
    taps = places.new_empty(len(places), kernel.shape[1], places.shape[1])
    at_once = _VALUES_AT_ONCE // places.shape[2]
    for own_places, own_kernel, own_taps in zip(places, kernel, taps, strict=True):
        for some, into in zip(own_places.split(at_once), own_taps.split(at_once, dim=1), strict=True):
            into.copy_(linear(own_kernel, _normalized(decoder, some)))
    return taps


def _normalized(decoder: Any, fine: Tensor) -> Tensor:
    norm = decoder.mask_norm
    activated: Tensor = decoder.activation(
        F.layer_norm(fine, fine.shape[-1:], norm.weight, norm.bias, norm.eps)
    )
    return activated
