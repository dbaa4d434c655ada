"""IoU, boundary IoU, depth, thinness and NoC against other implementations and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from samhq_demo.evaluation.metrics import MaskScore, clicks_needed, deepest, thinness
from samhq_demo.masks.runs import Runs
from tests.support.data_sets import bar, disc
from tests.support.pixels import boundary_iou, mask_iou


def smooth_mask(seed: int, shape: tuple[int, int], sigma: float) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    return np.asarray(ndimage.gaussian_filter(noise, sigma) > 0)


def score(a: np.ndarray, b: np.ndarray, void: np.ndarray | None = None) -> MaskScore:
    return MaskScore.of(
        Runs.from_mask(a), Runs.from_mask(b), void=None if void is None else Runs.from_mask(void)
    )


@pytest.mark.parametrize("seed", range(6))
def test_scores_are_those_of_pixels_and_erosions(seed: int) -> None:
    a, b = smooth_mask(seed, (70, 90), 3), smooth_mask(seed + 100, (70, 90), 3)
    found = score(a, b)
    assert found.iou == mask_iou(a, b)
    assert found.boundary_iou == boundary_iou(a, b)
    eroded = [m & ~ndimage.binary_erosion(m, np.ones((3, 3)), iterations=2) for m in (a, b)]
    assert round(0.02 * math.hypot(70, 90)) == 2
    assert found.boundary_iou == mask_iou(*eroded)


def test_iou_by_hand() -> None:
    # 4 x 4 and 4 x 4 pixels that share 4 x 2: 8 of 24.
    assert score(bar((10, 10, 14, 14)), bar((12, 10, 16, 14))).iou == pytest.approx(8 / 24)


def test_boundary_iou_by_hand() -> None:
    # The diagonal of 30 x 40 is 50, so the boundary is one pixel wide: two squares of side 10, 2 apart.
    a, b = (bar((x, 5, x + 10, 15), size_wh=(40, 30)) for x in (5, 7))
    # Each ring has 36 pixels; they share the top and bottom lines over 8 columns, and no side.
    assert score(a, b).boundary_iou == pytest.approx(16 / (72 - 16))


def test_empty_masks_agree_and_an_empty_one_has_nothing_of_another() -> None:
    nothing, something = np.zeros((20, 20), bool), bar((3, 3, 9, 9), size_wh=(20, 20))
    assert score(nothing, nothing) == MaskScore(1.0, 1.0)
    assert score(nothing, something) == MaskScore(0.0, 0.0)
    assert score(something, nothing) == MaskScore(0.0, 0.0)


def test_the_picture_border_is_a_boundary() -> None:
    whole = np.ones((30, 40), bool)
    corner = bar((0, 0, 20, 15), size_wh=(40, 30))
    # The whole picture's outermost ring has 136 pixels, the corner's 66; they share 34.
    assert score(whole, whole) == MaskScore(1.0, 1.0)
    assert score(whole, corner).boundary_iou == pytest.approx(34 / (136 + 66 - 34))


def test_one_pixel_is_all_boundary() -> None:
    one = bar((5, 5, 6, 6), size_wh=(20, 20))
    assert score(one, one) == MaskScore(1.0, 1.0)
    assert score(one, bar((6, 5, 7, 6), size_wh=(20, 20))) == MaskScore(0.0, 0.0)
    assert thinness(one) == pytest.approx(1 - math.pi / 4)
    assert deepest(one) == ((5, 5), 1.0)


def test_void_counts_nowhere() -> None:
    truth, void = bar((5, 5, 15, 15)), bar((15, 5, 20, 15))
    assert score(truth | void, truth, void) == MaskScore(1.0, 1.0)
    assert score(truth | void, truth).iou < 1


@pytest.mark.parametrize("seed", range(40))
def test_the_deepest_pixel_is_that_of_an_exact_distance_transform(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = smooth_mask(seed, tuple(rng.integers(1, 70, 2)), rng.uniform(0, 5))
    mask[tuple(rng.integers(0, mask.shape))] = True
    depths = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depths.argmax()), depths.shape)
    assert deepest(mask) == ((int(x), int(y)), float(depths.max()))


def test_a_large_mask_is_measured_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = smooth_mask(1, (300, 200), 12)
    whole = deepest(mask)
    monkeypatch.setattr("samhq_demo.evaluation.metrics._AT_ONCE", 64)
    assert deepest(mask) == whole


def test_excepted_pixels_leave_the_depths_of_others_as_they_are() -> None:
    mask = bar((2, 2, 9, 9), size_wh=(12, 12))
    assert deepest(mask) == ((5, 5), 4.0)
    # Beside the middle it is 3 deep, although the middle is out.
    assert deepest(mask, but_not=[(5, 5)])[1] == 3.0
    with pytest.raises(ValueError, match="excepted"):
        deepest(bar((2, 2, 3, 3), size_wh=(9, 9)), but_not=[(2, 2)])
    with pytest.raises(ValueError, match="no deepest"):
        deepest(np.zeros((4, 4), bool))


def test_thinness_tells_discs_from_bars() -> None:
    assert thinness(disc((200, 200), 150, size_wh=(400, 400))) < 0.02
    assert thinness(bar((0, 0, 101, 101), size_wh=(101, 101))) == pytest.approx(1 - math.pi / 4, abs=0.001)
    assert thinness(bar((5, 5, 15, 6))) == pytest.approx(1 - math.pi / 40)
    assert thinness(np.zeros((5, 5), bool)) == 0.0


@pytest.mark.parametrize(
    ("ious", "threshold", "expected"),
    [
        ((0.5, 0.86, 0.91), 0.85, 2),
        ((0.5, 0.86, 0.91), 0.90, 3),
        ((0.5, 0.86, 0.91), 0.95, 20),
        ((0.90,), 0.90, 1),
        ((0.95, 0.2), 0.90, 1),
    ],
)
def test_clicks_are_counted_until_the_iou_is_reached(
    ious: tuple[float, ...], threshold: float, expected: int
) -> None:
    assert clicks_needed(ious, threshold, most=20) == expected
