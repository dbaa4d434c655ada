"""Outer rings that never touch themselves, for programs such as shapely that need simple polygons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.outlines import Ring, outlines
from samhq_demo.masks.runs import Runs

Indices = NDArray[np.intp]


def simple_rings(mask: Runs) -> tuple[Ring, ...]:
    """The outer rings of a mask whose holes are filled, by their first corners; none touches itself.

    A part of the mask that bends round some background until it meets itself at a corner of two pixels has
    one ring, which passes that corner twice. Such a part is cut along edges of pixels into as many as it
    takes; they lie side by side and together are the part, pixel for pixel.
    """
    rings: list[Ring] = []
    for ring in outlines(mask):
        if not ring.is_hole:
            rings += _split(ring) if _touches_itself(ring) else [ring]
    return tuple(rings)


def _touches_itself(ring: Ring) -> bool:
    corners = ring.corners_xy.astype(np.int64)
    return np.unique(corners[:, 0] << 32 | corners[:, 1]).size < len(corners)


@dataclass(frozen=True, slots=True, eq=False)
class _RowRuns:
    """Runs of pixels along the rows, in reading order: columns from `starts` to before `stops`."""

    rows: Indices
    starts: Indices
    stops: Indices

    @classmethod
    def inside(cls, ring: Ring) -> _RowRuns:
        """What an outer ring runs around. Its second side, the fourth and so on go down or up."""
        x, y = ring.corners_xy[1::2].astype(np.intp).T
        to_y = np.roll(ring.corners_xy[:, 1], -1)[1::2]
        lengths = np.abs(to_y - y)
        ends = np.cumsum(lengths)
        rows = np.arange(ends[-1]) + np.repeat(np.minimum(y, to_y) - (ends - lengths), lengths)
        columns = np.repeat(x, lengths)
        order = np.lexsort((columns, rows))
        columns = columns[order]
        return cls(rows[order][::2], columns[::2], columns[1::2])

    def neighbors(self) -> tuple[list[int], list[int]]:
        """Pairs of runs that share an edge, one above the other: all upper ones, all lower ones."""
        starts, stops, row = self._places()
        first = np.searchsorted(stops, starts - row, side="right")
        counts = np.searchsorted(starts, stops - row, side="left") - first
        lower = np.repeat(np.arange(counts.size), counts)
        upper = np.arange(lower.size) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        return upper.tolist(), lower.tolist()

    def meetings(self) -> tuple[list[int], list[int]]:
        """Pairs of runs that have a corner in common and no edge."""
        starts, stops, row = self._places()
        _, left, below_left = np.intersect1d(stops + row, starts, assume_unique=True, return_indices=True)
        _, right, below_right = np.intersect1d(starts + row, stops, assume_unique=True, return_indices=True)
        return [*left.tolist(), *right.tolist()], [*below_left.tolist(), *below_right.tolist()]

    def _places(self) -> tuple[Indices, Indices, int]:
        """Starts and stops, each as one growing number, and what the next row adds to it."""
        row = int(self.stops.max()) + 1
        return self.rows * row + self.starts, self.rows * row + self.stops, row

    def rings(self, chosen: NDArray[np.bool_]) -> list[Ring]:
        """The outer rings of the chosen runs."""
        x, y = int(self.starts.min()), int(self.rows.min())
        changes = np.zeros((int(self.rows.max()) + 1 - y, int(self.stops.max()) + 1 - x), np.int8)
        changes[self.rows[chosen] - y, self.starts[chosen] - x] = 1
        changes[self.rows[chosen] - y, self.stops[chosen] - x] = -1
        mask = np.cumsum(changes, axis=1, dtype=np.int8)[:, :-1].view(np.bool_)
        return [_moved(ring, x, y) for ring in outlines(Runs.from_mask(mask))]


def _moved(ring: Ring, x: int, y: int) -> Ring:
    corners = ring.corners_xy + np.array((x, y), np.int32)
    corners.flags.writeable = False
    return Ring(corners, ring.is_hole)


def _split(ring: Ring) -> list[Ring]:
    runs = _RowRuns.inside(ring)
    is_second = _two_colors(
        runs.rows.size,
        neighbors=list(zip(*runs.neighbors(), strict=True)),
        meetings=zip(*runs.meetings(), strict=True),
    )
    return [*runs.rings(~is_second), *runs.rings(is_second)]


def _two_colors(
    count: int, *, neighbors: list[tuple[int, int]], meetings: Iterable[tuple[int, int]]
) -> NDArray[np.bool_]:
    """(count,) which runs are of the second color, so that no part of one color meets itself at a corner.

    Nothing is enclosed, so the runs are a tree by their common edges. Cut where that keeps two that meet at
    a corner apart, it falls into pieces that are a tree again: two colors tell neighbors apart.
    """
    marks: dict[int, set[int]] = {}  # of the piece with this root: the numbers of the meetings it has part in
    for number, pair in enumerate(meetings):
        for run in pair:
            marks.setdefault(run, set()).add(number)
    parents = list(range(count))
    links: list[list[tuple[int, bool]]] = [[] for _ in range(count)]
    for upper, lower in neighbors:
        roots = [_root(parents, upper), _root(parents, lower)]
        more, fewer = sorted(roots, key=lambda root: len(marks.get(root, ())), reverse=True)
        is_cut = not marks.get(more, set()).isdisjoint(marks.get(fewer, ()))
        links[upper].append((lower, is_cut))
        links[lower].append((upper, is_cut))
        if not is_cut:
            parents[fewer] = more
            if fewer in marks:
                marks[more] |= marks.pop(fewer)
    is_second = np.zeros(count, np.bool_)
    seen, waiting = bytearray(count), [0]
    seen[0] = 1
    while waiting:
        run = waiting.pop()
        for other, is_cut in links[run]:
            if not seen[other]:
                seen[other] = 1
                is_second[other] = is_second[run] ^ is_cut
                waiting.append(other)
    return is_second


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = run = parents[parents[run]]
    return run
