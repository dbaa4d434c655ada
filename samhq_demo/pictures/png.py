"""Reads from a PNG what Pillow does not report, and removes the chunks that Pillow fails on.

Pillow refuses a whole picture for a text or a color profile of over 1 MB, and for a wrong checksum in a
chunk that has nothing to do with the pixels. A browser shows such a picture.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The most that a color profile may take when it is inflated; the largest known ones have 4 MB.
MAX_PROFILE_BYTES = 16 * 2**20
# Pillow's own limit for one text; nothing here needs longer ones.
_MAX_TEXT_BYTES = 2**20
_MAX_TEXTS_BYTES = 8 * 2**20
_MAX_CHUNKS = 1_000_000

_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
# Chunks of a fixed length, which Pillow takes apart without a look at how long they are.
_LENGTHS = {b"pHYs": 9, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"tIME": 7, b"cICP": 4}
# Everything else that is not critical goes when a PNG is written anew.
_KEPT = frozenset({b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"})


@dataclass(frozen=True, slots=True)
class PngFacts:
    """What a PNG says of its samples and colors.

    Attributes:
        depth: bits a sample in the file: 1, 2, 4, 8 or 16.
        is_gray: gray, with alpha or without.
        significant_bits: of the largest channel, from sBIT; None where it is not stated.
        transparent: the one gray (1 value) or color (3 values) that is transparent, in samples of `depth`
            bits.
        gamma: of the encoding, about 0.45455 for sRGB.
        chromaticities: (x, y) of white, red, green and blue.
        is_srgb: it says so.
        code_points: of primaries and transfer (ITU-T H.273), from cICP.
        icc_profile: where Pillow's limit left it out.
    """

    depth: int
    is_gray: bool
    significant_bits: int | None = None
    transparent: tuple[int, ...] | None = None
    gamma: float | None = None
    chromaticities: tuple[float, ...] | None = None
    is_srgb: bool = False
    code_points: tuple[int, int] | None = None
    icc_profile: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    """Of the chunk's length field, in bytes from the file's beginning."""
    length: int

    @property
    def is_critical(self) -> bool:
        return self.kind[:1].isupper()

    def data(self, file: BinaryIO) -> bytes | None:
        """None where it is cut off or its checksum is wrong."""
        file.seek(self.start + 8)
        data, checksum = file.read(self.length), file.read(4)
        if len(data) != self.length or struct.pack(">I", zlib.crc32(self.kind + data)) != checksum:
            return None
        return data


def inspect_png(file: BinaryIO) -> tuple[BinaryIO, PngFacts | None]:
    """A stream that Pillow reads, the file itself where nothing is in its way; and what the file states."""
    chunks = list(_chunks(file))
    if not chunks or chunks[0].kind != b"IHDR":
        return file, None
    small, dropped = _ancillary(file, chunks)
    facts = _facts(small, header=chunks[0].data(file))
    if dropped:
        file = _without(file, [c for c in chunks if c.is_critical or (c.kind in _KEPT and c not in dropped)])
    return file, facts


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    file.seek(0, io.SEEK_END)
    size, start = file.tell(), len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        chunk = _Chunk(head[4:], start, int.from_bytes(head[:4], "big"))
        if not chunk.kind.isalpha():  # no chunk: what follows a picture's end, or damage
            return
        yield chunk
        start += 12 + chunk.length
        if chunk.kind == b"IEND" or start > size:
            return


def _ancillary(file: BinaryIO, chunks: list[_Chunk]) -> tuple[dict[bytes, bytes], set[_Chunk]]:
    """The chunks with facts by kind, the first of each, and those that Pillow must not see."""
    found: dict[bytes, bytes] = {}
    dropped: set[_Chunk] = set()
    texts_bytes = 0
    for chunk in chunks:
        if chunk.is_critical or chunk.kind == b"fdAT":
            continue
        data = chunk.data(file) if chunk.length <= MAX_PROFILE_BYTES else None
        if (
            data is None
            or len(data) != _LENGTHS.get(chunk.kind, len(data))
            or (chunk.kind == b"iCCP" and b"\0" not in data[:-2])
        ):
            dropped.add(chunk)
        elif chunk.kind in _TEXTS:
            texts_bytes += (inflated := _text_bytes(chunk.kind, data))
            if inflated > _MAX_TEXT_BYTES or texts_bytes > _MAX_TEXTS_BYTES:
                dropped.add(chunk)
        elif chunk.kind == b"iCCP":
            profile = _inflated(data.partition(b"\0")[2][1:], MAX_PROFILE_BYTES)
            found.setdefault(b"iCCP", profile or b"")
            if profile is None or len(profile) > _MAX_TEXT_BYTES:
                dropped.add(chunk)
        else:
            found.setdefault(chunk.kind, data)
    return found, dropped


def _text_bytes(kind: bytes, data: bytes) -> int:
    """How long a text is when it is inflated, or a little over the limit."""
    if kind == b"tEXt":
        return len(data)
    # Its keyword and flags need not be told apart from the compressed text: that is where zlib's data
    # begins.
    _, _, rest = data.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\x01":
            return len(data)
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        rest = rest[1:]
    text = _inflated(rest, _MAX_TEXT_BYTES)
    return _MAX_TEXT_BYTES + 1 if text is None else len(text)


def _inflated(data: bytes, limit: int) -> bytes | None:
    """Zlib's data inflated; empty where it is damaged, None where it is over `limit` bytes."""
    try:
        inflated = zlib.decompressobj().decompress(data, limit + 1)
    except zlib.error:
        return b""
    return inflated if len(inflated) <= limit else None


