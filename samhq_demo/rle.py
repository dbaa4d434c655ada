"""Run lengths from outside, checked whole before pycocotools' C code, which trusts them, sees any."""

import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from samhq_demo.masks import Rle

# Masks come from logits of 256 x 256, which change at most 256 times down a column: with 8,000 columns
# that is two million runs, of a character or two each.
MAX_CHARACTERS = 4_000_000

# A run is written as groups of 5 bits, the lowest first, each a character from "0" on; see `_runs`.
_ZERO, _LAST_CHARACTER = 48, 111
_VALUE, _SIGN, _MORE = 0x1F, 0x10, 0x20
# Six groups hold any difference of two runs in a picture of 500 megapixels.
_MAX_GROUPS = 6


def parse_rle(value: Any, *, size_wh: tuple[int, int]) -> Rle:
    """Read {"size": [height, width], "counts": text}, COCO's compressed form, for a picture of `size_wh`.

    Empty runs, which pycocotools itself never writes and its `merge` stumbles over, are taken out. Raises
    ValueError (one sentence) for all that is not exactly one mask of the picture's size.
    """
    if not isinstance(value, Mapping) or set(value) != {"size", "counts"}:
        raise ValueError(
            f"A mask must be an object with the keys size and counts, not {reprlib.repr(value)}."
        )
    width, height = size_wh
    _check_size(value["size"], height, width)
    counts = value["counts"]
    runs = _runs(_codes(counts))
    if (runs < 0).any() or int(runs.sum()) != height * width:
        raise ValueError(
            f"The mask's runs must be 0 or more pixels each and {height * width:,} together, "
            "as many as the picture has."
        )
    if (runs[1:] == 0).any():
        return _without_empty_runs(runs, height, width)
    return {"size": [height, width], "counts": counts}


def _check_size(size: Any, height: int, width: int) -> None:
    # True is 1 in Python, and a float may be not a number, so the exact type is asked for.
    if isinstance(size, (list, tuple)) and [type(side) for side in size] == [int, int]:
        if list(size) == [height, width]:
            return
        raise ValueError(
            f"The mask's size, [height, width], must be the picture's, [{height}, {width}], "
            f"not {reprlib.repr(list(size))}."
        )
    raise ValueError(f"The mask's size must be [height, width], two whole numbers, not {reprlib.repr(size)}.")


def _codes(counts: Any) -> NDArray[np.uint8]:
    """The groups' six bits, one a character."""
    if not isinstance(counts, str):
        raise ValueError(
            f"The mask's counts must be text, COCO's compressed run lengths, not {reprlib.repr(counts)}."
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


def _runs(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
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


def _without_empty_runs(runs: NDArray[np.int64], height: int, width: int) -> Rle:
    # Where an empty run lies the mask changes twice, which is not at all.
    places, times = np.unique(np.cumsum(runs)[:-1], return_counts=True)
    changes = places[(times % 2 == 1) & (places < height * width)]
    kept = np.diff(np.concatenate(([0], changes, [height * width])))
    coco = coco_mask.frPyObjects({"size": [height, width], "counts": kept.tolist()}, height, width)
    return {"size": [height, width], "counts": coco["counts"].decode("ascii")}
