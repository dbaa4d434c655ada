"""A mask as runs of pixels, going down its columns one after the other, as COCO counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .masks import BoxXYWH, Mask, Rle

Positions = NDArray[np.int64]
_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of one (H, W) mask; the value to hold where (H, W) arrays would be large.

    `size_hw` is (height, width). `edges` int64 (2 N,), strictly growing: the first pixel of a run, the first
    after it, and so on, where the pixel in column x and row y has the number x * height + y. A run goes on
    from the foot of one column to the head of the next.
    """

    size_hw: tuple[int, int]
    edges: Positions

    def __post_init__(self) -> None:
        height, width = self.size_hw
        edges = self.edges
        if edges.ndim != 1 or edges.size % 2:
            raise ValueError(f"The edges of runs must be an even number of positions, not {edges.shape}.")
        inside = not edges.size or (edges[0] >= 0 and edges[-1] <= height * width)
        if not inside or not (edges[1:] > edges[:-1]).all():
            raise ValueError(f"The edges of runs must grow from 0 to at most {height} x {width}.")

    @classmethod
    def from_mask(cls, mask: Mask) -> Runs:
        """From a boolean (H, W) mask."""
        height, width = mask.shape
        flat = np.zeros(mask.size + 2, np.bool_)
        flat[1:-1].reshape(width, height)[:] = mask.T
        return cls((height, width), np.flatnonzero(flat[1:] != flat[:-1]))

    @classmethod
    def from_crossings(cls, positions: Positions, *, size_hw: tuple[int, int]) -> Runs:
        """From every place where the mask turns on or off, in any order.

        Turning twice at one place is not turning at all, so a column's foot and the next one's head can
        both be given.
        """
        positions = np.sort(positions)
        first = np.ones(positions.size, np.bool_)
        np.not_equal(positions[1:], positions[:-1], out=first[1:])
        at = np.flatnonzero(first)
        times = np.diff(at, append=positions.size)
        return cls(size_hw, positions[at[times % 2 == 1]])

    def mask(self) -> Mask:
        """The boolean (H, W) mask, made anew at each call."""
        height, width = self.size_hw
        flat = np.zeros(height * width, np.uint8)
        flat[self.edges[self.edges < flat.size]] = 1
        turned: Mask = np.bitwise_xor.accumulate(flat, out=flat).view(np.bool_).reshape(width, height).T
        return turned

    @property
    def area(self) -> int:
        """The number of pixels in the mask."""
        return int((self.edges[1::2] - self.edges[::2]).sum())

    @property
    def bbox_xywh(self) -> BoxXYWH:
        """The box around the mask as (x, y, width, height) in pixels; all 0 for an empty mask."""
        if not self.edges.size:
            return 0, 0, 0, 0
        columns, tops, bottoms = self.by_column()
        x, y = int(columns[0]), int(tops.min())
        return x, y, int(columns[-1]) + 1 - x, int(bottoms.max()) - y

    def by_column(self) -> tuple[Positions, Positions, Positions]:
        """Column, first row and the row after the last of each run, with none over two columns."""
        height, width = self.size_hw
        heads = np.arange(1, width) * height
        before = np.searchsorted(self.edges, heads, side="left")
        through = heads[(before % 2 == 1) & (np.searchsorted(self.edges, heads, side="right") == before)]
        cut = np.sort(np.concatenate([self.edges, through, through]))
        columns = cut[::2] // height
        heads = columns * height
        return columns, cut[::2] - heads, cut[1::2] - heads

    def rle(self) -> Rle:
        """COCO's compressed form: what `masks.rle_encode` makes of the mask."""
        height, width = self.size_hw
        counts = np.diff(self.edges, prepend=0, append=height * width)
        if counts[-1] == 0:
            counts = counts[:-1]
        counts[3:] -= counts[1:-2].copy()
        return {"size": [height, width], "counts": "".join(map(_written, pieces(counts)))}


def pieces(numbers: Positions) -> Iterator[Positions]:
    """Views of some at a time, whose intermediate results fit into the processor's cache."""
    return (numbers[i : i + _AT_ONCE] for i in range(0, numbers.size, _AT_ONCE))


def _written(numbers: Positions) -> str:
    """Numbers in COCO's alphabet (`rleToString` in its maskApi.c).

    Five bits a letter, the lowest first; a sixth says that more follow; the last letter's top bit is the
    sign; the letters start at "0".
    """
    magnitude = numbers ^ (numbers >> 63)  # as many bits as the number needs beside its sign
    letters = np.ones(numbers.size, np.int64)
    longest = int(magnitude.max(initial=0)).bit_length()
    for bits in range(4, longest, 5):
        letters += magnitude >> bits != 0
    ends = np.cumsum(letters)
    text = np.empty(int(ends[-1]), np.uint8)
    at, rest = ends - letters, numbers
    while at.size:
        more = letters > 1
        text[at] = 48 + (rest & 31) + 32 * more
        at, rest, letters = at[more] + 1, rest[more] >> 5, letters[more] - 1
    return text.tobytes().decode("ascii")
