"""Muon: steps of equal size in every direction of a matrix (Jordan et al. 2024).

torch has this optimizer too, but computes its Newton-Schulz steps in bfloat16, one matrix at a time. On a
CPU without bfloat16 units that was two thirds of a training step of `tiny`. Here the precision can be
chosen, and all matrices of a shape are done at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

# The quintic polynomial of Jordan et al., which brings singular values near 1 in five steps.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal, with decoupled weight decay.

    Args:
        parameters: matrices, (out, in) each.
        lr: the size of a step, comparable to AdamW's: steps are scaled to a root mean square of 0.2.
        momentum: of the gradient.
        weight_decay: the share of a weight that is taken off each step, times `lr`.
        dtype: what the orthogonal step is computed in.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._dtype = dtype
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        if closure is not None:
            raise ValueError("Muon here takes no closure: call backward() first, then step().")
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(tuple(weight.shape), []).append(weight)
            for weights in by_shape.values():
                self._move(weights, group)

    def _move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        ahead = []
        for weight in weights:
            state = self.state[weight]
            momentum = state.setdefault("momentum", torch.zeros_like(weight))
            momentum.lerp_(weight.grad, 1 - group["momentum"])
            ahead.append(weight.grad.lerp(momentum, group["momentum"]))
        rows, columns = weights[0].shape
        scale = 0.2 * max(rows, columns) ** 0.5
        for weight, step in zip(weights, orthogonal(torch.stack(ahead), self._dtype), strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.sub_(step.to(weight.dtype), alpha=group["lr"] * scale)


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """(N, m, n) -> the same with all singular values near 1."""
    x = matrices.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return x.mT if tall else x
