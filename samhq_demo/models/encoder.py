"""The ViT image encoder, exact and without its largest tensors.

SAM's encoder adds a decomposed relative-position bias to its attention (Li et al. 2022, "MViTv2",
eq. 4): for each head a matrix of all places by all places. In the global layers it takes most of
the time and memory to build. It need not be built: the bias of query and key is the query's bias
for the key's row plus that for the key's column, which is a product of the query, lengthened by its
row and column biases, and the key, lengthened by ones where its own row and column stand. That
trebles the products, which only units made for them (a GPU's, AMX) do for less than building costs;
elsewhere the bias is built for one head at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class EncodedImage(NamedTuple):
    """`last` (1, C, h, w), the image embedding; `early` (1, h, w, V), after the first global layer."""

    last: Tensor
    early: Tensor


def run_encoder(
    encoder: Any, pixel_values: Tensor, *, fold_bias: bool, on_layer: Callable[[], None] = lambda: None
) -> EncodedImage:
    """Run transformers' SAM or SAM-HQ vision encoder on (1, 3, S, S), layer by layer.

    fold_bias: whether the global layers' bias goes into their products; the result is the same.
    on_layer: called after each layer.
    """
    hidden = encoder.patch_embed(pixel_values)
    if encoder.pos_embed is not None:
        hidden = hidden + encoder.pos_embed
    early: Tensor | None = None
    for layer in encoder.layers:
        attended = layer.layer_norm1(hidden)
        if layer.window_size:
            attended = _in_windows(layer.attn, attended, size=layer.window_size)
        else:
            attended = layer.attn.proj(_global_attention(layer.attn, attended, fold_bias=fold_bias))
        hidden = hidden + attended
        hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
        if not layer.window_size and early is None:
            early = hidden
        on_layer()
    if early is None:
        raise ValueError(
            "The encoder has no global attention layer, which SAM-HQ's early features come from."
        )
    return EncodedImage(encoder.neck(hidden), early)


def _heads(attention: Any, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, h, w, V) -> queries, keys and values, each (B, heads, h*w, d)."""
    batch, height, width, _ = hidden.shape
    qkv = attention.qkv(hidden).view(batch, height * width, 3, attention.num_attention_heads, -1)
    queries, keys, values = qkv.permute(2, 0, 3, 1, 4)
    return queries, keys, values


def _biases(attention: Any, queries: Tensor, *, size_hw: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Each query's bias for every row, (B, heads, h, w, h), and for every column, (B, heads, h, w, w)."""
    height, width = size_hw
    rows = attention.get_rel_pos(height, height, attention.rel_pos_h)
    columns = attention.get_rel_pos(width, width, attention.rel_pos_w)
    placed = queries.unflatten(2, size_hw)
    return torch.einsum("bnhwc,hkc->bnhwk", placed, rows), torch.einsum("bnhwc,wkc->bnhwk", placed, columns)


def _joined(heads: Tensor, *, size_hw: tuple[int, int]) -> Tensor:
    """(B, heads, h*w, d) -> (B, h, w, heads*d)."""
    return heads.transpose(1, 2).reshape(heads.shape[0], *size_hw, -1)


def _global_attention(attention: Any, hidden: Tensor, *, fold_bias: bool) -> Tensor:
    """Attention of every place to every place. Keeps the shape."""
    size_hw = (hidden.shape[1], hidden.shape[2])
    queries, keys, values = _heads(attention, hidden)
    if not attention.use_rel_pos:
        attended = F.scaled_dot_product_attention(queries, keys, values, scale=attention.scale)
    elif fold_bias:
        attended = _folded(attention, queries, keys, values, size_hw=size_hw)
    else:
        attended = _head_by_head(attention, queries, keys, values, size_hw=size_hw)
    return _joined(attended, size_hw=size_hw)


def _folded(
    attention: Any, queries: Tensor, keys: Tensor, values: Tensor, *, size_hw: tuple[int, int]
) -> Tensor:
    """Attention with the bias in the product: (B, heads, h*w, d) each and back."""
    height, width = size_hw
    by_row, by_column = _biases(attention, queries, size_hw=size_hw)
    queries = torch.cat([queries * attention.scale, by_row.flatten(2, 3), by_column.flatten(2, 3)], dim=-1)
    row = torch.eye(height, dtype=keys.dtype, device=keys.device).repeat_interleave(width, dim=0)
    column = torch.eye(width, dtype=keys.dtype, device=keys.device).repeat(height, 1)
    places = torch.cat([row, column], dim=-1).expand(*keys.shape[:2], -1, -1)
    keys = torch.cat([keys, places], dim=-1)
    # torch takes its fast path only for values as wide as the keys.
    padded = F.pad(values, (0, height + width))
    attended = F.scaled_dot_product_attention(queries, keys, padded, scale=1.0)
    return attended[..., : values.shape[-1]]


def _head_by_head(
    attention: Any, queries: Tensor, keys: Tensor, values: Tensor, *, size_hw: tuple[int, int]
) -> Tensor:
    """Attention with the bias built for one head at a time: (B, heads, h*w, d) each and back."""
    by_row, by_column = _biases(attention, queries, size_hw=size_hw)
    attended = torch.empty_like(values)
    for head in range(queries.shape[1]):
        one = slice(head, head + 1)
        bias = _built(by_row[:, one], by_column[:, one])
        attended[:, one] = F.scaled_dot_product_attention(
            queries[:, one], keys[:, one], values[:, one], attn_mask=bias, scale=attention.scale
        )
    return attended


def _built(by_row: Tensor, by_column: Tensor) -> Tensor:
    """(B, n, h, w, h) and (B, n, h, w, w) -> the bias of every place to every place, (B, n, h*w, h*w)."""
    return (by_row.unsqueeze(-1) + by_column.unsqueeze(-2)).flatten(2, 3).flatten(-2)


def _in_windows(attention: Any, hidden: Tensor, *, size: int) -> Tensor:
    """Attention inside windows of `size` x `size` places, the last ones padded; then its projection.

    Here the bias is small, and building it is cheaper than folding it.
    """
    _, height, width, channels = hidden.shape
    pad_h, pad_w = -height % size, -width % size
    padded = F.pad(hidden, (0, 0, 0, pad_w, 0, pad_h)) if pad_h or pad_w else hidden
    rows, columns = padded.shape[1] // size, padded.shape[2] // size
    windows = (
        padded.view(rows, size, columns, size, channels).transpose(1, 2).reshape(-1, size, size, channels)
    )
    queries, keys, values = _heads(attention, windows)
    bias = None
    if attention.use_rel_pos:
        bias = _built(*_biases(attention, queries, size_hw=(size, size)))
    attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=attention.scale)
    joined = _joined(attended, size_hw=(size, size)).view(rows, columns, size, size, -1)
    whole = joined.transpose(1, 2).reshape(1, rows * size, columns * size, -1)
    # Padding is cut off before the projection, which works on each place alone.
    return attention.proj(whole[:, :height, :width])