def _without(file: BinaryIO, kept: list[_Chunk]) -> BinaryIO:
    copy = io.BytesIO()
    copy.write(SIGNATURE)
    for chunk in kept:
        file.seek(chunk.start)
        copy.write(file.read(12 + chunk.length))
    copy.seek(0)
    return copy


def _facts(found: dict[bytes, bytes], *, header: bytes | None) -> PngFacts | None:
    if header is None or len(header) != 13:
        return None
    depth, color_type = header[8], header[9]
    has_palette = color_type == 3
    transparent = None
    stated = found.get(b"tRNS", b"")
    if color_type in (0, 2) and len(stated) == (2 if color_type == 0 else 6):
        mask = (1 << depth) - 1  # of more bits than a sample has only the low ones count
        transparent = tuple(value & mask for value in struct.unpack(f">{len(stated) // 2}H", stated))
    # The bits of a palette are those of its colors, which are scaled already.
    bits = max(found.get(b"sBIT", b"")[: 1 if color_type in (0, 4) else 3], default=0)
    profile = found.get(b"iCCP")
    return PngFacts(
        depth=depth,
        is_gray=color_type in (0, 4),
        significant_bits=bits if not has_palette and 0 < bits <= depth else None,
        transparent=transparent,
        gamma=_gamma(found.get(b"gAMA")),
        chromaticities=_chromaticities(found.get(b"cHRM")),
        is_srgb=b"sRGB" in found,
        code_points=_code_points(found.get(b"cICP")),
        icc_profile=profile if profile and len(profile) > _MAX_TEXT_BYTES else None,
    )


def _gamma(data: bytes | None) -> float | None:
    return None if data is None else int.from_bytes(data, "big") / 100_000


def _chromaticities(data: bytes | None) -> tuple[float, ...] | None:
    return None if data is None else tuple(value / 100_000 for value in struct.unpack(">8I", data))


def _code_points(data: bytes | None) -> tuple[int, int] | None:
    """Primaries and transfer; PNG allows no matrix, and values of less than the full range are for video."""
    return (data[0], data[1]) if data is not None and data[2:] == b"\0\1" else None
