"""Losses of masks, of scores, and of the picture's embedding alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def mask_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Balanced cross-entropy plus dice, for each mask.

    Args:
        logits: (..., h, w).
        truth: (..., h, w) in 0..1, broadcastable.

    Returns:
        (...): object and background weigh the same however small the object is.
    """
    truth = truth.expand_as(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    inside = (entropy * truth).sum((-2, -1)) / (truth.sum((-2, -1)) + 1)
    outside = (entropy * (1 - truth)).sum((-2, -1)) / ((1 - truth).sum((-2, -1)) + 1)
    plain = entropy.mean((-2, -1))
    probability = logits.sigmoid()
    overlap = (probability * truth).sum((-2, -1))
    dice = 1 - (2 * overlap + 1) / (probability.sum((-2, -1)) + truth.sum((-2, -1)) + 1)
    return 0.25 * (inside + outside) + 2 * plain + dice


def moved(logits: Tensor, where: Tensor) -> Tensor:
    """How far masks are from where they were, as a share of their area: (..., h, w) logits both -> (...)."""
    before = where.sigmoid()
    return (logits.sigmoid() - before).abs().sum((-2, -1)) / (before.sum((-2, -1)) + 1)


@torch.no_grad()
def mask_iou(logits: Tensor, truth: Tensor) -> Tensor:
    """(..., h, w) logits against truth in 0..1 -> (...) IoU of what both hold above a half."""
    mask, true = logits > 0, truth.expand_as(logits) > 0.5
    either = (mask | true).sum((-2, -1)).clamp(min=1)
    return (mask & true).sum((-2, -1)) / either


_PLACES = 256  # of each picture that are compared with each other


class AffinityHead(nn.Module):
    """Tells from the image embedding alone whether two places belong to one object.

    A dense lesson for the encoder that does not wait for the decoder to learn to look. It is
    thrown away after training.
    """

    def __init__(self, channels: int, width: int = 16) -> None:
        super().__init__()
        self.width = width
        self.project = nn.Conv2d(channels, width * 16, 1)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.offset = nn.Parameter(torch.tensor(2.0))

    def forward(self, embeddings: Tensor, instances: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings (B, C, h, w) and instance numbers (B, 4h, 4w) -> a scalar loss.

        Number 0 is a ground that is one thing; negative numbers are what nobody has sorted: apart
        from the objects, and nothing is said of two such places.
        """
        fine = F.pixel_shuffle(self.project(embeddings), 4).flatten(2).float()  # (B, width, 16hw)
        number = instances.flatten(1).long()
        weight = torch.where(number > 0, 3.0, 1.0)
        picks = torch.multinomial(weight, _PLACES, generator=generator)
        chosen = fine.gather(2, picks.unsqueeze(1).expand(-1, self.width, -1)).transpose(1, 2)
        square = chosen.square().sum(-1)
        distance = square.unsqueeze(1) + square.unsqueeze(2) - 2 * chosen @ chosen.mT
        same_logit = self.offset - self.scale.abs() * distance.clamp(min=0)
        label = number.gather(1, picks)
        same = (label.unsqueeze(1) == label.unsqueeze(2)).float()
        known = ((label.unsqueeze(1) >= 0) | (label.unsqueeze(2) >= 0)).float()
        entropy = F.binary_cross_entropy_with_logits(same_logit, same, reduction="none")
        together, apart = same * known, (1 - same) * known
        pulled = (entropy * together).sum() / together.sum().clamp(min=1)
        return pulled + (entropy * apart).sum() / apart.sum().clamp(min=1)
