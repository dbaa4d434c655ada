"""The exact outlines of a mask: closed rings along the edges of its pixels. No model, no drawing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Mask, Runs


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """One closed outline, horizontal and vertical in turn.

    Attributes:
        corners_xy: (n, 2) int32, (x, y) of pixel corners in picture pixels, so that the pixel in column 3
            lies between x = 3 and x = 4. The first is the leftmost of the topmost ones and is not repeated at
            the end.
        is_hole: whether what it runs around is left out. On a screen (y down) an outer ring goes clockwise
            and begins to the right, a hole goes anticlockwise and begins downwards: the mask is always on the
            right hand.
    """

    corners_xy: NDArray[np.int32]
    is_hole: bool


def outlines(mask: Runs) -> tuple[Ring, ...]:
    """All rings around a mask, by their first corners from top to bottom, then left to right.

    Filled by the even-odd or the nonzero rule they are the mask again, pixel for pixel. Only true corners are
    kept. Pixels that touch at a corner alone are apart: each outer ring is one 4-connected part of the mask,
    while holes that touch at a corner alone are one. A ring may so pass a corner twice, but never crosses
    itself. An empty mask has none.
    """
    x, y, width, height = mask.bbox_xywh
    if not width:
        return ()
    # A border of background closes the rings at the edge of the picture.
    padded = np.zeros((height + 2, width + 2), np.bool_)
    padded[1:-1, 1:-1] = mask.mask()[y : y + height, x : x + width]
    rows, columns, by_row, by_column = _corners(padded)
    corners_xy = np.stack((columns + x, rows + y), axis=1).astype(np.int32)
    # The mask lies below the topmost edge of an outer ring, and above that of a hole.
    below = padded[rows + 1, columns + 1].tolist()
    rings = []
    for members, is_hole in _cycles(by_row, by_column, below):
        corners = corners_xy[members]
        corners.flags.writeable = False
        rings.append(Ring(corners, is_hole))
    return tuple(rings)


def _corners(
    padded: Mask,
) -> tuple[NDArray[np.intp], NDArray[np.intp], list[int], list[int]]:
    """The rows and columns of all corners in reading order, and each one's partner in its row and its column.

    A corner ends one horizontal and one vertical piece of outline. Along a row these pieces lie one after the
    other without touching, so that the first corner goes with the second, the third with the fourth; likewise
    down a column. Where two pixels meet at a corner alone all four pieces end: it is listed twice, once for
    each pixel, and the order of the two says which pieces are whose.
    """
    top_left, top_right = padded[:-1, :-1], padded[:-1, 1:]
    bottom_left, bottom_right = padded[1:, :-1], padded[1:, 1:]
    # Whether a horizontal piece runs to the left of the vertex, and to its right.
    left, right = top_left ^ bottom_left, top_right ^ bottom_right
    is_crossing = left & right & (top_left ^ top_right)
    rows, columns = np.nonzero((left ^ right) | is_crossing)
    is_crossing = is_crossing[rows, columns]
    falls = top_left[rows, columns]  # of crossings: from the top left pixel to the bottom right one
    times = 1 + is_crossing
    rows, columns, falls = np.repeat(rows, times), np.repeat(columns, times), np.repeat(falls, times)
    # The first of the two has the piece to the left, the second that to the right. Down the column, the first
    # has the piece above where the pixels are top left and bottom right, else the one below.
    is_second = np.zeros(rows.size, np.bool_)
    is_second[(np.cumsum(times) - 1)[is_crossing]] = True
    is_lower = is_second ^ (~falls & np.repeat(is_crossing, times))
    down = np.lexsort((is_lower, rows, columns))
    by_column = np.empty_like(down)
    by_column[down] = down[np.arange(down.size) ^ 1]
    return rows, columns, (np.arange(rows.size) ^ 1).tolist(), by_column.tolist()


def _cycles(by_row: list[int], by_column: list[int], below: list[bool]) -> list[tuple[list[int], bool]]:
    """The corners of each ring in turn, and whether it is a hole."""
    cycles = []
    seen = bytearray(len(by_row))
    for first, is_seen in enumerate(seen):
        if is_seen:
            continue
        is_hole = not below[first]
        here, there = (by_column, by_row) if is_hole else (by_row, by_column)
        members: list[int] = []
        corner = first
        while not seen[corner]:
            following = here[corner]
            seen[corner] = seen[following] = 1
            members += (corner, following)
            corner = there[following]
        cycles.append((members, is_hole))
    return cycles
