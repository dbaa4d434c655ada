"""What is measured of one mask: IoU, boundary IoU, depth, thinness, and the clicks that it took."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.overlap import Overlap
from samhq_demo.masks.runs import Mask, Runs

# Distances that are compared at a time: some 32 MB of working memory, however large the mask.
_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True)
class MaskScore:
    """IoU and boundary IoU of one mask with the truth, 0 to 1.

    The boundary is 2 % of the picture's diagonal wide, as in Boundary IoU (Cheng et al. 2021) and in the
    evaluation of HQ-SAM. Two empty masks agree (1.0); an empty mask and one that is not have nothing in
    common (0.0).
    """

    iou: float
    boundary_iou: float

    @classmethod
    def of(cls, mask: Runs, truth: Runs, *, void: Runs | None = None) -> MaskScore:
        """Of masks of one size; void: pixels that are taken out of both before anything is counted."""
        if void is not None:
            mask, truth = mask.without(void), truth.without(void)
        overlap = Overlap.between(mask, truth)
        return cls(overlap.iou, overlap.boundary_iou)


def clicks_needed(ious: Sequence[float], threshold: float, *, most: int) -> int:
    """NoC: how many clicks until the IoU reaches the threshold; `most` where it never does.

    Args:
        ious: after one click, after two, and so on. As in the evaluation of RITM (Sofiiuk et al. 2021), which
            counts an object that fails like one that took all clicks.
    """
    return next((number for number, iou in enumerate(ious, start=1) if iou >= threshold), most)


def thinness(mask: Mask) -> float:
    """How thin a (H, W) mask is, 0 to 1: the share of its area that its largest inscribed circle leaves out.

    The circle's radius is half a pixel less than the depth of the deepest pixel: a disc has about 0, one
    pixel or a large square 1 - pi / 4 = 0.21, a bar ten times as long as wide 0.92, and so whatever their
    size. An empty mask has 0.
    """
    area = int(np.count_nonzero(mask))
    if not area:
        return 0.0
    _, depth = deepest(mask)
    return max(0.0, 1.0 - math.pi * (depth - 0.5) ** 2 / area)


def deepest(mask: Mask, *, but_not: Iterable[tuple[int, int]] = ()) -> tuple[tuple[int, int], float]:
    """The (x, y) of the mask's pixel farthest from what is outside, and how far: at least 1.

    Euclidean, from pixel to pixel; outside the picture is outside the mask. Of equally deep pixels it is the
    first in reading order. Exact, without a map of all distances: a pixel is at most as deep as the nearest
    end in its row and in its column, so pixels are measured from the highest of these bounds on, down to the
    greatest depth that was found.

    Args:
        but_not: pixels (x, y) that are not to be it; how deep others are does not change.

    Raises:
        ValueError: there is no such pixel.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError("An empty mask has no deepest pixel.")
    # Only the part around the mask counts, with a line of outside on each side.
    part = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    down, across = _to_end(part), _to_end(part.T).T
    bound = np.minimum(down, across)
    allowed = part.copy()
    for x, y in but_not:
        if rows[0] <= y <= rows[-1] and columns[0] <= x <= columns[-1]:
            allowed[y - rows[0] + 1, x - columns[0] + 1] = False
    ys, xs = np.nonzero(allowed)
    if not xs.size:
        raise ValueError("All pixels of the mask are excepted.")
    limits = bound[ys, xs]
    order = np.argsort(-limits, kind="stable")
    best, best_at, at = 0, 0, 0
    while at < order.size and limits[order[at]] ** 2 >= best:
        reach = int(limits[order[at]])
        some = order[at : at + max(1, _AT_ONCE // (2 * reach + 1))]
        squares = _squared_depths(down, ys[some], xs[some], reach)
        deepest_here = int(squares.max())
        first = int(some[squares == deepest_here].min())
        if deepest_here > best or (deepest_here == best and first < best_at):
            best, best_at = deepest_here, first
        at += some.size
    x, y = int(xs[best_at]) - 1 + int(columns[0]), int(ys[best_at]) - 1 + int(rows[0])
    return (x, y), math.sqrt(best)


def _to_end(part: Mask) -> NDArray[np.int32]:
    """(h, w): how far each pixel is from the nearest one outside in its column; 0 outside.

    The first and the last row must be outside.
    """
    height = part.shape[0]
    row = np.arange(height, dtype=np.int32)[:, None]
    above = np.maximum.accumulate(np.where(part, 0, row), axis=0)
    below = np.minimum.accumulate(np.where(part, height, row)[::-1], axis=0)[::-1]
    return np.minimum(row - above, below - row)


def _squared_depths(
    down: NDArray[np.int32], ys: NDArray[np.intp], xs: NDArray[np.intp], reach: int
) -> NDArray[np.int64]:
    """(N,): the squared distance of each pixel to the nearest outside, which is at most `reach` away."""
    aside = np.arange(-reach, reach + 1)
    # Beyond the part is outside, and so is its rim: to look at the rim instead is only farther.
    beside = np.clip(xs[:, None] + aside, 0, down.shape[1] - 1)
    steps = down[ys[:, None], beside].astype(np.int64)
    return (steps**2 + (beside - xs[:, None]) ** 2).min(axis=1)
