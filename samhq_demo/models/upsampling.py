"""From the decoder's logits to a mask of the picture's size; of a large one without an array of that size.

A bilinear resize is a straight line between two neighboring inputs. So between two inputs of one column
the mask turns at most once, and where it turns follows from the two values: only cells whose corners lie on
both sides of a threshold need any arithmetic, and their number grows with the length of the contour. In a
small picture all pixels take no longer than finding those cells.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Runs

STABILITY_OFFSET = 1.0
# Up to here every pixel is computed. At 1000 x 750 that takes 5 ms for any mask, and finding the contour 5
# for a smooth one and 19 for one that is all edge; the first grows with the picture, the second hardly.
_FEW_PIXELS = 2**20
_STRETCHES_AT_ONCE = 100_000  # a few MB
# With weights no nearer to 1, `a + (b - a) * weight` never leaves the range of a and b by rounding. So where
# all corners of a cell are on one side of a threshold all that is interpolated between them is, too.
_MOST_WEIGHT = np.float32(1 - 2**-22)
FAR = 1e30  # in place of infinities, whose differences are no numbers

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class FullMask:
    """A mask at the picture's size, and the number of logits over the offset and over its negative."""

    runs: Runs
    above: int
    below: int

    @property
    def mask(self) -> np.ndarray:
        """bool (H, W), made anew at each call."""
        return self.runs.mask()


