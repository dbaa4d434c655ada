"""What a box gives without a model."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.evaluation.metrics import MaskScore
from samhq_demo.masks.runs import Runs
from tests.support.label_maps import region
from training.baselines import baseline_masks, filled_box, grabcut, inscribed_ellipse
from training.photos import Region
from training.scenes import draw_scene


def score_of(mask: np.ndarray, truth: np.ndarray) -> MaskScore:
    return MaskScore.of(Runs.from_mask(mask), Runs.from_mask(truth))


def test_the_filled_box_of_a_rectangle_is_the_rectangle() -> None:
    asked = region("......", ".####.", ".####.")
    assert score_of(filled_box((3, 6), asked.box_xyxy), asked.mask) == MaskScore(1.0, 1.0)


def test_the_filled_box_of_an_l_is_right_where_the_l_is() -> None:
    asked = region("......", ".#....", ".####.")
    assert score_of(filled_box((3, 6), asked.box_xyxy), asked.mask).iou == 5 / 8


def test_the_ellipse_touches_the_four_sides_of_its_box() -> None:
    ellipse = inscribed_ellipse((6, 8), (1, 1, 7, 5))
    assert np.array_equal(
        ellipse,
        region(
            "........",
            "..####..",
            ".######.",
            ".######.",
            "..####..",
            "........",
        ).mask,
    )


def test_the_ellipse_of_a_large_box_covers_a_quarter_of_pi() -> None:
    size_hw, box_xyxy = (400, 600), (50, 40, 550, 340)
    score = score_of(inscribed_ellipse(size_hw, box_xyxy), filled_box(size_hw, box_xyxy))
    assert score.iou == pytest.approx(np.pi / 4, abs=1e-3)


def disk_on_another_color() -> tuple[np.ndarray, np.ndarray]:
    """A red disk on green with some grain: pixels, and the disk."""
    ys, xs = np.mgrid[0:60, 0:80]
    disk = (xs - 40) ** 2 + (ys - 30) ** 2 <= 18**2
    grain = np.random.default_rng(0).integers(0, 30, (60, 80, 3))
    return (np.where(disk[..., None], (180, 40, 30), (30, 160, 60)) + grain).astype(np.uint8), disk


def test_grabcut_finds_a_disk_of_another_color() -> None:
    pixels, disk = disk_on_another_color()
    assert score_of(grabcut(pixels, Region(disk).box_xyxy), disk).iou > 0.95


def test_grabcut_answers_the_same_again() -> None:
    pixels = draw_scene(3, size_wh=(80, 60)).image
    first, again = (grabcut(pixels, (20, 10, 60, 50)) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("box_xyxy", [(0, 0, 80, 60), (40, 30, 41, 31), (0, 0, 79, 60)])
def test_grabcut_answers_boxes_that_leave_it_little(box_xyxy: tuple[int, int, int, int]) -> None:
    """The whole picture, one pixel, all but a column: it has next to nothing to learn from."""
    pixels, _ = disk_on_another_color()
    assert grabcut(pixels, box_xyxy).shape == (60, 80)
    assert baseline_masks(pixels, box_xyxy)["GrabCut, else the box"].any()


def test_a_box_stands_in_where_grabcut_finds_nothing() -> None:
    pixels, _ = disk_on_another_color()
    masks = baseline_masks(pixels, (0, 0, 80, 60))
    assert not masks["GrabCut"].any()
    assert masks["GrabCut, else the box"].all()
