"""The overlap of two masks of one size, as pixel counts, without an (H, W) array."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Positions, Runs, pieces

Words = NDArray[np.uint64]
_ALL = ~np.uint64(0)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixels that masks a and b share or not; `boundary_*` are of their boundaries alone.

    Cheng et al., "Boundary IoU", CVPR 2021, with the arithmetic of `mask_to_boundary` in their
    boundary_iou_api: a mask's boundary is what max(1, round(dilation_ratio * diagonal)) erosions with a 3 x 3
    square take away, and what lies outside the picture is background.
    """

    both: int
    only_a: int
    only_b: int
    boundary_both: int
    boundary_either: int

    @classmethod
    def between(cls, a: Runs, b: Runs, *, dilation_ratio: float = 0.02) -> Overlap:
        """Count.

        Raises:
            ValueError: the masks differ in size.
        """
        if a.size_hw != b.size_hw:
            raise ValueError(
                f"The masks must be of the same shape (height, width), not {a.size_hw} and {b.size_hw}."
            )
        distance = max(1, round(dilation_ratio * math.hypot(*a.size_hw)))
        columns = _columns_of(a, b)
        packed_a, boundary_a = _packed(a, columns, distance)
        packed_b, boundary_b = _packed(b, columns, distance)
        both = _count(packed_a & packed_b)
        return cls(
            both=both,
            only_a=a.area - both,
            only_b=b.area - both,
            boundary_both=_count(boundary_a & boundary_b),
            boundary_either=_count(boundary_a | boundary_b),
        )

    @property
    def iou(self) -> float:
        """Intersection over union, 0 to 1; two empty masks agree (1.0)."""
        union = self.both + self.only_a + self.only_b
        return self.both / union if union else 1.0

    @property
    def boundary_iou(self) -> float:
        """Intersection over union of the boundaries, 0 to 1; two empty masks agree (1.0)."""
        return self.boundary_both / self.boundary_either if self.boundary_either else 1.0


def stability_score(above: int, below: int) -> float:
    """SAM's stability, 0 to 1: pixels with logits over +1 (`above`) by those over -1 (`below`)."""
    return above / below if below else 0.0


def _columns_of(*masks: Runs) -> range:
    """The columns outside which all the masks are background, just as they are outside the picture."""
    ends = [(int(m.edges[0]), int(m.edges[-1])) for m in masks if m.edges.size]
    if not ends:
        return range(0)
    height = masks[0].size_hw[0]
    return range(min(e[0] for e in ends) // height, (max(e[1] for e in ends) - 1) // height + 1)


def _packed(mask: Runs, columns: range, distance: int) -> tuple[Words, Words]:
    """The columns of a mask and of its boundary, 64 rows a word: twice (columns, words a column).

    The boundary is what `distance` erosions with a 3 x 3 square, or one with a larger square, take away.
    """
    shape = len(columns), -(-mask.size_hw[0] // 64)
    column, top, bottom = mask.by_column()
    base = (column - columns.start) * (64 * shape[1])
    packed = _filled(base + top, base + bottom, shape)
    boundary = packed.copy()
    side = 2 * distance + 1
    # Windows that reach over the border hold background, so only those inside can have survived.
    if len(columns) >= side:
        left = bottom - top >= side
        base, top, bottom = base[left], top[left] + distance, bottom[left] - distance
        inner = _all_in_window(_filled(base + top, base + bottom, shape), side)
        boundary[distance : len(columns) - distance] &= ~inner
    return packed, boundary


def _filled(starts: Positions, stops: Positions, shape: tuple[int, int]) -> Words:
    """Words whose bits, counted on from word to word, are set in each start..stop; no two overlap."""
    words = np.zeros(shape[0] * shape[1] + 1, np.uint64)
    # A turn flips all bits from its own on; its word's last bit then tells whether those after are flipped.
    for turns in (starts, stops):
        for some in pieces(turns):
            np.bitwise_xor.at(words, some >> 6, _ALL << (some & 63).astype(np.uint64))
    flipped = np.bitwise_xor.accumulate(words >> np.uint64(63))
    words[1:] ^= _ALL * flipped[:-1]
    return words[:-1].reshape(shape)


def _all_in_window(packed: Words, length: int) -> Words:
    """The bits set in all of each `length` columns side by side: (W, n) -> (W - length + 1, n)."""
    covered = 1
    while covered < length:  # two runs side by side, at the end overlapping, make one up to twice as long
        step = min(covered, length - covered)
        packed = packed[:-step] & packed[step:]
        covered += step
    return packed


def _count(packed: Words) -> int:
    return int(np.bitwise_count(packed).sum(dtype=np.int64))
