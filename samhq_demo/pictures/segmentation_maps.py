"""A label map that comes with a picture, resized and padded to the size of a decoder's masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samhq_demo.pictures.files import Source, load
from samhq_demo.pictures.samples import samples_of

# Of the published checkpoints: the long side of the masks that their decoders make.
LOW_RES = 256


def read_segmentation_map(source: Source, *, side: int = LOW_RES) -> NDArray[np.int64]:
    """Read a file of labels and align it with the decoder's masks; see `align_segmentation_map`.

    Raises:
        ValueError: one sentence, as from `read_picture`, and for a file with several channels or fractions.
    """
    decoded = load(source, "segmentation map")
    values = (
        np.asarray(decoded.image) if decoded.image.mode == "P" else samples_of(decoded.image, decoded.samples)
    )
    return align_segmentation_map(values, side=side)


def align_segmentation_map(values: NDArray[Any], *, side: int = LOW_RES) -> NDArray[np.int64]:
    """Labels (H, W) of a picture -> (side, side) beside the decoder's masks, as SamProcessor's `labels` are.

    The long side becomes `side`, by the nearest pixel, so that no label is mixed with another; below and to
    the right of the picture there is 0. Unlike there, labels over 255 stay what they are.

    Raises:
        ValueError: the values are no whole numbers of 32 bits, or not (H, W).
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"A segmentation map has one label a pixel, (height, width), not {values.shape}.")
    if values.dtype.kind not in "bui" or (values.size and abs(values.astype(np.int64)).max() >= 1 << 31):
        raise ValueError(f"The labels of a segmentation map are whole numbers, not {values.dtype}.")
    height, width = values.shape
    scale = side / max(height, width)
    new_wh = max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))
    image = Image.fromarray(np.ascontiguousarray(values, np.int32))
    aligned = np.zeros((side, side), np.int64)
    aligned[: new_wh[1], : new_wh[0]] = np.asarray(image.resize(new_wh, Image.Resampling.NEAREST))
    return aligned
