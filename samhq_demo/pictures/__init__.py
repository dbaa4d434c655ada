"""Files -> pictures, masks and true masks.

`files` decodes any upload, `kinds` names what cannot be read, `samples` brings samples of any type to 8
bits by what the file says of them, `color` brings colors to sRGB, `picture` and `mask_files` make values of
the result.
"""

from samhq_demo.pictures.files import MAX_MEGAPIXELS, Source
from samhq_demo.pictures.mask_files import (
    SeveralLabelsError,
    TrueMask,
    read_mask,
    read_true_mask,
    read_true_masks,
)
from samhq_demo.pictures.picture import Picture, read_picture

__all__ = [
    "MAX_MEGAPIXELS",
    "Picture",
    "SeveralLabelsError",
    "Source",
    "TrueMask",
    "read_mask",
    "read_picture",
    "read_true_mask",
    "read_true_masks",
]
