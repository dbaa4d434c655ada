"""The image encoder's attention, with its decomposed relative-position bias.

SAM's encoder adds a bias to its attention (Li et al. 2022, "MViTv2", eq. 4): for each head a matrix
of all places by all places. In the global layers it takes most of the time and memory to build. It
need not be built: the bias of query and key is the query's bias for the key's row plus that for the
key's column, which is a product of the query, lengthened by its row and column biases, and the key,
lengthened by ones where its own row and column stand. That trebles the products, which only units
made for them (a GPU's, AMX) do for less than building costs; elsewhere the bias is built for some
queries of one head at a time, in the same memory, or added to their scores where they lie.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.models.products import is_by_onednn, linear, projected, scaled_dot_product_attention

# Queries whose bias is built at once: one of torch's blocks for each thread, and 4 MB at 1024 px.
_QUERIES_A_THREAD = 256


def global_attention(attention: Any, hidden: Tensor, *, fold_bias: bool) -> Tensor:
    """Attention of every place to every place, before its projection. Keeps the shape (B, h, w, V)."""
    size_hw = (hidden.shape[1], hidden.shape[2])
    queries, keys, values = _heads(attention, projected(attention.qkv, hidden))
    if not attention.use_rel_pos:
        attended = F.scaled_dot_product_attention(queries, keys, values, scale=attention.scale)
    elif fold_bias:
        attended = _folded(attention, queries, keys, values, size_hw=size_hw)
    else:
        pictures = zip(*(t.split(1) for t in (queries, keys, values)), strict=True)
        seen = [_head_by_head(attention, *picture, size_hw=size_hw) for picture in pictures]
        return seen[0] if len(seen) == 1 else torch.cat(seen)
    return _joined(attended, size_hw=size_hw)


def windowed_attention(attention: Any, hidden: Tensor, *, size: int) -> Tensor:
    """Attention inside windows of `size` x `size` places, and its projection. Keeps (B, h, w, V).

    Here the bias is small, and building it is cheaper than folding it.
    """
    batch, height, width, _ = hidden.shape
    windows = _windows(_padded(attention, projected(attention.qkv, hidden), size=size), size=size)
    queries, keys, values = _heads(attention, windows)
    bias = None
    if attention.use_rel_pos:
        bias = _built(*_biases(attention, queries, size_hw=(size, size)))
    attended = scaled_dot_product_attention(queries, keys, values, bias, scale=attention.scale)
    whole = _whole(_joined(attended, size_hw=(size, size)), batch=batch, columns=-(-width // size))
    # Padding is cut off before the projection, which works on each place alone.
    return projected(attention.proj, whole[:, :height, :width])


def _padded(attention: Any, qkv: Tensor, *, size: int) -> Tensor:
    """(B, h, w, 3V) -> the same with h and w multiples of `size`.

    The official encoder pads its input with zeros, so what is padded here is the bias of `qkv`.
    """
    batch, height, width, channels = qkv.shape
    pad_h, pad_w = -height % size, -width % size
    if not (pad_h or pad_w):
        return qkv
    padded = qkv.new_empty(batch, height + pad_h, width + pad_w, channels)
    padded[:, :height, :width] = qkv
    fill = 0 if attention.qkv.bias is None else attention.qkv.bias
    padded[:, height:] = fill
    padded[:, :height, width:] = fill
    return padded


def _windows(hidden: Tensor, *, size: int) -> Tensor:
    """(B, h, w, C) -> (windows, size, size, C), row by row of windows; no copy where there is one row."""
    rows, columns = len(hidden) * hidden.shape[1] // size, hidden.shape[2] // size
    return hidden.view(rows, size, columns, size, -1).transpose(1, 2).flatten(0, 1)


def _whole(windows: Tensor, *, batch: int, columns: int) -> Tensor:
    """The reverse of `_windows`."""
    _, size, _, channels = windows.shape
    placed = windows.view(-1, columns, size, size, channels).transpose(1, 2)
    return placed.reshape(batch, -1, columns * size, channels)


def _heads(attention: Any, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, h, w, 3V) -> queries, keys and values, each (B, heads, h*w, d)."""
    split = qkv.flatten(1, 2).unflatten(-1, (3, attention.num_attention_heads, -1))
    queries, keys, values = split.permute(2, 0, 3, 1, 4)
    return queries, keys, values


