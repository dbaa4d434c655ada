"""The mask decoders' two-way transformer, exact, with few projections of the picture.

Tokens are few and the picture's places many. The official order projects every place to a key, a
value or a query for each attention (Kirillov et al. 2023, "Segment Anything", fig. 14). A query times
a projected place is the query, projected back, times the place itself; and a weighted sum of projected
places is their weighted sum, projected. So here the tokens go through the picture's projections, and
the picture meets them as it is. With 7 tokens that is less than half of the products.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.models.products import plus_linear, times


def two_way(transformer: Any, tokens: Tensor, image: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Run transformers' `SamTwoWayTransformer`.

    Args:
        tokens: (B, T, C).
        image: (1 or B, N, C), a row for each place; 1 where all objects are of one picture.
        positions: (1, N, C), the places' positional encoding.

    Returns:
        The tokens (B, T, C) and the image (B, N, C).
    """
    points = tokens  # tokens get their first value added wherever they are compared
    if _projecting_is_cheaper(transformer, tokens):
        return _as_shipped(transformer, tokens, image, positions)
    for layer in transformer.layers:
        tokens = attend_tokens(layer, tokens, points)
        placed = image + positions
        tokens = layer.layer_norm2(
            tokens + _look_at_image(layer.cross_attn_token_to_image, tokens + points, placed, image)
        )
        tokens = layer.layer_norm3(tokens + layer.mlp(tokens))
        image = layer.layer_norm4(
            _looked_at(layer.cross_attn_image_to_token, placed, tokens + points, tokens, image)
        )
    attention = transformer.final_attn_token_to_image
    seen = _look_at_image(attention, tokens + points, image + positions, image)
    return transformer.layer_norm_final_attn(tokens + seen), image


def attend_tokens(layer: Any, tokens: Tensor, points: Tensor) -> Tensor:
    """A layer's attention among tokens (B, T, C); `points` are their first values."""
    if layer.skip_first_layer_pe:
        tokens = _attend(layer.self_attn, tokens, tokens)
    else:
        tokens = tokens + _attend(layer.self_attn, tokens + points, tokens)
    return layer.layer_norm1(tokens)


def _projecting_is_cheaper(transformer: Any, tokens: Tensor) -> bool:
    """Whether there are so many tokens, that is points, that it takes less to project the picture."""
    attention = transformer.final_attn_token_to_image
    return tokens.shape[1] * attention.num_attention_heads > 2 * attention.internal_dim


def _as_shipped(transformer: Any, tokens: Tensor, image: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """The same by the module's own `forward`, which wants a square grid and a prompt axis."""
    count, places, channels = len(tokens), *image.shape[1:]
    seen = transformer(
        point_embeddings=tokens.unsqueeze(1),
        image_embeddings=image.mT.reshape(-1, channels, 1, places).expand(count, -1, -1, -1),
        image_positional_embeddings=positions.mT.reshape(-1, channels, 1, places).expand(count, -1, -1, -1),
        attention_similarity=None,
    )
    return seen[0].squeeze(1), seen[1].squeeze(1)


def split_heads(attention: Any, projected: Tensor) -> Tensor:
    """(B, T, I) -> (B, heads, T, I/heads)."""
    return projected.unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)


def _by_head(attention: Any, projection: Any) -> Tensor:
    """A projection's weights, (I, C) -> (heads, I/heads, C)."""
    return projection.weight.unflatten(0, (attention.num_attention_heads, -1))


def _attend(attention: Any, compared: Tensor, values: Tensor) -> Tensor:
    """Attention among tokens: queries and keys of `compared`, (B, T, C) both, values of `values`."""
    queries, keys, carried = (
        split_heads(attention, projection(of))
        for projection, of in (
            (attention.q_proj, compared),
            (attention.k_proj, compared),
            (attention.v_proj, values),
        )
    )
    seen = F.scaled_dot_product_attention(queries, keys, carried, scale=attention.scaling)
    return attention.out_proj(seen.transpose(1, 2).flatten(2))


def _look_at_image(attention: Any, tokens: Tensor, placed: Tensor, image: Tensor) -> Tensor:
    """What tokens (B, T, C) see of an image (1 or B, N, C), `placed` being it with its positions.

    The keys' bias adds the same to each score of a query, and softmax takes it away again. The
    values' bias is added once, since a query's weights sum to 1.
    """
    queries = split_heads(attention, attention.q_proj(tokens)) * attention.scaling
    through = queries @ _by_head(attention, attention.k_proj)  # (B, heads, T, C)
    weights = times(through.flatten(1, 2), placed.mT).softmax(-1)  # (B, heads*T, N)
    seen = times(weights, image).view_as(through)
    values = seen @ _by_head(attention, attention.v_proj).mT  # (B, heads, T, I/heads)
    return attention.out_proj(values.transpose(1, 2).flatten(2) + attention.v_proj.bias)


def _looked_at(attention: Any, placed: Tensor, compared: Tensor, tokens: Tensor, image: Tensor) -> Tensor:
    """The image (B, N, C) with what it sees of the tokens added.

    `compared` are the tokens with their first values, `placed` the image with its positions.
    """
    keys = split_heads(attention, attention.k_proj(compared)) * attention.scaling
    through = keys @ _by_head(attention, attention.q_proj)  # (B, heads, T, C)
    bias = keys @ attention.q_proj.bias.unflatten(0, (attention.num_attention_heads, -1, 1))
    scores = times(through.flatten(1, 2), placed.mT).unflatten(1, through.shape[1:3])
    weights = (scores + bias).softmax(2).flatten(1, 2)  # (B, heads*T, N)
    out = attention.out_proj.weight.unflatten(1, (attention.num_attention_heads, -1))  # (C, heads, I/heads)
    values = split_heads(attention, attention.v_proj(tokens)) @ out.permute(1, 2, 0)  # (B, heads, T, C)
    values = values + attention.out_proj.bias / attention.num_attention_heads  # each head's weights sum to 1
    vectors = values.flatten(1, 2)
    if len(tokens) == len(image) == 1:
        return plus_linear(image[0], weights[0].mT, vectors[0].mT).unsqueeze(0)
    return torch.baddbmm(image.expand(len(tokens), -1, -1), weights.mT, vectors)
