"""Limits on decoding: how much one picture may cost, and how many are decoded at once.

Without these bounds a 164 KB IPTC file became 169 megapixels, a 372 KB TIFF of floats took 1.7 GB, and a
255 KB FITS 22 s of Python. With them two decodes run at once, and only decoders in C meet large pictures. A
PNG of 64 megapixels took 1.4 GB; that no other kind takes more is an estimate.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image, ImageFile

MAX_MEGAPIXELS = 64
# Of samples over 8 bits, each of which takes up to 27 bytes on its way to 8 bits.
MAX_WIDE_MEGAPIXELS = 32
# Of a format whose decoder is written in Python, and holds up everyone for as long as it takes.
MAX_SLOW_MEGAPIXELS = 4
# A JPEG may be sent in ever finer scans, each of which takes a pass over the whole picture; cameras and the
# web use about ten.
MAX_JPEG_SCANS = 100
# All of Pillow's formats of pixels. Left out are drawings (EPS, WMF), containers of a file of any other kind
# (IPTC, MPEG), what needs an application's own reader (BUFR, GRIB, HDF5) and FITS, which unpacks in Python.
READERS = frozenset(
    {
        "AVIF", "BLP", "BMP", "CUR", "DCX", "DDS", "DIB", "FLI", "FTEX", "GBR", "GIF", "HEIF", "ICNS", "ICO",
        "IM", "JPEG", "JPEG2000", "MSP", "PCD", "PCX", "PIXAR", "PNG", "PPM", "PSD", "QOI", "SGI", "SPIDER",
        "SUN", "TGA", "TIFF", "WEBP", "XBM", "XPM",
    }
)  # fmt: skip
_AT_ONCE = threading.BoundedSemaphore(2)
_START_OF_SCAN = b"\xff\xda"


@contextmanager
def decode_slot() -> Iterator[None]:
    """Wait for one's turn to decode, and have it until the pixels are there: a `with` block or decorator."""
    with _AT_ONCE:
        yield


def most_megapixels(image: Image.Image) -> int:
    """How many megapixels a picture of its kind may have."""
    tiles = getattr(image, "tile", None) or ()
    if any(tile[0] in Image.DECODERS for tile in tiles):
        return MAX_SLOW_MEGAPIXELS
    wide = image.mode in ("I", "F") or image.mode.startswith("I;16")
    return MAX_WIDE_MEGAPIXELS if wide else MAX_MEGAPIXELS


def has_too_many_scans(image: ImageFile.ImageFile, file: BinaryIO) -> bool:
    """Whether a JPEG takes far more passes over its pixels than pictures do."""
    return image.format in ("JPEG", "MPO") and jpeg_scans(file) > MAX_JPEG_SCANS


def jpeg_scans(file: BinaryIO) -> int:
    """How many passes over its pixels a JPEG takes."""
    file.seek(0)
    # Among the pixels' data these two bytes do not occur: the first would be escaped there.
    scans, last = 0, b""
    while piece := file.read(2**20):
        scans += (last + piece).count(_START_OF_SCAN)
        last = piece[-1:]
    return scans
