"""Files that hold a mask: black and white, a cutout, a map of labels, with pixels to leave out or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures.apart import bounded
from samhq_demo.pictures.color import rgb
from samhq_demo.pictures.files import Decoded, Source, load
from samhq_demo.pictures.labels import Label, LabelMap, label_map, name_of, parse_label
from samhq_demo.pictures.picture import eight_bits, is_wide
from samhq_demo.pictures.samples import samples_of, valid_samples

# The share of a mask's pixels that may be shades, for soft edges; most of a photo's are.
MAX_SHADES = 0.3
_SHADES = slice(40, 216)
_EMPTY = "The mask is empty: what is in it must be brighter than 127 of 255, or 1 in a file of 0 and 1."


@dataclass(frozen=True, slots=True, eq=False)
class TrueMask:
    """A mask to measure others by, and how its file was read.

    Attributes:
        mask: (H, W) bool.
        void: (H, W) bool, the pixels that no score counts; None where there are none.
        label: which of the file's `labels` the mask is; None where the file was read as black and white.
    """

    mask: NDArray[np.bool_]
    void: NDArray[np.bool_] | None = None
    label: Label | None = None
    labels: tuple[Label, ...] = ()

    @property
    def how(self) -> str:
        """How the file was read, as a sentence for people."""
        pixels = f"{np.count_nonzero(self.mask):,} pixels"
        read = (
            "black and white" if self.label is None else f"labels, of which {name_of(self.label)} is the mask"
        )
        if self.void is None:
            return f"Read as {read}: {pixels}."
        void = f"{np.count_nonzero(self.void):,} void pixels are left out of the scores"
        return f"Read as {read}: {pixels}; {void}."


class SeveralLabelsError(ValueError):
    """The file holds several labels, and none of them was chosen; `labels` has them all."""

    def __init__(self, labels: tuple[Label, ...]) -> None:
        self.labels = labels
        shown = ", ".join(name_of(label) for label in labels[:20])
        more = f" and {len(labels) - 20} more" if len(labels) > 20 else ""
        super().__init__(
            f"The mask file holds {len(labels)} labels: {shown}{more}. Choose one of them, or give a file "
            "with one object, white on black."
        )

    def __reduce__(self) -> tuple[Any, ...]:  # it may come from another process
        return SeveralLabelsError, (self.labels,)


def read_mask(source: Source, *, size_wh: tuple[int, int], label: object = None) -> Runs:
    """Read a mask file.

    A pixel is in the mask where its luminance is over 127 of 255, or, in a file whose largest value is 1,
    where it is 1. Where a file is transparent in part, what is opaque is the mask, save that in a black and
    white drawing black stays outside. A map of labels is told by few values in even regions: see `labels`.

    Args:
        size_wh: the picture's upright size.
        label: which label of such a map is the mask; None where it has but one.

    Raises:
        SeveralLabelsError: the file has several, and `label` is None.
        ValueError: one sentence, as from `read_picture`, and for a mask that is empty or of another size.
    """
    return Runs.from_mask(read_true_mask(source, size_wh=size_wh, label=label).mask)


@bounded
def read_true_mask(source: Source, *, size_wh: tuple[int, int], label: object = None) -> TrueMask:
    """Read a mask file like `read_mask`, with the pixels that it leaves undecided.

    Void are, in a map of labels, 255 (65535 in 16 bits, Pascal VOC's cream in colors) and negative values;
    in every file the pixels without a value: NaN, and what a TIFF names as nodata, save 0; and between
    black and white the one gray 127 or 128, as trimaps have it.
    """
    decoded, valid, found = _opened(source, size_wh=size_wh)
    if found is None:
        if label is not None and parse_label(label) not in (1, 255):  # the names that white goes by
            raise ValueError(
                "The mask file is black and white: leave the label out, or give a map of labels."
            )
        return _black_and_white(decoded, valid=valid)
    return _of_label(found, None if label is None else parse_label(label))


def read_true_masks(source: Source, *, size_wh: tuple[int, int]) -> Iterator[TrueMask]:
    """Every object of a mask file, one after the other: each label of a map, or the one white on black.

    Read like `read_true_mask`, but a file that is neither of the two is refused rather than split at 127.

    Raises:
        ValueError: as there, at the first step; and where over MAX_SHADES of a black and white file's pixels
            are shades of gray, as in a photo.
    """
    decoded, valid, found = _opened(source, size_wh=size_wh)
    if found is None:
        _refuse_shades(decoded)
        yield _black_and_white(decoded, valid=valid)
        return
    for label in found.labels:
        yield _of_label(found, label)


def _opened(
    source: Source, *, size_wh: tuple[int, int]
) -> tuple[Decoded, NDArray[np.bool_] | None, LabelMap | None]:
    """A mask file of that size: decoded, where it has values (None: everywhere), and its labels if any."""
    decoded = load(source, "mask")
    if decoded.size_wh != size_wh:
        width, height = size_wh
        raise ValueError(
            f"The mask is {decoded.size_wh[0]} x {decoded.size_wh[1]} pixels and the picture "
            f"{width} x {height}: give a mask of the picture's size."
        )
    if decoded.samples.nodata == 0:  # many tools declare a mask's background so: it is known all the same
        decoded = replace(decoded, samples=replace(decoded.samples, nodata=None))
    valid = valid_samples(samples_of(decoded.image, decoded.samples), decoded.samples)
    return decoded, valid, label_map(decoded, valid=valid)


def _refuse_shades(decoded: Decoded) -> None:
    shown = rgb(eight_bits(decoded)[0], profile=None)
    if shown.mode == "RGBA" and shown.getchannel("A").getextrema()[0] == 0:
        return  # a cutout: what is opaque counts, not its shades
    levels = np.array(shown.convert("RGB").convert("L").histogram())
    share = levels[_SHADES].sum() / levels.sum()
    if share > MAX_SHADES:
        raise ValueError(
            f"The mask file is neither black and white nor a map of labels: {share:.0%} of its pixels are "
            "shades of gray or colors. Give white on black, or even regions of one value each."
        )


def _of_label(found: LabelMap, wanted: Label | None) -> TrueMask:
    if wanted is None:
        if len(found.labels) != 1:
            raise SeveralLabelsError(found.labels)
        wanted = found.labels[0]
    elif wanted not in found.labels:
        known = ", ".join(name_of(label) for label in found.labels[:20])
        raise ValueError(f"The mask file has no label {name_of(wanted)}; it has {known}.")
    return TrueMask(found.where(wanted), found.void, wanted, found.labels)


def _black_and_white(decoded: Decoded, *, valid: NDArray[np.bool_] | None) -> TrueMask:
    mask = _mask(decoded, valid=valid)
    void = None if valid is None else ~valid
    if void is not None:
        mask &= ~void
    if not mask.any():
        raise ValueError(_EMPTY)
    return TrueMask(mask, void)


def _mask(decoded: Decoded, *, valid: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """(H, W) boolean, by the rules that `read_mask` states."""
    image = decoded.image
    if is_wide(image):
        values = samples_of(image, decoded.samples)
        present = values if valid is None else values[valid]
        if values.dtype.kind != "f" and present.size and present.max() == 1:
            return np.asarray(values == 1)
    scaled, _ = eight_bits(decoded)
    shown = rgb(scaled, profile=None)
    luminance = np.asarray(shown.convert("RGB").convert("L"))
    if shown.mode == "RGBA":
        alpha = np.asarray(shown.getchannel("A"))
        opaque = alpha > alpha.max() / 2
        if not opaque.all():
            return _opaque_mask(opaque, luminance)
    colors: NDArray[Any] = np.asarray(shown.convert("RGB"))
    if colors.max() == 1:
        return np.asarray(colors.any(axis=2))
    return np.asarray(luminance > 127)


def _opaque_mask(opaque: NDArray[np.bool_], luminance: NDArray[np.uint8]) -> NDArray[np.bool_]:
    shown = luminance[opaque]
    white = shown == 255
    is_black_and_white = white.any() and not white.all() and bool((white | (shown == 0)).all())
    return opaque & (luminance == 255) if is_black_and_white else opaque
