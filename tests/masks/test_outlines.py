"""Outlines, against rings followed by hand; and filled again by the rules that drawing programs have."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.masks.outlines import Ring, outlines
from samhq_demo.masks.runs import Runs
from tests.support.drawn_masks import drawn, filled, ragged, winding
from tests.support.timing import cpu_seconds


def rings_of(mask: np.ndarray) -> tuple[Ring, ...]:
    return outlines(Runs.from_mask(mask))


def listed(mask: np.ndarray) -> list[tuple[list[list[int]], bool]]:
    return [(ring.corners_xy.tolist(), ring.is_hole) for ring in rings_of(mask)]


def corners_of(rings: tuple[Ring, ...]) -> list[list[list[int]]]:
    return [ring.corners_xy.tolist() for ring in rings]


def test_a_rectangle_has_four_corners_clockwise_from_the_top_left() -> None:
    mask = drawn(".....", ".###.", ".###.", ".....")
    assert listed(mask) == [([[1, 1], [4, 1], [4, 3], [1, 3]], False)]


def test_a_full_picture_is_outlined_along_its_border() -> None:
    assert listed(drawn("##", "##", "##")) == [([[0, 0], [2, 0], [2, 3], [0, 3]], False)]


def test_an_empty_mask_has_no_outline() -> None:
    assert rings_of(np.zeros((3, 4), bool)) == ()


def test_a_step_keeps_its_corners_and_straight_pieces_have_none() -> None:
    assert listed(drawn("##..", "##..", "####")) == [
        ([[0, 0], [2, 0], [2, 2], [4, 2], [4, 3], [0, 3]], False)
    ]


def test_a_hole_runs_the_other_way() -> None:
    assert listed(drawn("###", "#.#", "###")) == [
        ([[0, 0], [3, 0], [3, 3], [0, 3]], False),
        ([[1, 1], [1, 2], [2, 2], [2, 1]], True),
    ]


def test_an_island_in_a_hole_is_an_outer_ring() -> None:
    rings = listed(drawn("#####", "#...#", "#.#.#", "#...#", "#####"))
    assert [is_hole for _, is_hole in rings] == [False, True, False]


@pytest.mark.parametrize(
    ("mask", "rings"),
    [
        (
            drawn("#.", ".#"),
            [
                ([[0, 0], [1, 0], [1, 1], [0, 1]], False),
                ([[1, 1], [2, 1], [2, 2], [1, 2]], False),
            ],
        ),
        (
            drawn(".#", "#."),
            [
                ([[1, 0], [2, 0], [2, 1], [1, 1]], False),
                ([[0, 1], [1, 1], [1, 2], [0, 2]], False),
            ],
        ),
    ],
)
def test_pixels_that_touch_at_a_corner_are_apart(
    mask: np.ndarray, rings: list[tuple[list[list[int]], bool]]
) -> None:
    assert listed(mask) == rings


@pytest.mark.parametrize(
    "mask", [drawn("####", "#.##", "##.#", "####"), drawn("####", "##.#", "#.##", "####")]
)
def test_holes_that_touch_at_a_corner_are_one(mask: np.ndarray) -> None:
    (_, outer_is_hole), (hole, is_hole) = listed(mask)
    assert (outer_is_hole, is_hole) == (False, True)
    assert hole.count([2, 2]) == 2


def test_outlines_filled_are_the_mask_again() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1500):
        height, width = rng.integers(1, 10, 2)
        mask = rng.random((height, width)) < rng.random()
        rings = corners_of(rings_of(mask))
        assert (filled(rings, size_wh=(width, height)) == mask).all()
        # Once around each pixel of the mask and never around another: the nonzero rule gives the mask too.
        assert (winding(rings, size_wh=(width, height)) == mask).all()


def test_rings_are_holes_as_they_turn_and_begin_at_their_first_corner() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        rings = rings_of(rng.random((12, 11)) < 0.6)
        for ring in rings:
            x, y = ring.corners_xy.T
            turned = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
            assert (turned < 0) == ring.is_hole
            assert ring.corners_xy.tolist()[0] == min(ring.corners_xy.tolist(), key=lambda xy: xy[::-1])
        firsts = [ring.corners_xy.tolist()[0][::-1] for ring in rings]
        assert firsts == sorted(firsts)


def test_each_corner_is_one() -> None:
    for corners in corners_of(rings_of(ragged(90, 120))):
        turns = np.diff(np.array([*corners, *corners[:2]]), axis=0) != 0
        assert (turns[:-1] ^ turns[1:]).all()


def test_rings_cannot_be_changed() -> None:
    (ring,) = rings_of(np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="read-only"):
        ring.corners_xy[0, 0] = 1


def test_a_large_ragged_mask_is_outlined_in_a_moment() -> None:
    mask = ragged(4000, 6000)
    runs = Runs.from_mask(mask)
    rings, took = cpu_seconds(lambda: outlines(runs))
    assert sum(len(ring.corners_xy) for ring in rings) > 100_000
    assert (filled(corners_of(rings), size_wh=(6000, 4000)) == mask).all()
    assert took < 2  # some 0.4 s
