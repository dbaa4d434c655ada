"""Matrix products on a CPU, by oneDNN where torch would take MKL and MKL is slow.

torch computes float32 products on a CPU, and those inside `scaled_dot_product_attention`, by MKL. On AMD's
processors with AVX512 MKL uses half of it in float32, and a sixth in bfloat16; oneDNN, which is a part of
torch as well, uses all. Measured on 2 cores of an EPYC, 4096 x 768 by 768 x 3072: 194 GFLOP/s against 362;
attention of 1024 queries to 4096 keys in bfloat16: 6.1 ms fused, 2.3 ms as two of oneDNN's products.
The results are the same to rounding.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@functools.cache
def mkl_is_slow() -> bool:
    """Whether this is a processor on which MKL leaves units idle that oneDNN uses."""
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    is_amd = str(capabilities.get("cpu_name", "")).startswith("AMD")
    return is_amd and bool(capabilities.get("avx512_f")) and hasattr(torch.ops.mkldnn, "_linear_pointwise")


@functools.cache
def onednn_has_bfloat16() -> bool:
    """Whether oneDNN multiplies bfloat16: not without AVX512, nor where ONEDNN_MAX_CPU_ISA forbids it."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return supported is not None and bool(supported())


def linear(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.linear`: values (..., K) by weight (N, K), of any strides, and a bias (N,)."""
    if not is_by_onednn(values, of=(torch.float32,)):
        return F.linear(values, weight, bias)
    # Inductor's operation: it has no gradient.
    product: Tensor = torch.ops.mkldnn._linear_pointwise(values, weight, bias, "none", [], "")
    return product


def times(rows: Tensor, image: Tensor) -> Tensor:
    """(B, R, K) by (1 or B, K, N): (B, R, N); one large product where the image is one."""
    return linear(rows, image[0].mT) if len(image) == 1 else rows @ image


def projected(layer: Any, values: Tensor) -> Tensor:
    """What an `nn.Linear` makes of values (..., K)."""
    return linear(values, layer.weight, layer.bias)


def activated(activation: Any, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What an activation makes of `linear`, in one go where it is the exact GELU."""
    of = (torch.float32, torch.bfloat16)
    if _is_exact_gelu(activation) and is_by_onednn(values, of=of):
        both: Tensor = torch.ops.mkldnn._linear_pointwise(values, weight, bias, "gelu", [], "none")
        return both
    changed: Tensor = activation(linear(values, weight, bias))
    return changed


def _is_exact_gelu(activation: Any) -> bool:
    """As transformers' "gelu" is, or torch's own."""
    if isinstance(activation, nn.GELU):
        return activation.approximate == "none"
    return getattr(activation, "act", None) is F.gelu


def plus_linear(added: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """`added + linear(values, weight)` of (M, K) and (N, K): (M, N), in one go."""
    if not is_by_onednn(values, of=(torch.float32,)):
        return torch.addmm(added, values, weight.mT)
    both: Tensor = torch.ops.mkldnn._linear_pointwise.binary(values, added, weight, None, "add")
    return both


def is_by_onednn(values: Tensor, *, of: tuple[torch.dtype, ...]) -> bool:
    """Whether they are multiplied by oneDNN here: on such a CPU, of one of these types, without gradients."""
    fits = values.device.type == "cpu" and values.dtype in of and not torch.is_grad_enabled()
    if not (fits and mkl_is_slow() and torch.backends.mkldnn.enabled):
        return False
    return values.dtype != torch.bfloat16 or onednn_has_bfloat16()


def scaled_dot_product_attention(
    queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None, *, scale: float
) -> Tensor:
    """torch's, of (B, heads, Q, D), (B, heads, K, D) twice and a bias (B, heads, Q, K): (B, heads, Q, D).

    In bfloat16 by hand the scores are rounded as well, which torch's own keeps in float32.
    """
    if is_by_onednn(queries, of=(torch.bfloat16,)):
        scaled, keys, values = (t.flatten(0, 1) for t in (queries * scale, keys, values))
        if bias is None:
            scores = torch.bmm(scaled, keys.mT)
        else:
            scores = torch.baddbmm(bias.expand(*queries.shape[:3], -1).flatten(0, 1), scaled, keys.mT)
        return torch.bmm(scores.softmax(-1), values).unflatten(0, queries.shape[:2])
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=scale)
