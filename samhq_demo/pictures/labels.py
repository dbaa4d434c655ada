"""Label maps: files in which a pixel's value, index or color names what it shows.

A soft mask has shades of gray along its edges, and white; a map of labels has even regions of few values,
most of them dark. Where the two cannot be told apart by their values, the regions decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq_demo.pictures.files import Decoded
from samhq_demo.pictures.samples import samples_of

# A value, or a color as 0xRRGGBB with `_COLOR` added, which no value of a file reaches.
Label = int

_COLOR = 1 << 40
_VOC_VOID = _COLOR + 0xE0E0C0
_BLACK = _COLOR
# Values below this beside 0 and 255 alone are no shades: a soft edge has bright ones as well.
_DARK = 64
_MAX_LABELS = 1024
_MAX_COLORS = 64
# The share of a map's labeled pixels whose neighbors are equal. Measured on masks with soft edges: under
# 0.2.
_EVEN_SHARE = 0.5
_FEW_COLORS = 8
_FEW_SHADES = 8
_TRIMAP_GRAYS = frozenset({127, 128})


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """values: (H, W) integers. labels: those but background and void, in order. void: (H, W) bool or None."""

    values: NDArray[Any]
    labels: tuple[Label, ...]
    void: NDArray[np.bool_] | None

    def where(self, label: Label) -> NDArray[np.bool_]:
        return np.asarray(self.values == label)


def name_of(label: Label) -> str:
    """A label as people write it: a number, or a color such as #800000."""
    return f"#{label - _COLOR:06x}" if label >= _COLOR else str(label)


def parse_label(label: object) -> Label:
    """A label from a request: an integer, or its text; raises ValueError for anything else."""
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    text = str(label).strip() if isinstance(label, (int, str)) and not isinstance(label, bool) else ""
    if re.fullmatch(r"-?\d{1,12}", text):
        return int(text)
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return _COLOR + int(text[1:], 16)
    raise ValueError(
        f'A label is a whole number such as 1, or a color such as "#800000", not {str(label)[:40]!r}.'
    )


def label_map(decoded: Decoded, *, valid: NDArray[np.bool_] | None) -> LabelMap | None:
    """The labels in a file; None where it is to be read as black and white.

    Args:
        valid: (H, W), where its pixels have a value; None: everywhere. The others are void.
    """
    image = decoded.image
    if decoded.is_lossy or image.mode == "1" or image.has_transparency_data:
        return None
    if image.mode == "P":
        return _of_palette(decoded, valid)
    values = samples_of(image, decoded.samples)
    if values.ndim == 3:
        colors = np.asarray(image.convert("RGB"))
        is_gray = (colors == colors[:, :, :1]).all()
        return _of_values(colors[:, :, 0], valid) if is_gray else _of_colors(colors, valid)
    if values.dtype.kind == "f":
        present = values if valid is None else values[valid]
        if np.abs(present).max(initial=0) > 1 << 24 or not (present == np.rint(present)).all():
            return None
        values = np.where(True if valid is None else valid, values, 0).astype(np.int64)
    return _of_values(values, valid, unit=_unit(decoded))


def _unit(decoded: Decoded) -> int:
    """How much a PNG's gray of 2 or 4 bits was spread."""
    png = decoded.png
    return 255 // ((1 << png.depth) - 1) if png is not None and png.is_gray and png.depth in (2, 4) else 1


def _of_values(values: NDArray[Any], valid: NDArray[np.bool_] | None, *, unit: int = 1) -> LabelMap | None:
    present = np.unique(values if valid is None else values[valid])
    if not present.size or present.size > _MAX_LABELS:
        return None
    highest = int(present[-1])
    void_value = _void_value(values.dtype, present)
    labels = [int(v) for v in present if v > 0 and v != void_value]
    has_negative = int(present[0]) < 0
    if not labels or (labels == [255] and not has_negative):  # black, or black and white
        return None
    if len(present) == 1 and highest != 1:  # one even gray: no label stands out from anything
        return None
    two = len(present) == 2 and int(present[0]) == 0
    if not (two or has_negative or max(labels) < _DARK or highest == 1):
        if set(labels) <= _TRIMAP_GRAYS and highest == 255:
            return _trimap(values, valid)
        shades = np.isin(values, labels)
        if not _is_even(values, shades) or (len(labels) > _FEW_SHADES and _is_smooth(values, unit)):
            return None
    void = _joined(
        None if valid is None else ~valid, values == void_value if void_value is not None else None
    )
    void = _joined(void, values < 0 if has_negative else None)
    if unit > 1:
        values, labels = values // unit, [label // unit for label in labels]
    return LabelMap(values, tuple(labels), void)


