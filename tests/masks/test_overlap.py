"""Counts of two masks' pixels, against the counts of (H, W) arrays and erosion pixel by pixel."""

import numpy as np
import pytest

from samhq_demo.masks.overlap import Overlap
from samhq_demo.masks.runs import Runs


def eroded(mask, distance):
    """One erosion with a square that reaches `distance` pixels, by its definition."""
    padded = np.pad(mask, distance)
    side = 2 * distance + 1
    return np.lib.stride_tricks.sliding_window_view(padded, (side, side)).all(axis=(2, 3))


def counted(a, b, distance):
    boundary_a, boundary_b = a & ~eroded(a, distance), b & ~eroded(b, distance)
    pixels = (a & b, a & ~b, b & ~a, boundary_a & boundary_b, boundary_a | boundary_b)
    return Overlap(*(int(np.count_nonzero(p)) for p in pixels))


def blob(height, width, *, fill, seed):
    """Soft noise over a threshold: some objects, some of them cut by the border."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 16 + 2, width // 16 + 2))
    return coarse.repeat(16, 0).repeat(16, 1)[:height, :width] < fill


# Heights around a word's 64 rows, and columns that end in the middle of one.
@pytest.mark.parametrize("size_hw", [(1, 90), (90, 1), (63, 70), (64, 70), (65, 70), (128, 40), (200, 130)])
@pytest.mark.parametrize("fill", [0.05, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("distance", [1, 2, 7, 40])
def test_counts_are_those_of_the_arrays(size_hw, fill, distance):
    a, b = (blob(*size_hw, fill=fill, seed=seed) for seed in (1, 2))
    ratio = distance / np.hypot(*size_hw)
    found = Overlap.between(Runs.from_mask(a), Runs.from_mask(b), dilation_ratio=ratio)
    assert found == counted(a, b, distance)


def test_empty_masks_agree():
    nothing, all_of_it = Runs.from_mask(np.zeros((9, 8), bool)), Runs.from_mask(np.ones((9, 8), bool))
    both = Overlap.between(nothing, nothing)
    assert (both.iou, both.boundary_iou) == (1.0, 1.0)
    one = Overlap.between(nothing, all_of_it)
    assert (one.iou, one.boundary_iou, one.only_a, one.only_b) == (0.0, 0.0, 0, 72)
    assert Overlap.between(all_of_it, nothing).only_a == 72


def test_masks_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="same shape"):
        Overlap.between(Runs.from_mask(np.ones((3, 4), bool)), Runs.from_mask(np.ones((4, 3), bool)))
