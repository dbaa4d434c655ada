"""Logits of a mask that waits to be made, and what they tell of its box.

Of masks in a picture most are duplicates of others, which the boxes say. Between which sides a box lies
follows from the signs of the logits: where all that a pixel is interpolated from is over 0, so is the pixel,
and where nothing is, it is not. So most duplicates are known before they are masks.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.boxes import BoxXYXY
from samhq_demo.models.upsampling import Floats, Taps

# A pixel of the picture is interpolated from two of the square at most, those from three logits in a row.
_REACH = 3

Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


class BoxBounds(NamedTuple):
    """What a mask's box surely lies in, and what it surely covers; all 0 where there is no such box."""

    outer_xyxy: BoxXYXY
    inner_xyxy: BoxXYXY


@dataclass(frozen=True, slots=True)
class _Side:
    """Along a side, ranges of pixels for each logit, (first, last); where there are none, last comes first.

    Attributes:
        reached: (2, source), pixels that depend on the logit.
        within: (2, source), pixels that depend on none but the `_REACH` logits from this one on.
    """

    reached: Indices
    within: Indices

    @classmethod
    @functools.lru_cache(maxsize=16)  # many masks of one picture in a row
    def of(cls, source: int, square: int, resized: int, target: int) -> _Side:
        """Of `source` logits, resized to the square, cropped to `resized`, resized to `target` pixels."""
        inner, outer = Taps.of(source, square, stop=resized), Taps.of(resized, target)
        first, last = inner.first[outer.first], inner.second[outer.second]
        at = np.arange(source)
        reached = np.stack([np.searchsorted(last, at, "left"), np.searchsorted(first, at, "right") - 1])
        end = at + _REACH - 1
        within = np.stack([np.searchsorted(first, at, "left"), np.searchsorted(last, end, "right") - 1])
        return cls(reached, within)


@dataclass(frozen=True, slots=True, eq=False)
class HeldLogits:
    """The part of finite logits (h, w) that a mask is made of; all around it is at most -offset.

    Attributes:
        part: a copy.
        at_yx: where it lies.
    """

    part: Floats
    at_yx: tuple[int, int]
    size_hw: tuple[int, int]
    offset: float

    @classmethod
    def of(cls, logits: Floats, *, offset: float) -> HeldLogits:
        """offset: as in `upsampling.upsample`."""
        is_near = logits > -offset
        # A pixel that depends on one of these also depends on some beside it.
        (top, bottom), (left, right) = (
            (max(0, first - _REACH + 1), last + _REACH)
            for first, last in _sides(is_near) or ((0, -1), (0, -1))
        )
        part = logits[top:bottom, left:right].copy()
        return cls(part, (top, left), (logits.shape[0], logits.shape[1]), offset)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return self.part.nbytes

    def logits(self) -> Floats:
        """The logits (h, w), of which the same mask is made."""
        whole = np.full(self.size_hw, -self.offset, np.float32)
        (top, left), (height, width) = self.at_yx, self.part.shape
        whole[top : top + height, left : left + width] = self.part
        return whole

    def box_bounds(self, *, square: int, resized_wh: tuple[int, int], size_wh: tuple[int, int]) -> BoxBounds:
        """Of the mask that `upsample` makes with these arguments."""
        is_high = self.part > 0
        rows, columns = (
            _Side.of(source, square, resized, target)
            for source, resized, target in zip(self.size_hw, resized_wh[::-1], size_wh[::-1], strict=True)
        )
        solid = _all_in_a_row(_all_in_a_row(is_high).T).T
        (top, left), (height, width) = self.at_yx, solid.shape
        solid &= _is_any(rows.within[:, top : top + height])[:, None]
        solid &= _is_any(columns.within[:, left : left + width])
        return BoxBounds(
            _box(rows.reached, columns.reached, is_high, self.at_yx),
            _box(rows.within, columns.within, solid, self.at_yx),
        )


def _box(rows: Indices, columns: Indices, where: Bools, at_yx: tuple[int, int]) -> BoxXYXY:
    """Around the pixels of all logits in `where`; all 0 where it has none."""
    sides = _sides(where)
    if sides is None:
        return 0, 0, 0, 0
    (top, bottom), (left, right) = sides
    y, x = at_yx
    x0, y0, x1, y1 = columns[0, x + left], rows[0, y + top], columns[1, x + right], rows[1, y + bottom]
    return (int(x0), int(y0), int(x1), int(y1)) if x0 <= x1 and y0 <= y1 else (0, 0, 0, 0)


def _all_in_a_row(values: Bools) -> Bools:
    """Whether the `_REACH` values from each one on are true, along the first axis: (n, m) -> (n - 2, m)."""
    return values[:-2] & values[1:-1] & values[2:]


def _is_any(ranges: Indices) -> Bools:
    first, last = ranges
    return np.asarray(first <= last)


def _sides(where: Bools) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The first and the last row, and column, in which something is true; None where nothing is."""
    rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return (int(rows[0]), int(rows[-1])), (int(columns[0]), int(columns[-1]))
