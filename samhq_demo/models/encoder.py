"""The ViT image encoder, exact, without its largest tensors and without needless copies.

A windowed layer sees each row of windows alone, and what is not attention sees each place alone. So
on a CPU a layer goes through the picture in parts that stay in its cache, and adds to the hidden
states where they lie. Whole tensors of every layer would be read from memory again and again, and
the memory of the large ones given back and cleared anew each time, which costs more still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from samhq_demo.models.attention import global_attention, windowed_attention
from samhq_demo.models.products import activated, projected

_PART_PLACES = 2048  # enough that products run at full speed; of ViT-B's MLP 25 MB


class EncodedImage(NamedTuple):
    """`last` (B, C, h, w), the image embeddings; `early` (B, h, w, V), SAM-HQ's early features.

    Those of a ViT are what leaves its first global layer.
    """

    last: Tensor
    early: Tensor


@torch.inference_mode()
def run_encoder(
    encoder: Any, pixel_values: Tensor, *, fold_bias: bool, on_layer: Callable[[], None] = lambda: None
) -> EncodedImage:
    """Run transformers' SAM or SAM-HQ vision encoder on (B, 3, S, S), layer by layer.

    Args:
        fold_bias: whether the global layers' bias goes into their products; the result is the same.
        on_layer: called after each layer.
    """
    hidden = encoder.patch_embed(pixel_values)
    if encoder.pos_embed is not None:
        hidden += encoder.pos_embed
    early: Tensor | None = None
    for layer in encoder.layers:
        _run_layer(layer, hidden, fold_bias=fold_bias)
        if not layer.window_size and early is None:
            early = hidden.clone()  # the layers after it work in the same memory
        on_layer()
    if early is None:
        raise ValueError(
            "The encoder has no global attention layer, which SAM-HQ's early features come from."
        )
    return EncodedImage(encoder.neck(hidden), early)


def _run_layer(layer: Any, hidden: Tensor, *, fold_bias: bool) -> None:
    """Change (B, h, w, V) to what a layer makes of it."""
    if layer.window_size:
        for part in _parts(hidden, rows_of=layer.window_size):
            part.add_(windowed_attention(layer.attn, layer.layer_norm1(part), size=layer.window_size))
            part.add_(_wider_and_back(layer.mlp, layer.layer_norm2(part)))
        return
    attended = global_attention(layer.attn, layer.layer_norm1(hidden), fold_bias=fold_bias)
    for part, seen in zip(_parts(hidden), _parts(attended), strict=True):
        part.add_(projected(layer.attn.proj, seen))
        part.add_(_wider_and_back(layer.mlp, layer.layer_norm2(part)))


def _wider_and_back(mlp: Any, hidden: Tensor) -> Tensor:
    wider = activated(mlp.act, hidden, mlp.lin1.weight, mlp.lin1.bias)
    return projected(mlp.lin2, wider)


def _parts(hidden: Tensor, *, rows_of: int = 1) -> Sequence[Tensor]:
    """Views of (B, h, w, V), each a multiple of `rows_of` rows but the last; off the CPU just one."""
    height, width = hidden.shape[1:3]
    rows = max(1, _PART_PLACES // (rows_of * width)) * rows_of
    return hidden.split(rows if hidden.device.type == "cpu" else height, dim=1)
