"""The mask value: runs of pixels down the columns, as COCO counts them, and COCO's text form of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from samhq_demo.parsing import short_repr

Mask = NDArray[np.bool_]
BoxXYWH = tuple[int, int, int, int]
Positions = NDArray[np.int64]

# Masks come from logits of 256 x 256, which change at most 256 times down a column: with 8,000 columns
# that is two million runs, of a character or two each.
MAX_CHARACTERS = 4_000_000

# A run is written as groups of 5 bits, the lowest first, each a character from "0" on; see `_run_lengths`.
_ZERO, _LAST_CHARACTER = 48, 111
_VALUE, _SIGN, _MORE = 0x1F, 0x10, 0x20
# Six groups hold any difference of two runs in a picture of 500 megapixels.
_MAX_GROUPS = 6
_AT_ONCE = 1 << 14


class Rle(TypedDict):
    """COCO's compressed run lengths; `size` is [height, width]."""

    size: list[int]
    counts: str


# Without slots: what is measured of a mask is kept in the value's own dictionary.
@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one (H, W) mask: the one form of a mask from the parser to the exports.

    Pixels are made of it only inside a function that needs them. Equal are masks of one size with the same
    pixels.

    Attributes:
        size_hw: (height, width).
        edges: int64 (2 N,), read-only, strictly growing: the first pixel of a run, the first after it, and so
            on, where the pixel in column x and row y has the number x * height + y. A run goes on from the
            foot of one column to the head of the next.
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
        fixed = edges.view()
        fixed.flags.writeable = False
        object.__setattr__(self, "edges", fixed)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Runs):
            return NotImplemented
        return self.size_hw == other.size_hw and np.array_equal(self.edges, other.edges)

    def __hash__(self) -> int:
        return hash((self.size_hw, self.edges.tobytes()))

    @classmethod
    def from_mask(cls, mask: Mask) -> Runs:
        """From a boolean (H, W) mask; of numbers, whatever is not 0 is in it."""
        if mask.ndim != 2:
            raise ValueError(f"A mask must have the shape (height, width), not {mask.shape}.")
        height, width = mask.shape
        flat = np.zeros(mask.size + 2, np.bool_)
        flat[1:-1].reshape(width, height)[:] = mask.T
        return cls((height, width), np.flatnonzero(flat[1:] != flat[:-1]))

    @classmethod
    def from_part(cls, part: Mask, *, at_xy: tuple[int, int], size_hw: tuple[int, int]) -> Runs:
        """From the (h, w) part of a mask whose upper left pixel is (x, y); around it is background."""
        (rows, columns), (x, y), height = part.shape, at_xy, size_hw[0]
        if rows == height:
            edges = cls.from_mask(part).edges
            return cls(size_hw, edges + x * height)
        # A row of background under each column ends its last run there.
        flat = np.zeros(columns * (rows + 1) + 1, np.bool_)
        flat[1:].reshape(columns, rows + 1)[:, :rows] = part.T
        column, row = np.divmod(np.flatnonzero(flat[1:] != flat[:-1]), rows + 1)
        return cls(size_hw, (column + x) * height + (row + y))

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

    @classmethod
    def union(cls, masks: Sequence[Runs], *, size_hw: tuple[int, int]) -> Runs:
        """All pixels that are in at least one of any number of masks, each of `size_hw`."""
        edges = np.concatenate([np.empty(0, np.int64), *(mask.edges for mask in masks)])
        starts, stops = np.sort(edges[::2]), np.sort(edges[1::2])
        # A gap lies where as many runs have ended as have begun; runs that touch are one.
        is_gap = starts[1:] > stops[:-1]
        outer = np.ones(min(1, starts.size), np.bool_)
        merged = np.stack(
            (starts[np.concatenate((outer, is_gap))], stops[np.concatenate((is_gap, outer))]), axis=1
        )
        return cls(size_hw, merged.ravel())

    def complement(self) -> Runs:
        """The mask of all pixels that are not in this one."""
        ends = np.array([0, self.size_hw[0] * self.size_hw[1]])
        return Runs.from_crossings(np.concatenate([self.edges, ends]), size_hw=self.size_hw)

    def placed(self, at_xy: tuple[int, int], *, size_hw: tuple[int, int]) -> Runs:
        """This mask as part of a larger one: its upper left pixel at (x, y), background around it."""
        (x, y), height = at_xy, size_hw[0]
        if at_xy == (0, 0) and size_hw == self.size_hw:
            return self
        columns, tops, bottoms = self.by_column()
        heads = (columns + x) * height + y
        return Runs.from_crossings(np.concatenate([heads + tops, heads + bottoms]), size_hw=size_hw)

    def mask(self) -> Mask:
        """The boolean (H, W) mask, made anew at each call."""
        height, width = self.size_hw
        lengths = np.diff(self.edges, prepend=0, append=height * width)
        is_inside = np.arange(lengths.size) % 2 == 1
        return np.repeat(is_inside, lengths).reshape(width, height).T

    def without(self, other: Runs) -> Runs:
        """The pixels that are not in `other`, a mask of the same size."""
        places = np.union1d(self.edges, other.edges)
        # A pixel is in a mask where an odd number of its edges come at or before it.
        own, others = (np.searchsorted(mask.edges, places, side="right") % 2 for mask in (self, other))
        inside = (own == 1) & (others == 0)
        return Runs(self.size_hw, places[np.diff(inside, prepend=False)])

    @property
    def nbytes(self) -> int:
        """Bytes of the runs."""
        return self.edges.nbytes

    @property
    def area(self) -> int:
        """The number of pixels in the mask."""
        return int((self.edges[1::2] - self.edges[::2]).sum())

    @cached_property
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
        """COCO's compressed form, with `counts` as text so that it goes into JSON."""
        return {"size": list(self.size_hw), "counts": self._counts}

    @cached_property
    def _counts(self) -> str:
        height, width = self.size_hw
        counts = np.diff(self.edges, prepend=0, append=height * width)
        if counts[-1] == 0:
            counts = counts[:-1]
        counts[3:] -= counts[1:-2].copy()
        return "".join(map(_written, pieces(counts)))

    def prepared(self, *, with_bbox: bool = False) -> Runs:
        """This mask with its text at hand, and its box where wanted: worked out in the calling thread."""
        _ = self._counts, self.bbox_xywh if with_bbox else None
        return self


