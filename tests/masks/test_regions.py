"""Small holes and islands, against the official clean-up, which has OpenCV's connected components."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.masks.regions import without_small_regions
from samhq_demo.masks.runs import Mask, Runs
from testbed.official import official_amg


def official(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    filled, had_holes = official_amg.remove_small_regions(mask, min_area, mode="holes")
    cleaned, had_islands = official_amg.remove_small_regions(filled, min_area, mode="islands")
    return cleaned, had_holes or had_islands


def test_corners_hold_pieces_together_and_small_ones_go() -> None:
    mask = np.array(
        [
            [1, 0, 0, 0, 0],
            [0, 1, 0, 0, 1],
            [0, 0, 1, 0, 0],
        ],
        bool,
    )
    cleaned = without_small_regions(Runs.from_mask(mask), 2)
    assert cleaned.mask().tolist() == (mask & (np.arange(5) < 3)).tolist()


def test_a_mask_with_nothing_small_is_the_very_same() -> None:
    mask = Runs.from_mask(np.pad(np.ones((4, 5), bool), 3))
    assert without_small_regions(mask, 20) is mask
    empty = Runs.from_mask(np.zeros((4, 5), bool))
    assert without_small_regions(empty, 3) is empty


@pytest.mark.parametrize("share", [0.03, 0.3, 0.5, 0.7, 0.97])
@pytest.mark.parametrize("min_area", [1, 3, 8, 40])
def test_it_is_the_official_clean_up(share: float, min_area: int) -> None:
    for seed, size_hw in enumerate([(1, 1), (1, 30), (30, 1), (23, 40), (64, 64)]):
        mask = np.random.default_rng(seed).random(size_hw) < share
        runs = Runs.from_mask(mask)
        expected, changed = official(mask, min_area)
        cleaned = without_small_regions(runs, min_area)
        if not _all_small(mask, min_area):  # of equally large islands either may stay
            assert np.array_equal(cleaned.mask(), expected)
        assert cleaned.area == np.count_nonzero(expected)
        assert (cleaned is not runs) == changed


def _all_small(mask: Mask, min_area: int) -> bool:
    filled, _ = official_amg.remove_small_regions(mask, min_area, mode="holes")
    return without_small_regions(Runs.from_mask(filled), min_area).area < min_area