def _void_value(dtype: np.dtype[Any], present: NDArray[Any]) -> int | None:
    """255, or the largest of 16 bits, where smaller labels stand beside it."""
    highest = int(present[-1])
    if highest not in (255, 65535) or not ((present > 0) & (present < highest)).any():
        return None
    return highest


def _trimap(values: NDArray[Any], valid: NDArray[np.bool_] | None) -> LabelMap:
    """Black, white and one gray between them for what is undecided, as tools for matting write it."""
    gray = np.isin(values, list(_TRIMAP_GRAYS))
    return LabelMap(values, (255,), _joined(None if valid is None else ~valid, gray))


def _of_palette(decoded: Decoded, valid: NDArray[np.bool_] | None) -> LabelMap | None:
    indices = np.asarray(decoded.image)
    colors = np.asarray(decoded.image.convert("RGB"))
    used = np.unique(indices)
    palette = _palette(decoded, used, indices, colors)
    if (palette == palette[:, :1]).all():  # grays: what they show counts, not their places
        return _of_values(colors[:, :, 0], valid)
    if len(used) > _MAX_COLORS and not _is_even(indices, indices > 0):
        return None  # a picture of few colors
    void_value = 255 if 255 in used and len(used[(used > 0) & (used < 255)]) else None
    labels = tuple(int(index) for index in used if index > 0 and index != void_value)
    if not labels:
        return None
    void = _joined(None if valid is None else ~valid, indices == 255 if void_value else None)
    return LabelMap(indices, labels, void)


def _palette(
    decoded: Decoded, used: NDArray[Any], indices: NDArray[Any], colors: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(N, 3): the colors of the indices that occur."""
    _, first = np.unique(indices, return_index=True)
    return colors.reshape(-1, 3)[first]


def _of_colors(colors: NDArray[np.uint8], valid: NDArray[np.bool_] | None) -> LabelMap | None:
    wide = colors.astype(np.int64)
    values = _COLOR + (wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2])
    present = [int(value) for value in np.unique(values if valid is None else values[valid])]
    void_value = _VOC_VOID if _VOC_VOID in present and len(present) > 2 else None
    labels = [value for value in present if value not in (_BLACK, void_value)]
    # Without black there is no background to tell: then brightness decides, as it does for a photo.
    if _BLACK not in present or not labels or len(present) > _MAX_COLORS or colors.max() == 1:
        return None
    if len(labels) > 1 and len(present) > _FEW_COLORS and not _is_even(values, values != _BLACK):
        return None
    if len(labels) == 1 and void_value is None and _luminance(labels[0]) > 127:
        return None  # one bright color on black: a mask like any other
    void = _joined(None if valid is None else ~valid, values == void_value if void_value else None)
    return LabelMap(values, tuple(labels), void)


def _luminance(label: Label) -> float:
    color = label - _COLOR
    return (299 * (color >> 16) + 587 * (color >> 8 & 255) + 114 * (color & 255)) / 1000


def _is_even(values: NDArray[Any], where: NDArray[np.bool_]) -> bool:
    """Whether most of these pixels are equal to the next ones to the right and below."""
    right = np.ones(values.shape, np.bool_)
    below = right.copy()
    right[:, :-1] = values[:, :-1] == values[:, 1:]
    below[:-1] = values[:-1] == values[1:]
    count = int(np.count_nonzero(where))
    return bool(count and np.count_nonzero(right & below & where) > _EVEN_SHARE * count)


def _is_smooth(values: NDArray[Any], unit: int) -> bool:
    """Whether values mostly change by one or two from a pixel to the next: a wide soft edge, no label's."""
    steps = np.abs(np.diff(values.astype(np.int64), axis=1))
    changes = steps[steps > 0]
    return bool(changes.size and np.median(changes) <= 2 * unit)


def _joined(a: NDArray[np.bool_] | None, b: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    joined = b if a is None else a if b is None else a | b
    return joined if joined is not None and joined.any() else None