def _joined(heads: Tensor, *, size_hw: tuple[int, int]) -> Tensor:
    """(B, heads, h*w, d) -> (B, h, w, heads*d)."""
    return heads.transpose(1, 2).flatten(2).unflatten(1, size_hw)


def _biases(attention: Any, queries: Tensor, *, size_hw: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Each query's bias for every row, (B, heads, h, w, h), and for every column, (B, heads, h, w, w)."""
    height, width = size_hw
    rows = _relative(attention, attention.rel_pos_h, height)
    columns = _relative(attention, attention.rel_pos_w, width)
    placed = queries.unflatten(2, size_hw)
    return torch.einsum("bnhwc,hkc->bnhwk", placed, rows), torch.einsum("bnhwc,wkc->bnhwk", placed, columns)


def _relative(attention: Any, table: Tensor, size: int) -> Tensor:
    """The table's vector for each query and key along one side: (2 * size - 1, d) -> (size, size, d).

    A table of that length, as the published models have, is not resized. Then nothing comes from the CPU, as
    transformers' index does: a CUDA graph could not hold that.
    """
    if len(table) != 2 * size - 1:
        resized: Tensor = attention.get_rel_pos(size, size, table)
        return resized
    return table.unfold(0, size, 1).flip(-1).mT


def _built(by_row: Tensor, by_column: Tensor) -> Tensor:
    """(B, n, h, w, h) and (B, n, h, w, w) -> the bias of every place to every place, (B, n, h*w, h*w)."""
    bias = by_row.new_empty(*by_row.shape, by_column.shape[-1])
    torch.add(by_row.unsqueeze(-1), by_column.unsqueeze(-2), out=bias)
    return bias.flatten(2, 3).flatten(-2)


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
    """Attention of some rows of queries at a time, with their bias built or added.

    (1, heads, h*w, d) each -> (1, h, w, heads*d).
    """
    height, width = size_hw
    heads, _, depth = queries.shape[1:]
    attended = queries.new_empty(height, width, heads, depth)
    rows = min(height, max(1, _QUERIES_A_THREAD * torch.get_num_threads() // width))
    memory = queries.new_empty(rows, width, height, width)
    for head in range(heads):
        # Each head by itself in memory: its products are faster so.
        query, key, value = (t[:, head, None].contiguous() for t in (queries, keys, values))
        by_row, by_column = (bias[0, 0] for bias in _biases(attention, query, size_hw=size_hw))
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            asking = query[..., top * width : bottom * width, :]
            biases = by_row[top:bottom, :, :, None], by_column[top:bottom, :, None]
            if is_by_onednn(asking, of=(torch.float32,)):
                seen = _attention_in_place(asking[0, 0] * attention.scale, key[0, 0], value[0, 0], *biases)
            else:
                bias = torch.add(*biases, out=memory[: bottom - top]).flatten(0, 1).flatten(1)[None, None]
                seen = scaled_dot_product_attention(asking, key, value, bias, scale=attention.scale)
            attended[top:bottom, :, head] = seen.view(-1, width, depth)
    return attended.flatten(2)[None]


def _attention_in_place(
    queries: Tensor, keys: Tensor, values: Tensor, by_row: Tensor, by_column: Tensor
) -> Tensor:
    """Attention of scaled queries (Q, d) to keys and values (K, d): (Q, d).

    Scores become shares where they lie: a second tensor would push the first out of the cache.

    Args:
        by_row: (rows, w, h, 1), and by_column: (rows, w, 1, w), which are added to the scores.
    """
    scores = linear(queries, keys)
    scores.view(*by_row.shape[:3], -1).add_(by_row).add_(by_column)
    return linear(torch.softmax(scores, -1, out=scores), values.mT)
