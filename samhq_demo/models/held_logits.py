"""Logits of a mask that waits to be made, and what they tell of its box.

Of masks in a picture most are duplicates of others, which the boxes say. Between which sides a box lies
follows from the signs of the logits: where all that a pixel is interpolated from is over 0, so is the pixel,
and where nothing is, it is not. So most duplicates are known before they are masks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.boxes import BoxXYXY
from samhq_demo.models.upsampling import Floats, Reach

# A pixel of the picture is interpolated from two of the square at most, those from three logits in a row.
_REACH = 3

Bools = NDArray[np.bool_]


class BoxBounds(NamedTuple):
    """What a mask's box surely lies in, and what it surely covers; all 0 where there is no such box."""

    outer_xyxy: BoxXYXY
    inner_xyxy: BoxXYXY


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
        sides = _sides(is_near) if is_near.any() else ((0, 0), (0, 0))
        # A pixel that depends on one of these also depends on some beside it.
        (top, bottom), (left, right) = ((max(0, first - _REACH + 1), last + _REACH) for first, last in sides)
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
            Reach.of(source, square, resized, target)
            for source, resized, target in zip(self.size_hw, resized_wh[::-1], size_wh[::-1], strict=True)
        )
        blocks = _all_in_a_row(_all_in_a_row(is_high).T).T
        (y, x), (height, width) = self.at_yx, blocks.shape
        blocks &= _have_pixels(rows, self.size_hw[0])[y : y + height, None]
        blocks &= _have_pixels(columns, self.size_hw[1])[x : x + width]
        return BoxBounds(
            _box(is_high, self.at_yx, rows.reached, columns.reached),
            _box(blocks, self.at_yx, rows.within, columns.within, size=_REACH),
        )


def _box(
    where: Bools,
    at_yx: tuple[int, int],
    of_rows: Callable[[int, int], range],
    of_columns: Callable[[int, int], range],
    *,
    size: int = 1,
) -> BoxXYXY:
    """Around the pixels of all that is in `where`, single logits or blocks of a size; all 0 where none are.

    Args:
        at_yx: of the first value.
        of_rows, of_columns: the pixels that a first and a last logit have.
    """
    if not where.any():
        return 0, 0, 0, 0
    rows, columns = (
        pixels(at + first, at + last + size - 1)
        for pixels, at, (first, last) in zip((of_rows, of_columns), at_yx, _sides(where), strict=True)
    )
    return (columns[0], rows[0], columns[-1], rows[-1]) if rows and columns else (0, 0, 0, 0)


def _all_in_a_row(values: Bools) -> Bools:
    """Whether the `_REACH` values from each one on are true, along the first axis: (n, m) -> (n - 2, m)."""
    return values[:-2] & values[1:-1] & values[2:]


@functools.lru_cache(maxsize=16)
def _have_pixels(reach: Reach, source: int) -> Bools:
    """(source,), whether some pixels depend on nothing but the `_REACH` logits from each one on.

    In the padding there are none, and in a picture smaller than its logits not everywhere.
    """
    return np.array([bool(reach.within(at, at + _REACH - 1)) for at in range(source)])


def _sides(where: Bools) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last row, and column, in which something is true."""
    rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    return (int(rows[0]), int(rows[-1])), (int(columns[0]), int(columns[-1]))
