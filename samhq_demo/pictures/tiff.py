"""Corrections for Pillow's TIFF reader."""

from __future__ import annotations

import sys
from typing import Any, TypeGuard

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL, _PLANAR_CONFIGURATION = 258, 277, 284
_SUBFILE_TYPE, _SUB_IFDS, _DNG_VERSION = 254, 330, 50706
_OTHER_ORDER = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def mend_planes(image: Image.Image) -> None:
    """Have Pillow read uncompressed 16-bit bands that are stored one after the other as what they are.

    It takes them for 8-bit ones, without a word.
    """
    if not _has_planes(image) or not _is_16_bit(image) or image.use_load_libtiff:
        return
    order = "L" if image.tag_v2.prefix == b"II" else "B"
    image.tile = [one._replace(args=_wide(one.args, order)) for one in image.tile]


def _wide(args: Any, order: str) -> Any:
    rawmode, *rest = args
    return (f"{rawmode};16{order}", *rest)


def has_unreachable_low_bytes(image: Image.Image) -> bool:
    """Whether it has 16-bit colors of which only the high bytes can be had: compressed band by band."""
    return _has_planes(image) and _is_16_bit(image) and image.use_load_libtiff


def drops_bands(image: Image.Image) -> bool:
    """Whether Pillow would read only the first of several bands of which none is said to be a color."""
    if not _has_planes(image) or image.mode not in ("1", "L", "I", "F", "I;16", "I;16B", "P"):
        return False
    return int(image.tag_v2.get(_SAMPLES_PER_PIXEL, 1)) > 1


def low_byte_rawmode(rawmode: str) -> str | None:
    """The raw mode under which Pillow keeps the low bytes of 16-bit colors; None where there are none."""
    if rawmode == "LA;16B":  # gray and alpha, high byte and low byte of each
        return "RGBA"
    name, _, order = rawmode.partition(";16")
    # Pillow divides premultiplied colors by alpha as it reads them: their bytes cannot be put together
    # again.
    if name not in ("RGB", "RGBX", "RGBA", "CMYK", "R", "G", "B", "A") or order not in _OTHER_ORDER:
        return None
    return f"{name};16{_OTHER_ORDER[order]}"


def camera_raw(image: Image.Image) -> str | None:
    """What to call a camera's raw file, whose first picture is a thumbnail; None for any other file."""
    if not isinstance(image, TiffImageFile):
        return None
    if _DNG_VERSION in image.tag_v2:
        return "a camera's raw file (DNG)"
    is_reduced = bool(int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & 1)
    return "a camera's raw file" if is_reduced and _SUB_IFDS in image.tag_v2 else None


def _has_planes(image: Image.Image) -> TypeGuard[TiffImageFile]:
    return isinstance(image, TiffImageFile) and bool(image.tag_v2.get(_PLANAR_CONFIGURATION, 1) == 2)


def _is_16_bit(image: TiffImageFile) -> bool:
    return image.mode in ("RGB", "RGBA", "CMYK") and image.tag_v2[_BITS_PER_SAMPLE][0] == 16
