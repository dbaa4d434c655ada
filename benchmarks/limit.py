"""The least time an image encoder can take: its operations by the speed of this machine's matrix products."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from samhq_demo.models.products import linear

# A large square product, and those of ViT-B's feed-forward layers.
SHAPES = ((2048, 2048, 2048), (4096, 768, 3072), (4096, 3072, 768))


@dataclass(frozen=True, slots=True)
class EncoderFlops:
    """Floating-point operations of one pass, a multiplication with its addition being two.

    Only products are counted, and only of places in the picture's square: what windows are padded
    with needs no queries, no projections and no feed-forward layer. Its keys and values do take
    part in the attention, so they are counted there.
    """

    patches: int
    linear: int
    attention: int
    positions: int
    neck: int

    @property
    def total(self) -> int:
        return self.patches + self.linear + self.attention + self.positions + self.neck


def encoder_flops(vision: Any) -> EncoderFlops:
    """Count from the geometry in a transformers vision configuration of SAM or SAM-HQ."""
    side = vision.image_size // vision.patch_size
    places, width, layers = side * side, vision.hidden_size, vision.num_hidden_layers
    whole = len([i for i in vision.global_attn_indexes if i < layers])
    window = vision.window_size
    keys = whole * places + (layers - whole) * window * window  # that a place attends to, in all layers
    rows = whole * 2 * side + (layers - whole) * 2 * window  # rows and columns it has a bias for
    out = vision.output_channels
    return EncoderFlops(
        patches=2 * places * width * vision.num_channels * vision.patch_size**2,
        linear=2 * places * layers * (4 * width * width + 2 * width * vision.mlp_dim),
        attention=2 * places * 2 * keys * width,
        positions=2 * places * rows * width if vision.use_rel_pos else 0,
        neck=2 * places * (width * out + 9 * out * out),
    )


def matmul_peak(dtype: torch.dtype, *, seconds: float = 1.0) -> float:
    """The fastest matrix product seen within about `seconds` for each shape, in operations a second.

    Of torch's usual ones and of this project's, which are faster on some processors.
    """
    best = 0.0
    for rows, inner, columns in SHAPES:
        left, right = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
        until = time.perf_counter() + seconds
        with torch.inference_mode():
            while (began := time.perf_counter()) < until:
                torch.mm(left, right)
                between = time.perf_counter()
                linear(left, right.mT)
                fastest = min(between - began, time.perf_counter() - between)
                best = max(best, 2 * rows * inner * columns / fastest)
    return best
