"""Picture files with statements that Pillow does not write: TIFF tags and PNG chunks."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import tifffile
from numpy.typing import ArrayLike
from PIL import Image

GDAL_NODATA = 42113
# PNG's color types by the number of channels.
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def tiff(values: ArrayLike, dtype: Any = None, *, nodata: str | None = None, **how: Any) -> io.BytesIO:
    """A TIFF file of (H, W) or (H, W, C) samples. `how` goes to tifffile."""
    file = io.BytesIO()
    tags = [] if nodata is None else [(GDAL_NODATA, "s", 0, nodata, True)]
    tifffile.imwrite(file, np.asarray(values, dtype), extratags=tags, metadata=None, **how)
    file.seek(0)
    return file


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    values: ArrayLike, *chunks: tuple[bytes, bytes], depth: int = 8, color_type: int | None = None
) -> io.BytesIO:
    """A PNG file of (H, W) or (H, W, C) samples of any depth; `chunks` stand before the pixels."""
    samples = np.atleast_3d(np.asarray(values))
    height, width, channels = samples.shape
    rows = samples.reshape(height, width * channels)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8).reshape(height, -1)
    else:  # the first sample in the highest bits
        bits = (rows[:, :, np.newaxis] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in packed)
    kind = _COLOR_TYPES[channels] if color_type is None else color_type
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    middle = b"".join(chunk(*one) for one in chunks)
    end = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + middle + end)


def png_header(width: int, height: int) -> io.BytesIO:
    """A PNG that claims a size and has no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + end)


def scene(width: int = 400, height: int = 300) -> Image.Image:
    """A picture that compresses to more than a few blocks."""
    coarse = np.random.default_rng(0).integers(0, 256, (height // 5, width // 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse.repeat(5, axis=0).repeat(5, axis=1))


def saved(image: Image.Image, file_format: str = "PNG", **how: Any) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, file_format, **how)
    file.seek(0)
    return file


def icc_profile(
    gamma: float, primaries: tuple[tuple[float, float, float], ...] | None = None, *, padding: int = 0
) -> bytes:
    """An ICC profile (version 2) of one curve: for gray, or for RGB with `primaries` as XYZ under D50.

    Args:
        padding: bytes that make it large.
    """

    def s15(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    white = (0.9642, 1.0, 0.8249)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)),
        (b"cprt", b"text\0\0\0\0x\0\0\0" + bytes(padding)),
        (b"wtpt", b"XYZ \0\0\0\0" + s15(*white)),
    ]
    if primaries is None:
        tags.append((b"kTRC", curve))
    else:
        for letter, xyz in zip((b"r", b"g", b"b"), primaries, strict=True):
            tags += [(letter + b"XYZ", b"XYZ \0\0\0\0" + s15(*xyz)), (letter + b"TRC", curve)]
    return icc_file(b"mntr" + (b"GRAY" if primaries is None else b"RGB ") + b"XYZ ", tags)


def icc_file(kind: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    """A profile (version 2) of a kind (device class, its color space, the space between) with its tags."""
    place, directory, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags:
        padded = data + bytes(-len(data) % 4)
        directory += name + struct.pack(">II", place, len(padded))
        body += padded
        place += len(padded)
    header = struct.pack(">I", place) + b"lcms" + struct.pack(">I", 0x02100000) + kind
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)  # D50
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + directory + body
