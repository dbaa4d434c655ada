"""Mask arithmetic, against results worked out by hand or by the slowest literal reading of a definition."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from samhq_demo.masks.overlap import Overlap, stability_score
from samhq_demo.masks.runs import Runs
from tests.support.pixels import bbox_xywh


def drawn(*rows):
    """A mask from rows of text: # is in the mask."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def discs(height, width, *circles):
    """A mask of filled circles, each (x, y, radius)."""
    y, x = np.ogrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for center_x, center_y, radius in circles:
        mask |= (x - center_x) ** 2 + (y - center_y) ** 2 <= radius**2
    return mask


def mask_iou(a, b):
    return Overlap.between(Runs.from_mask(a), Runs.from_mask(b)).iou


def boundary_iou(a, b, **options):
    return Overlap.between(Runs.from_mask(a), Runs.from_mask(b), **options).boundary_iou


SQUARE = drawn("....", ".##.", ".##.", "....")
EMPTY = np.zeros((4, 4), bool)
FULL = np.ones((4, 4), bool)


# IoU


def test_iou_of_shifted_squares():
    shifted = drawn("....", "..##", "..##", "....")
    assert mask_iou(SQUARE, shifted) == 2 / 6


def test_iou_of_equal_disjoint_and_empty_masks():
    assert mask_iou(SQUARE, SQUARE) == 1.0
    assert mask_iou(SQUARE, ~SQUARE) == 0.0
    assert mask_iou(SQUARE, EMPTY) == 0.0
    assert mask_iou(EMPTY, EMPTY) == 1.0


@pytest.mark.parametrize("measure", [mask_iou, boundary_iou])
def test_masks_of_different_shapes_are_refused(measure):
    # numpy would stretch the second over the first without a word.
    with pytest.raises(ValueError, match="same shape"):
        measure(FULL, np.ones((1, 4), bool))
    with pytest.raises(ValueError, match=r"\(height, width\)"):
        measure(np.ones((1, 4, 4), bool), np.ones((1, 4, 4), bool))


# Boundary IoU


def eroded_once(mask):
    """Erosion with a 3 x 3 square, pixel by pixel; outside the picture is background."""
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), bool)
    padded[1:-1, 1:-1] = mask
    eroded = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            eroded[y, x] = padded[y : y + 3, x : x + 3].all()
    return eroded


def boundary_iou_literally(a, b, dilation_ratio):
    """As `mask_to_boundary` of boundary_iou_api has it, with its erosions one after the other."""
    height, width = a.shape
    iterations = max(1, round(dilation_ratio * np.sqrt(height**2 + width**2)))
    boundaries = []
    for mask in (a, b):
        eroded = mask
        for _ in range(iterations):
            eroded = eroded_once(eroded)
        boundaries.append(mask & ~eroded)
    union = np.count_nonzero(boundaries[0] | boundaries[1])
    return np.count_nonzero(boundaries[0] & boundaries[1]) / union if union else 1.0


SCENES = {
    "inside": (discs(48, 64, (30, 24, 15)), discs(48, 64, (33, 22, 14))),
    "cut by the border": (discs(48, 64, (2, 3, 20)), discs(48, 64, (0, 0, 22))),
    "whole picture": (np.ones((48, 64), bool), discs(48, 64, (32, 24, 30))),
    "with holes": (
        discs(48, 64, (30, 24, 20)) & ~discs(48, 64, (28, 22, 6)),
        discs(48, 64, (30, 24, 20)) & ~discs(48, 64, (34, 26, 5)),
    ),
    "far apart": (discs(48, 64, (8, 8, 6)), discs(48, 64, (55, 40, 6))),
    "specks": (
        np.random.default_rng(0).random((48, 64)) < 0.9,
        np.random.default_rng(1).random((48, 64)) < 0.9,
    ),
    "one pixel high": (np.ones((1, 40), bool), np.arange(40)[np.newaxis] < 30),
    "one side empty": (discs(48, 64, (30, 24, 15)), np.zeros((48, 64), bool)),
}


@pytest.mark.parametrize("dilation_ratio", [0.001, 0.02, 0.05, 0.1, 0.4])
@pytest.mark.parametrize("name", SCENES)
def test_boundary_iou_equals_repeated_erosion(name, dilation_ratio):
    a, b = SCENES[name]
    assert boundary_iou(a, b, dilation_ratio=dilation_ratio) == boundary_iou_literally(a, b, dilation_ratio)


def test_boundary_iou_by_hand():
    # 8 x 8, diagonal 11.3: at 0.02 one erosion. The boundaries are rings of 28 and 12 pixels, apart.
    outer, inner = np.ones((8, 8), bool), np.zeros((8, 8), bool)
    inner[2:6, 2:6] = True
    assert boundary_iou(outer, inner) == 0.0
    assert boundary_iou(outer, outer & ~inner) == 28 / (8 * 8 - 4 * 4)


def test_boundary_iou_sees_what_plain_iou_hardly_does():
    smooth = discs(200, 200, (100, 100, 90))
    y, x = np.ogrid[:200, :200]
    frayed = smooth & ~((np.hypot(x - 100, y - 100) > 85) & ((x + y) % 4 < 2))
    assert mask_iou(smooth, frayed) > 0.9
    assert boundary_iou(smooth, frayed) < mask_iou(smooth, frayed) - 0.2


def test_boundary_iou_of_empty_masks_is_one():
    assert boundary_iou(EMPTY, EMPTY) == 1.0


def test_boundary_iou_leaves_its_inputs_alone():
    a, b = SQUARE.copy(), FULL.copy()
    boundary_iou(a, b)
    assert (a == SQUARE).all()
    assert b.all()


# Boxes and stability


@pytest.mark.parametrize(
    ("mask", "box"),
    [
        (SQUARE, (1, 1, 2, 2)),
        (EMPTY, (0, 0, 0, 0)),
        (FULL, (0, 0, 4, 4)),
        (drawn("......", "....#.", ".#...."), (1, 1, 4, 2)),
        (drawn("#"), (0, 0, 1, 1)),
    ],
)
def test_the_box_around_a_mask(mask, box):
    assert bbox_xywh(mask) == box
    assert Runs.from_mask(mask).bbox_xywh == box


def test_stability_is_the_share_of_sure_pixels():
    assert stability_score(90, 120) == 0.75
    assert stability_score(0, 0) == 0.0


# Run lengths


@pytest.mark.parametrize(
    "mask", [SQUARE, EMPTY, FULL, SQUARE.T.copy(), drawn("#..#.", "##..#"), FULL[:, ::2]]
)
def test_run_lengths_there_and_back(mask):
    runs = Runs.from_mask(mask)
    decoded, rle = runs.mask(), runs.rle()
    assert decoded.dtype == bool
    assert (decoded == mask).all()
    assert rle["size"] == list(mask.shape)
    assert runs.area == mask.sum()


def test_run_lengths_are_what_coco_reads_from_json():
    mask = discs(50, 70, (30, 20, 15))
    rle = json.loads(json.dumps(Runs.from_mask(mask).rle()))
    assert (coco_mask.decode(rle) == mask).all()


def test_a_mask_of_bytes_is_taken_as_true_where_it_is_not_zero():
    runs = Runs.from_mask(SQUARE.astype(np.uint8) * 255)
    assert (runs.mask() == SQUARE).all()


def test_the_union_of_run_lengths_is_the_union_of_masks():
    parts = [drawn("#...", "...."), drawn("##..", "...#"), drawn("....", "...#")]
    union = Runs.union([Runs.from_mask(part) for part in parts], size_hw=(2, 4))
    assert (union.mask() == drawn("##..", "...#")).all()
