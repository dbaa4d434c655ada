"""What the official mask generators use of `torchvision.ops.boxes`, by its documentation, box by box."""

from __future__ import annotations

import torch
from torch import Tensor


def box_area(boxes: Tensor) -> Tensor:
    """(N, 4) boxes as (x0, y0, x1, y1) -> (N,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """The places of the boxes that stay, by falling score; boxes of unequal `idxs` never suppress each other.

    From the highest score down, each box that still stands takes out those below it whose IoU with it is
    greater than the threshold. Equal scores go in the order in which they come.
    """
    stands = torch.ones(len(boxes), dtype=torch.bool)
    order = scores.sort(stable=True, descending=True).indices.tolist()
    for rank, one in enumerate(order):
        for other in order[rank + 1 :] if stands[one] else ():
            if stands[other] and idxs[one] == idxs[other] and _iou(boxes[one], boxes[other]) > iou_threshold:
                stands[other] = False
    return torch.tensor([one for one in order if stands[one]], dtype=torch.int64)


def _iou(a: Tensor, b: Tensor) -> float:
    sides = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    both = sides[0] * sides[1]
    return float(both / (box_area(a[None])[0] + box_area(b[None])[0] - both))