@dataclass(frozen=True, slots=True)
class Taps:
    """The two inputs of each output of a bilinear resize, and the second one's weight."""

    first: Indices
    second: Indices
    weight: Floats

    @classmethod
    @functools.lru_cache(maxsize=16)  # many masks of one picture in a row
    def of(cls, source: int, target: int, *, stop: int | None = None) -> Taps:
        """For outputs 0..stop of a resize, aligned as torch has it with `align_corners=False`."""
        at = (np.arange(target if stop is None else stop) + 0.5) * (source / target) - 0.5
        at = at.clip(0, source - 1)
        first = at.astype(np.intp)
        weight = (at - first).astype(np.float32).clip(max=_MOST_WEIGHT)
        return cls(first, np.minimum(first + 1, source - 1), weight)

    def part(self, outputs: range, *, source: int = 0) -> Taps:
        """Some of the outputs, of inputs that are given from `source` on."""
        here = slice(outputs.start, outputs.stop)
        return Taps(self.first[here] - source, self.second[here] - source, self.weight[here])

    def apply(self, values: Floats) -> Floats:
        """Resize the first axis of (source, n)."""
        if not self.weight.any() and (np.diff(self.first) == 1).all():  # each output is an input
            return values[self.first[0] : self.first[-1] + 1]
        resized = values.take(self.first, axis=0)
        step = values.take(self.second, axis=0)
        step -= resized
        step *= self.weight[:, None]
        resized += step
        return resized


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The first and the last logit along a side that each pixel of the picture depends on, both growing."""

    first: Indices
    last: Indices

    @classmethod
    @functools.lru_cache(maxsize=16)  # as of `Taps`
    def of(cls, source: int, square: int, resized: int, target: int) -> Reach:
        """Of `source` logits, resized to the square, cropped to `resized`, resized to `target` pixels."""
        inner, outer = Taps.of(source, square, stop=resized), Taps.of(resized, target)
        return cls(inner.first[outer.first], inner.second[outer.second])

    def reached(self, first: int, last: int) -> range:
        """The pixels that depend on some of the logits first..last."""
        return _between(self.last, first, self.first, last)

    def within(self, first: int, last: int) -> range:
        """The pixels that depend on none but the logits first..last."""
        return _between(self.first, first, self.last, last)


def _between(starts: Indices, first: int, stops: Indices, last: int) -> range:
    """Where `starts` are at least `first` and `stops` at most `last`; both grow."""
    start, stop = np.searchsorted(starts, first, side="left"), np.searchsorted(stops, last, side="right")
    return range(int(start), int(stop))


def upsample(
    logits: Floats,
    *,
    square: int,
    resized_wh: tuple[int, int],
    size_wh: tuple[int, int],
    offset: float = STABILITY_OFFSET,
) -> FullMask:
    """Resize logits (h, w) to the square, crop that to `resized_wh`, resize to `size_wh`; threshold.

    Both resizes are bilinear, as in the official `Sam.postprocess_masks`; but for pixels within rounding of
    a threshold the mask is the same. offset: what is over it, and over its negative, is counted.
    """
    logits = _finite(logits)
    way = by_pixels if size_wh[0] * size_wh[1] <= _FEW_PIXELS else by_contour
    return way(logits, square=square, resized_wh=resized_wh, size_wh=size_wh, offset=offset)


def by_pixels(
    logits: Floats,
    *,
    square: int,
    resized_wh: tuple[int, int],
    size_wh: tuple[int, int],
    offset: float = STABILITY_OFFSET,
) -> FullMask:
    """`upsample` of finite logits, each pixel computed where a logit is over the lowest threshold."""
    size_hw = (size_wh[1], size_wh[0])
    is_high = logits > -offset
    rows, columns = (
        _Side.around(np.asarray(is_high.any(axis=1 - axis)), square=square, resized=resized, target=target)
        for axis, (resized, target) in enumerate(zip(resized_wh[::-1], size_hw, strict=True))
    )
    if rows is None or columns is None:
        return FullMask(Runs.from_mask(np.zeros(size_hw, np.bool_)), 0, 0)
    values = columns.resize(np.ascontiguousarray(rows.resize(logits).T))
    above, below = (int(np.count_nonzero(values > t)) for t in (offset, -offset))
    runs = Runs.from_part((values > 0).T, at_xy=(columns.start, rows.start), size_hw=size_hw)
    return FullMask(runs, above, below)


@dataclass(frozen=True, slots=True)
class _Side:
    """Both resizes along one side, of the outputs from `start` on that some inputs can reach."""

    inner: Taps
    outer: Taps
    start: int

    @classmethod
    def around(cls, is_high: NDArray[np.bool_], *, square: int, resized: int, target: int) -> _Side | None:
        """All outputs that depend on inputs, (source,), that are high; None where there are none."""
        high = np.flatnonzero(is_high)
        if not high.size:
            return None
        shown = Reach.of(is_high.size, square, resized, target).reached(int(high[0]), int(high[-1]))
        if not len(shown):  # all that is high lies in the padding
            return None
        inner, outer = Taps.of(is_high.size, square, stop=resized), Taps.of(resized, target)
        needed = range(int(outer.first[shown.start]), int(outer.second[shown.stop - 1]) + 1)
        return cls(inner.part(needed), outer.part(shown, source=needed.start), shown.start)

    def resize(self, values: Floats) -> Floats:
        """The first axis of (source, n)."""
        return self.outer.apply(self.inner.apply(values))


def upsample_preview(
    logits: Floats, *, square: int, resized_wh: tuple[int, int], size_wh: tuple[int, int]
) -> Runs:
    """The mask of `upsample` alone, each pixel computed: for sizes of some million pixels at most."""
    values = _every_pixel(_finite(logits), square=square, resized_wh=resized_wh, size_wh=size_wh)
    return Runs.from_mask((values > 0).T)


def _every_pixel(
    logits: Floats, *, square: int, resized_wh: tuple[int, int], size_wh: tuple[int, int]
) -> Floats:
    """Both resizes: logits (h, w) -> (W, H), the picture's columns one after the other."""
    in_w, in_h = resized_wh
    width, height = size_wh
    low_h, low_w = logits.shape
    # The rows' come first, while there are few columns.
    tall = Taps.of(in_h, height).apply(Taps.of(low_h, square, stop=in_h).apply(logits))
    wide = Taps.of(low_w, square, stop=in_w).apply(np.ascontiguousarray(tall.T))
    return Taps.of(in_w, width).apply(wide)


def _finite(logits: Floats) -> Floats:
    if np.isfinite(logits).all():
        return logits
    return np.nan_to_num(logits, nan=-FAR, posinf=FAR, neginf=-FAR)


