"""Prompts of a training step, embedded by the model's own prompt encoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from samhq_demo.models.input_transform import MASK_PROMPT_LOGIT


def embed_prompt(
    model: nn.Module,
    *,
    points: Tensor | None = None,
    labels: Tensor | None = None,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    count: int,
) -> dict[str, Tensor | None]:
    """Points (B, N, 2), labels (B, N), boxes (B, 4), mask logits (B, 1, 4h, 4w) -> sparse, dense."""
    sparse, dense = model.prompt_encoder(
        points.unsqueeze(0) if points is not None else None,
        labels.unsqueeze(0) if labels is not None else None,
        boxes.unsqueeze(0) if boxes is not None else None,
        masks,
    )
    if dense.shape[0] != count:
        dense = dense.expand(count, -1, -1, -1)
    return {"sparse": sparse.squeeze(0) if sparse is not None else None, "dense": dense}


def _pixel_of(region: Tensor, generator: torch.Generator) -> Tensor:
    """A random true pixel (x, y) of each (B, h, w) region; any pixel where a region is empty."""
    flat = region.flatten(1).float() + 1e-9
    at = torch.multinomial(flat, 1, generator=generator).squeeze(1)
    return torch.stack([at % region.shape[2], at // region.shape[2]], dim=1).float()


def correction(logits: Tensor, truth: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Where a person would click next: points (B, 2) in mask pixels, labels (B,)."""
    wrong = (logits > 0) != (truth > 0.5)
    wrong |= ~wrong.flatten(1).any(1)[:, None, None]
    at = _pixel_of(wrong, generator)
    rows = torch.arange(len(at), device=at.device)
    return at, (truth[rows, at[:, 1].long(), at[:, 0].long()] > 0.5).long()


def more_points(truth: Tensor, extra: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`extra` points in and around each (B, h, w) object: (B, extra, 2) and labels (B, extra)."""
    near = torch.nn.functional.max_pool2d(truth.unsqueeze(1), 9, 1, 4).squeeze(1) - truth
    points, labels = [], []
    for _ in range(extra):
        inside = torch.rand((), generator=generator, device=truth.device) < 0.5
        at = _pixel_of(torch.where(inside, truth, near) > 0.5, generator)
        rows = torch.arange(len(at), device=at.device)
        points.append(at)
        labels.append((truth[rows, at[:, 1].long(), at[:, 0].long()] > 0.5).long())
    return torch.stack(points, 1), torch.stack(labels, 1)


def rough_mask(truth: Tensor, choices: torch.Generator) -> Tensor:
    """The truth grown or shrunk by a few pixels, as mask-prompt logits (B, 1, h, w).

    How far is drawn on the CPU, whatever holds the truth: a GPU would be waited for.
    """
    reach = int(torch.randint(0, 3, (), generator=choices)) * 2 + 1
    sign = 1 if torch.rand((), generator=choices) < 0.5 else -1
    moved = sign * nn.functional.max_pool2d(sign * truth.unsqueeze(1), reach, 1, reach // 2)
    return torch.where(moved > 0.5, MASK_PROMPT_LOGIT, -MASK_PROMPT_LOGIT)
