"""Masks as PNG files, written in less time than by a writer for any picture."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from samhq_demo.pictures.png import SIGNATURE

_GRAY_8_BIT = (8, 0, 0, 0, 0)  # bits, gray, and the only methods there are; not interlaced
_UNFILTERED = 0
_MEMORY_LEVEL = 9


def gray_png(values: NDArray[np.uint8]) -> bytes:
    """An 8-bit gray PNG of (height, width) values that seldom change along a row, as a mask's.

    zlib looks for runs alone and no row is filtered: a mask of 768 x 576 takes 0.9 ms where Pillow, which
    tries each filter on each row, takes 2.4 with the same zlib. The file is smaller, and larger only for
    masks that are all edge.
    """
    height, width = values.shape
    rows = np.empty((height, 1 + width), np.uint8)
    rows[:, 0], rows[:, 1:] = _UNFILTERED, values
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY_LEVEL, zlib.Z_RLE)
    header = struct.pack(">2I5B", width, height, *_GRAY_8_BIT)
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", packer.compress(rows.data) + packer.flush()),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