def by_contour(
    logits: Floats,
    *,
    square: int,
    resized_wh: tuple[int, int],
    size_wh: tuple[int, int],
    offset: float = STABILITY_OFFSET,
) -> FullMask:
    """`upsample` of finite logits, only the cells computed in which the mask can turn."""
    in_w, in_h = resized_wh
    width, height = size_wh
    size_hw = (height, width)
    low_h, low_w = logits.shape
    # Column by column from here on: (x, y), as the runs go.
    tall = np.ascontiguousarray(Taps.of(low_h, square, stop=in_h).apply(logits).T)
    values = Taps.of(low_w, square, stop=in_w).apply(tall)
    across = Taps.of(in_w, width)
    heads, feet = across.apply(values[:, [0, -1]]).T
    turns = [np.flatnonzero(heads > 0) * height, (np.flatnonzero(feet > 0) + 1) * height]
    # A turn off at row y ends a run that adds y pixels to its column's, a turn on begins one that adds -y.
    above, below = (height * int(np.count_nonzero(feet > t)) for t in (offset, -offset))
    for stretches in _uneven(values, across, offset=offset):
        column, row, _ = stretches.turns(0.0, height=height, source=in_h)
        turns.append(column * height + row)
        above += _signed(*stretches.turns(offset, height=height, source=in_h))
        below += _signed(*stretches.turns(-offset, height=height, source=in_h))
    return FullMask(Runs.from_crossings(np.concatenate(turns), size_hw=size_hw), above, below)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Pieces of the picture's columns from one row of the square to the next, all arrays (N,).

    `column` is the picture's, `row` the upper row of the square; `upper` and `lower` are the logits there.
    """

    column: Indices
    row: Indices
    upper: Floats
    lower: Floats

    def turns(
        self, threshold: float, *, height: int, source: int
    ) -> tuple[Indices, Indices, NDArray[np.bool_]]:
        """Where the logits pass the threshold: column, first row of the picture behind it, whether off."""
        off = self.upper > threshold
        at = np.flatnonzero(off != (self.lower > threshold))
        off = off[at]
        upper = self.upper[at].astype(np.float64)
        share = (threshold - upper) / (self.lower[at] - upper)
        # The picture's row y lies at (y + 0.5) * source / height - 0.5 in the square.
        row = (self.row[at] + share + 0.5) * (height / source) - 0.5
        row += 1
        behind = row.astype(np.intp)
        behind -= off & (behind == row)  # a row exactly on the threshold is not over it
        return self.column[at], behind, off


def _uneven(values: Floats, across: Taps, *, offset: float) -> Iterator[_Stretches]:
    """The stretches that can pass a threshold, some at a time; `values` is the square, (x, y)."""
    cells = _Cells.of(values, offset=offset)
    count = cells.starts[across.first + 1] - cells.starts[across.first]
    ends = np.cumsum(count)
    begin = 0
    while begin < count.size:
        done = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + _STRETCHES_AT_ONCE, side="right")))
        here = slice(begin, stop)
        column = np.repeat(np.arange(begin, stop), count[here])
        # The cells of each column one after the other, as often as columns lie over them.
        shift = cells.starts[across.first[here]] - (ends[here] - count[here])
        at = np.arange(done, done + column.size) + np.repeat(shift, count[here])
        weight = across.weight[column]
        upper, lower = (c[0][at] + c[1][at] * weight for c in (cells.upper, cells.lower))
        yield _Stretches(column, cells.row[at], upper, lower)
        begin = stop


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells of the square whose corners lie on both sides of a threshold, column by column.

    `starts` (W + 1,): where each column's cells begin in the other arrays. `row` (N,): the upper one.
    `upper` and `lower`, each two of (N,): the left corner's logit, and how much higher the right one's is.
    """

    starts: Indices
    row: Indices
    upper: tuple[Floats, Floats]
    lower: tuple[Floats, Floats]

    @classmethod
    def of(cls, values: Floats, *, offset: float) -> _Cells:
        width, height = values.shape
        level = np.zeros(values.shape, np.uint8)
        for threshold in (-offset, 0.0, offset):
            level += values > threshold
        low = np.minimum(level[:, :-1], level[:, 1:])
        high = np.maximum(level[:, :-1], level[:, 1:])
        crossed = low != high
        # The last column has no right neighbor: the picture's border lies in it.
        crossed[:-1] |= np.minimum(low[:-1], low[1:]) != np.maximum(high[:-1], high[1:])
        at = np.flatnonzero(crossed)
        starts = np.searchsorted(at, np.arange(width + 1) * (height - 1))
        column = at // max(1, height - 1)
        here, right = at + column, np.where(column < width - 1, height, 0)  # there is one row more than cells
        ends = []
        for corner in (here, here + 1):
            left = values.ravel()[corner]
            ends.append((left, values.ravel()[corner + right] - left))
        return cls(starts, here - column * height, *ends)


def _signed(_column: Indices, row: Indices, off: NDArray[np.bool_]) -> int:
    """What turns at these rows add to the number of pixels over the threshold."""
    return 2 * int(row[off].sum()) - int(row.sum())
