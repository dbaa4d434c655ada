"""`upsampling.upsample` on the device that holds the logits: every pixel there, the runs alone come back.

A GPU has a picture's pixels in less time than its contour can be followed on the CPU, and in less than the
logits take to get there.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.masks.runs import Runs
from samhq_demo.models.upsampling import FAR, STABILITY_OFFSET, FullMask


@torch.inference_mode()
def upsample_there(
    logits: Tensor,
    *,
    square: int,
    resized_wh: tuple[int, int],
    size_wh: tuple[int, int],
    offset: float = STABILITY_OFFSET,
) -> list[FullMask]:
    """`upsampling.upsample` of each of (N, h, w) logits, with its arguments, on their device."""
    columns = _resized(logits, square=square, resized_wh=resized_wh, size_wh=size_wh)
    counts = [(columns > threshold).sum((1, 2)) for threshold in (offset, -offset)]
    runs = _runs(columns > 0)
    return [
        FullMask(own, above, below)
        for own, above, below in zip(runs, *torch.stack(counts).tolist(), strict=True)
    ]


@torch.inference_mode()
def preview_there(
    logits: Tensor, *, square: int, resized_wh: tuple[int, int], size_wh: tuple[int, int]
) -> Runs:
    """`upsampling.upsample_preview` of logits (h, w), with its arguments, on their device."""
    columns = _resized(logits[None], square=square, resized_wh=resized_wh, size_wh=size_wh)
    return _runs(columns > 0)[0]


def _resized(logits: Tensor, *, square: int, resized_wh: tuple[int, int], size_wh: tuple[int, int]) -> Tensor:
    """Both bilinear resizes, (N, h, w) -> (N, W, H): column by column from the start, as runs go."""
    columns = logits.mT[:, None].nan_to_num(nan=-FAR, posinf=FAR, neginf=-FAR)
    columns = F.interpolate(columns, (square, square), mode="bilinear", align_corners=False)
    columns = columns[..., : resized_wh[0], : resized_wh[1]]
    return F.interpolate(columns, size_wh, mode="bilinear", align_corners=False).squeeze(1)


def _runs(columns: Tensor) -> list[Runs]:
    """Of N masks' columns, bool (N, W, H)."""
    count, width, height = columns.shape
    flat = columns.new_zeros(count, width * height + 2)
    flat[:, 1:-1] = columns.flatten(1)
    mask, edges = (flat[:, 1:] != flat[:, :-1]).nonzero().cpu().numpy().T
    ends = np.searchsorted(mask, np.arange(1, count))
    return [Runs((height, width), own) for own in np.split(edges, ends)]
