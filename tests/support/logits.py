"""Logits of masks of all kinds, and sizes of pictures that they are brought to."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SIZES = {
    "as the square": (256, 256),
    "enlarged": (1500, 1000),
    "portrait": (410, 1490),
    "reduced": (150, 101),
    "odd": (641, 479),
    "wider than it is high by far": (900, 3),
    "one pixel wide": (1, 700),
    "one pixel high": (700, 1),
    "one pixel": (1, 1),
}


def soft(seed: int, cells: int, scale: float) -> Tensor:
    coarse = torch.randn((1, 1, cells, cells), generator=torch.Generator().manual_seed(seed)) * scale
    return F.interpolate(coarse, (64, 64), mode="bicubic")[0, 0]


def lines() -> Tensor:
    """Lines thinner than a cell of the logits, upright, level and aslant."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    near = torch.stack([(x - 20.3).abs(), (y - 11.7).abs(), (x + y - 60.4).abs() / 2**0.5]).amin(0)
    return 2.0 - 3.0 * near


LOGITS = {
    "smooth": soft(0, 6, 8.0),
    "ragged": soft(1, 64, 3.0),
    "faint": soft(2, 20, 0.7),
    "steep": soft(3, 12, 500.0),
    "thin lines": lines(),
    "all in": torch.full((64, 64), 5.0),
    "all out": torch.full((64, 64), -5.0),
    "only in doubt": torch.full((64, 64), -0.5),
    "one cell": torch.full((64, 64), -4.0).index_put((torch.tensor(30), torch.tensor(2)), torch.tensor(9.0)),
}