def pieces(numbers: Positions) -> Iterator[Positions]:
    """Views of some at a time, whose intermediate results fit into the processor's cache."""
    return (numbers[i : i + _AT_ONCE] for i in range(0, numbers.size, _AT_ONCE))


def parse_rle(value: Any, *, size_wh: tuple[int, int]) -> Runs:
    """Read {"size": [height, width], "counts": text}, COCO's compressed form, for a picture of `size_wh`.

    Raises:
        ValueError: it is not exactly one mask of the picture's size; one sentence says why.
    """
    if not isinstance(value, Mapping) or set(value) != {"size", "counts"}:
        raise ValueError(f"A mask must be an object with the keys size and counts, not {short_repr(value)}.")
    width, height = size_wh
    _check_size(value["size"], height, width)
    lengths = _run_lengths(_codes(value["counts"]))
    if (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise ValueError(
            f"The mask's runs must be 0 or more pixels each and {height * width:,} together, "
            "as many as the picture has."
        )
    edges = np.cumsum(lengths)[: lengths.size // 2 * 2]  # after an odd number of runs the last is outside
    if (lengths[1:] == 0).any():
        # Where an empty run lies the mask changes twice, which is not at all.
        return Runs.from_crossings(edges, size_hw=(height, width))
    return Runs((height, width), edges)


def _check_size(size: Any, height: int, width: int) -> None:
    # True is 1 in Python, and a float may be not a number, so the exact type is asked for.
    if isinstance(size, (list, tuple)) and [type(side) for side in size] == [int, int]:
        if list(size) == [height, width]:
            return
        raise ValueError(
            f"The mask's size, [height, width], must be the picture's, [{height}, {width}], "
            f"not {short_repr(list(size))}."
        )
    raise ValueError(f"The mask's size must be [height, width], two whole numbers, not {short_repr(size)}.")


def _codes(counts: Any) -> NDArray[np.uint8]:
    """The groups' six bits, one a character."""
    if not isinstance(counts, str):
        raise ValueError(
            f"The mask's counts must be text, COCO's compressed run lengths, not {short_repr(counts)}."
        )
    if not 0 < len(counts) <= MAX_CHARACTERS:
        raise ValueError(
            f"The mask's counts must have 1 to {MAX_CHARACTERS:,} characters, not {len(counts):,}."
        )
    if counts.isascii():
        characters = np.frombuffer(counts.encode("ascii"), np.uint8)
        if characters.min() >= _ZERO and characters.max() <= _LAST_CHARACTER:
            return characters - np.uint8(_ZERO)
    raise ValueError("The mask's counts hold a character that is not from 0 to o, as all in COCO's form are.")


def _run_lengths(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The run lengths, in turn outside and inside the mask.

    The form is that of `rleToString` in COCO's maskApi.c: in each group five bits of the value and one that
    says whether more groups follow; the highest value bit of the last one is the sign. From the fourth run
    on, what is written is the difference from the run before the last.
    """
    last = np.flatnonzero(codes & _MORE == 0)
    if not last.size or last[-1] != codes.size - 1:
        raise ValueError("The mask's counts are cut off: the last run is not complete.")
    first = np.concatenate(([0], last[:-1] + 1))
    lengths = last - first + 1
    longest = int(lengths.max())
    if longest > _MAX_GROUPS:
        raise ValueError(
            f"A run in the mask's counts has {longest} characters: it takes at most {_MAX_GROUPS}."
        )
    runs = (codes[first] & _VALUE).astype(np.int64)
    for group in range(1, longest):
        having = np.flatnonzero(lengths > group)
        runs[having] |= (codes[first[having] + group] & _VALUE).astype(np.int64) << 5 * group
    runs -= np.where(codes[last] & _SIGN, np.int64(1) << 5 * lengths, 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs


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
