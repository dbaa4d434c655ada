"""Outer rings that shapely takes, and that are the mask again when they are filled."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from samhq_demo.masks.outlines import Ring
from samhq_demo.masks.runs import Runs
from samhq_demo.masks.simple_rings import simple_rings
from tests.support.drawn_masks import drawn, winding
from tests.support.timing import cpu_seconds

C = drawn("###", "#.#", "##.")
S = drawn("#####..", "#...#..", "#.###..", "##....#", "..#####")


def rings_of(mask: np.ndarray) -> tuple[Ring, ...]:
    return simple_rings(Runs.from_mask(mask))


def corners_of(rings: tuple[Ring, ...]) -> list[list[list[int]]]:
    return [ring.corners_xy.tolist() for ring in rings]


def test_a_ring_that_meets_itself_is_cut_in_two() -> None:
    assert corners_of(rings_of(C)) == [
        [[0, 0], [3, 0], [3, 2], [2, 2], [2, 1], [1, 1], [1, 2], [0, 2]],
        [[0, 2], [2, 2], [2, 3], [0, 3]],
    ]


@pytest.mark.parametrize(("mask", "parts"), [(C, 2), (S, 3)], ids=["c", "s"])
@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("flip", [1, -1])
def test_whichever_way_it_lies(mask: np.ndarray, parts: int, turn: int, flip: int) -> None:
    turned = np.rot90(mask, turn)[:, ::flip]
    rings = rings_of(turned)
    assert len(rings) == parts
    assert (winding(corners_of(rings), size_wh=turned.shape[::-1]) == turned).all()
    assert all(shapely.Polygon(ring.corners_xy).is_valid for ring in rings)


def test_what_touches_another_part_or_has_a_hole_is_left_in_one() -> None:
    assert corners_of(rings_of(drawn("#.", ".#"))) == [
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[1, 1], [2, 1], [2, 2], [1, 2]],
    ]
    hole = drawn("####", "#.##", "##.#", "####")  # meets itself inside, where it is filled
    assert corners_of(rings_of(hole)) == [[[0, 0], [4, 0], [4, 4], [0, 4]]]


def test_random_masks_are_valid_polygons_side_by_side() -> None:
    rng = np.random.default_rng(0)
    cut = 0
    for _ in range(1500):
        height, width = rng.integers(1, 12, 2)
        mask = rng.random((height, width)) < rng.random()
        rings = rings_of(mask)
        polygons = [shapely.Polygon(ring.corners_xy) for ring in rings]
        assert all(polygon.is_valid for polygon in polygons)
        assert not any(ring.is_hole for ring in rings)
        # Side by side, but for islands in a hole that is filled.
        whole = shapely.unary_union(polygons)
        assert whole.area == (winding(corners_of(rings), size_wh=(width, height)) > 0).sum()
        one_ring_a_part = [part for part in getattr(whole, "geoms", [whole]) if not part.is_empty]
        cut += len(rings) > len(one_ring_a_part)
    assert cut > 100


def test_rings_cannot_be_changed() -> None:
    for ring in rings_of(C):
        with pytest.raises(ValueError, match="read-only"):
            ring.corners_xy[0, 0] = 1


def test_an_empty_mask_has_none() -> None:
    assert rings_of(np.zeros((3, 4), bool)) == ()


def test_a_large_mask_that_meets_itself_often_takes_a_moment() -> None:
    mask = np.random.default_rng(2).random((600, 800)) < 0.62
    rings, took = cpu_seconds(lambda: rings_of(mask))
    assert all(shapely.is_valid(shapely.polygons([shapely.linearrings(ring.corners_xy) for ring in rings])))
    assert took < 10  # some 2 s
