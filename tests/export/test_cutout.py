"""The object alone: what is opaque, what is not, and how much of the picture is kept."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.export.cutout import cutout
from samhq_demo.masks.runs import Runs
from tests.support.drawn_masks import drawn

PIXELS = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3) + np.uint8(100)
MASK = drawn("......", "..#...", ".###..", "......", "......")


def square(side: int, *, first: int, last: int) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[first:last, first:last] = True
    return mask


def white(side: int) -> np.ndarray:
    return np.full((side, side, 3), 255, np.uint8)


def cut(pixels: np.ndarray, mask: np.ndarray, *, soft_edge: bool) -> np.ndarray:
    return cutout(pixels, Runs.from_mask(mask), soft_edge=soft_edge)


def test_a_hard_edge_is_cropped_to_the_mask() -> None:
    rgba = cut(PIXELS, MASK, soft_edge=False)
    assert rgba.dtype == np.uint8
    assert rgba[:, :, 3].tolist() == [[0, 255, 0], [255, 255, 255]]
    assert rgba[1, :, :3].tolist() == PIXELS[2, 1:4].tolist()


@pytest.mark.parametrize("soft_edge", [False, True])
def test_nothing_of_the_background_is_in_the_file(soft_edge: bool) -> None:
    mask = square(60, first=20, last=40) & ~square(60, first=28, last=32)
    red, blue = np.array([200, 40, 0], np.uint8), np.array([0, 40, 200], np.uint8)
    rgba = cut(np.where(mask[:, :, np.newaxis], red, blue), mask, soft_edge=soft_edge)
    clear = rgba[:, :, 3] == 0
    assert not rgba[clear].any()
    assert not rgba[:, :, 2].any()
    clearly_seen = rgba[:, :, 3] > 50
    assert np.abs(rgba[clearly_seen][:, :3].astype(int) - red).max() <= 8


def test_colors_inside_stay_sharp() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    rgba = cut(pixels, square(40, first=10, last=30), soft_edge=True)
    room = (rgba.shape[0] - 20) // 2
    assert (rgba[room:-room, room:-room, :3] == pixels[10:30, 10:30]).all()


def test_a_soft_edge_fades_evenly_across_the_edge() -> None:
    alpha = cut(white(100), square(100, first=30, last=70), soft_edge=True)[:, :, 3].astype(int)
    side = alpha.shape[0]
    assert alpha.shape == (side, side)
    room = (side - 40) // 2
    assert 1 <= room <= 3
    across = alpha[side // 2]
    assert (np.diff(across[: side // 2]) >= 0).all()
    assert across[0] > 0, "no empty border is left"
    # As much is taken inside the edge as is given outside it.
    assert abs(across[room - 1] + across[room] - 255) <= 2
    assert across[room + 3] == across[side // 2] == 255


def test_a_soft_edge_is_wider_in_a_larger_picture() -> None:
    sides = [
        cut(white(side), square(side, first=200, last=300), soft_edge=True).shape[0] - 100
        for side in (600, 3000, 6000)
    ]
    assert sides[0] <= 6 < sides[1] <= 12 < sides[2] <= 24


def test_an_object_cut_by_the_border_of_the_picture_does_not_fade_there() -> None:
    mask = np.zeros((80, 80), bool)
    mask[40:, :30] = True
    alpha = cut(white(80), mask, soft_edge=True)[:, :, 3]
    assert (alpha[10:, 0] == 255).all()
    assert (alpha[-1, :20] == 255).all()
    assert alpha[0, 10] < 128
    assert alpha[20, -1] < 128


def test_a_full_mask_keeps_the_whole_picture() -> None:
    rgba = cut(PIXELS, np.ones((5, 6), bool), soft_edge=True)
    assert (rgba[:, :, :3] == PIXELS).all()
    assert (rgba[:, :, 3] == 255).all()


def test_one_pixel_is_enough() -> None:
    mask = np.zeros((5, 6), bool)
    mask[0, 5] = True
    assert cut(PIXELS, mask, soft_edge=False).tolist() == [[[*PIXELS[0, 5].tolist(), 255]]]
    assert cut(PIXELS, mask, soft_edge=True)[0, -1, 3] > 0


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        cut(PIXELS, np.zeros((5, 6), bool), soft_edge=True)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="5 x 6 pixels and the picture 6 x 5"):
        cut(PIXELS, np.ones((6, 5), bool), soft_edge=False)


def test_the_picture_and_the_mask_stay_as_they_were() -> None:
    pixels, mask = PIXELS.copy(), MASK.copy()
    cut(pixels, mask, soft_edge=True)
    assert (pixels == PIXELS).all()
    assert (mask == MASK).all()
