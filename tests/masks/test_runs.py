"""Runs of pixels down the columns, against pycocotools and masks drawn by hand."""

import numpy as np
import pytest

from samhq_demo.masks.runs import Runs
from tests.support.pixels import bbox_xywh, rle_decode, rle_encode

SQUARE = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]], bool)


def speckled(height, width, share, seed=0):
    return np.random.default_rng(seed).random((height, width)) < share


MASKS = {
    "square": SQUARE,
    "empty": np.zeros((3, 4), bool),
    "full": np.ones((3, 4), bool),
    "first pixel": np.arange(12).reshape(3, 4) == 0,
    "last pixel": np.arange(12).reshape(3, 4) == 11,
    "columns that touch": np.array([[0, 1], [1, 0]], bool),
    "two whole columns": np.array([[0, 1, 1, 0]] * 3, bool),
    "one pixel": np.ones((1, 1), bool),
    "one column": speckled(50, 1, 0.5),
    "one row": speckled(1, 50, 0.5),
    "specks": speckled(37, 53, 0.5),
    "few specks": speckled(300, 200, 0.001),
    "long runs": speckled(700, 900, 0.5)[:7, :9].repeat(100, 0).repeat(100, 1),
}


def test_edges_go_down_the_columns():
    assert Runs.from_mask(SQUARE).edges.tolist() == [4, 6, 7, 9]
    assert Runs.from_mask(np.ones((3, 4), bool)).edges.tolist() == [0, 12]


@pytest.mark.parametrize("name", MASKS)
def test_runs_measure_as_the_mask_does(name):
    mask = MASKS[name]
    runs = Runs.from_mask(mask)
    assert (runs.mask() == mask).all()
    assert runs.mask().shape == mask.shape
    assert runs.area == mask.sum()
    assert runs.bbox_xywh == bbox_xywh(mask)


@pytest.mark.parametrize("name", MASKS)
def test_the_compressed_form_is_what_coco_writes(name):
    rle = Runs.from_mask(MASKS[name]).rle()
    assert rle == rle_encode(MASKS[name])
    assert (rle_decode(rle) == MASKS[name]).all()


def test_without_leaves_the_pixels_of_one_mask_that_are_not_in_another() -> None:
    rng = np.random.default_rng(3)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        for other in (0.0, 0.2, 0.8, 1.0):
            a, b = rng.random((7, 9)) < share, rng.random((7, 9)) < other
            assert Runs.from_mask(a).without(Runs.from_mask(b)) == Runs.from_mask(a & ~b)


def test_large_numbers_are_written_as_coco_writes_them():
    # Runs of growing and shrinking length: differences of both signs and of one to six letters.
    lengths = [0, 1, 15, 16, 17, 511, 512, 16383, 16384, 524287, 524288, 3, 524289, 17, 2, 1, 900000]
    edges = np.cumsum(lengths)[1:]
    mask = np.zeros(3000 * 1000, np.uint8)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        mask[start:stop] = 1
    assert Runs((3000, 1000), edges).rle() == rle_encode(mask.reshape(1000, 3000).T)


def test_turning_twice_at_one_place_is_not_turning():
    positions = np.array([9, 3, 5, 3, 7, 3, 5, 9, 12, 12])
    assert Runs.from_crossings(positions, size_hw=(4, 3)).edges.tolist() == [3, 7]


def test_runs_are_cut_at_the_columns():
    column, top, bottom = Runs((4, 3), np.array([2, 9])).by_column()
    assert list(zip(column.tolist(), top.tolist(), bottom.tolist(), strict=True)) == [
        (0, 2, 4),
        (1, 0, 4),
        (2, 0, 1),
    ]


@pytest.mark.parametrize("shares", [(), (0.3,), (0.01, 0.02), (0.2, 0.5, 0.0), (1.0, 0.5), (0.1,) * 9])
def test_a_union_has_the_pixels_of_all(shares):
    masks = [speckled(31, 17, share, seed) for seed, share in enumerate(shares)]
    union = Runs.union([Runs.from_mask(mask) for mask in masks], size_hw=(31, 17))
    assert union == Runs.from_mask(np.any([np.zeros((31, 17), bool), *masks], axis=0))


def test_masks_are_equal_by_their_pixels_and_size():
    runs = Runs.from_mask(SQUARE)
    assert runs == Runs((3, 4), np.array([4, 6, 7, 9]))
    assert len({runs, Runs.from_mask(SQUARE.copy()), Runs.from_mask(~SQUARE)}) == 2
    assert Runs.from_mask(np.zeros((3, 4), bool)) != Runs.from_mask(np.zeros((4, 3), bool))


@pytest.mark.parametrize("edges", [[1], [3, 3], [5, 2], [-1, 2], [0, 13]])
def test_edges_that_are_no_runs_are_refused(edges):
    with pytest.raises(ValueError, match="edges"):
        Runs((3, 4), np.array(edges))


@pytest.mark.parametrize("part_wh", [(5, 7), (5, 9), (8, 9), (1, 1), (8, 3)])
def test_a_part_is_placed_on_background(part_wh: tuple[int, int]) -> None:
    size_hw = (9, 8)
    for seed in range(5):
        part = np.random.default_rng(seed).random(part_wh[::-1]) < 0.6
        for x in range(size_hw[1] - part_wh[0] + 1):
            for y in range(size_hw[0] - part_wh[1] + 1):
                whole = np.zeros(size_hw, bool)
                whole[y : y + part_wh[1], x : x + part_wh[0]] = part
                expected = Runs.from_mask(whole)
                assert Runs.from_part(part, at_xy=(x, y), size_hw=size_hw) == expected
                assert Runs.from_mask(part).placed((x, y), size_hw=size_hw) == expected


def test_the_complement_is_all_the_rest() -> None:
    for share in (0, 0.3, 1):
        mask = np.random.default_rng(3).random((5, 6)) < share
        assert Runs.from_mask(mask).complement() == Runs.from_mask(~mask)
