"""The connected pieces of a mask, found from its runs: no array of pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Positions, Runs


def without_small_regions(mask: Runs, min_area: int) -> Runs:
    """The mask with small holes filled, then small islands removed; the very same where there are none.

    What the official generator does after its filters, `remove_small_regions` of segment-anything: a hole is
    a piece of what is not in the mask, also at the picture's border. Pieces hang together by corners too.
    Where all islands are small, the largest stays.
    """
    outside = _Regions.of(mask.complement())
    holes = outside.areas < min_area
    if holes.any():
        mask = outside.kept(~holes).complement()
    islands = _Regions.of(mask)
    large = islands.areas >= min_area
    if large.all():
        return mask
    if not large.any():
        large[islands.areas.argmax()] = True
    return islands.kept(large)


class _Regions(NamedTuple):
    """The runs of a mask, none of them over two columns, and the piece that each belongs to.

    Attributes:
        starts, stops, region: (N,).
        areas: (K,), in pixels.
    """

    size_hw: tuple[int, int]
    starts: Positions
    stops: Positions
    region: NDArray[np.intp]
    areas: Positions

    @classmethod
    def of(cls, mask: Runs) -> _Regions:
        columns, tops, bottoms = mask.by_column()
        heads = columns * mask.size_hw[0]
        labels = _connected(columns.size, *_touching(columns, tops, bottoms, height=mask.size_hw[0]))
        _, region = np.unique(labels, return_inverse=True)
        areas = np.zeros(int(region.max(initial=-1)) + 1, np.int64)
        np.add.at(areas, region, bottoms - tops)
        return cls(mask.size_hw, heads + tops, heads + bottoms, region, areas)

    def kept(self, which: NDArray[np.bool_]) -> Runs:
        """The mask of some regions; which: (K,)."""
        at = np.flatnonzero(which[self.region])
        edges = np.concatenate([self.starts[at], self.stops[at]])
        return Runs.from_crossings(edges, size_hw=self.size_hw)


def _touching(
    columns: Positions, tops: Positions, bottoms: Positions, *, height: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of runs in neighboring columns that have a side or a corner in common."""
    # Runs come column by column from the top, so a number of both keeps their order.
    step = height + 2
    following = (columns + 1) * step
    first = np.searchsorted(columns * step + bottoms, following + tops, side="left")
    after = np.searchsorted(columns * step + tops, following + bottoms, side="right")
    count = np.maximum(after - first, 0)
    left = np.repeat(np.arange(columns.size), count)
    within = np.arange(left.size) - np.repeat(np.cumsum(count) - count, count)
    return left, first[left] + within


def _connected(count: int, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """The lowest node connected to each of `count` nodes, by the edges left[i] to right[i]."""
    lowest = np.arange(count)
    while True:
        low = np.minimum(lowest[left], lowest[right])
        if np.array_equal(low, np.maximum(lowest[left], lowest[right])):
            return lowest
        # The roots of both ends get the lower one, and every node then jumps to its root.
        for end in (left, right):
            np.minimum.at(lowest, lowest[end], low)
        while not np.array_equal(jumped := lowest[lowest], lowest):
            lowest = jumped
