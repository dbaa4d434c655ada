"""Everything over the picture: every mask to be seen, the small ones on top."""

from __future__ import annotations

import numpy as np

from samhq_demo.export.everything import color_of, everything_overlay
from samhq_demo.masks.runs import Runs
from samhq_demo.results.everything import FoundMask


def found(mask: np.ndarray) -> FoundMask:
    return FoundMask(Runs.from_mask(mask), predicted_iou=0.9, stability=1.0, point_xy=(0.0, 0.0))


def test_masks_are_tinted_in_their_own_colors_and_small_ones_lie_on_top() -> None:
    pixels = np.full((600, 800, 3), 128, np.uint8)
    large, small = np.zeros((2, 600, 800), bool)
    large[100:500, 100:700] = True
    small[250:350, 300:500] = True
    shown = everything_overlay(pixels, [found(large), found(small)]).astype(int)
    assert shown.shape == (600, 800, 3)
    assert (shown[50, 50] == 128).all()
    for (x, y), place in (((150, 300), 0), ((400, 300), 1)):
        towards = np.array(color_of(place)) - 128
        assert (np.sign(shown[y, x] - 128) == np.sign(towards)).all()
    assert (shown[300, 150] != shown[300, 400]).any()


def test_without_masks_it_is_the_picture() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (600, 900, 3)).astype(np.uint8)
    assert (everything_overlay(pixels, []) == pixels).all()


def test_colors_next_to_each_other_in_the_list_are_far_apart() -> None:
    colors = np.array([color_of(place) for place in range(30)])
    assert (np.abs(np.diff(colors, axis=0)).sum(axis=1) > 150).all()
    assert len({tuple(color) for color in colors.tolist()}) == 30
