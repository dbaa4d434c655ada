"""Which files are known to be decoded soon, told by their first bytes, their length and their size in pixels.

Everything here errs on the side of "no": that costs a file some milliseconds more, see `apart`.
"""

from __future__ import annotations

from typing import BinaryIO

from samhq_demo.pictures.decoding import jpeg_scans

# Below it no file of any format can claim much: of tags that lie over each other, say, at most 90 MB.
SMALL_BYTES = 64 * 2**10
MAX_SMALL_MEGAPIXELS = 1
# Of the usual formats. A header in many pieces is read in Python, piece by piece.
MAX_QUICK_BYTES = 8 * 2**20
MAX_QUICK_MEGAPIXELS = 26
# Each scan of a JPEG is a pass over all its pixels.
MAX_QUICK_SCANNED_MEGAPIXELS = 260
_JPEG = b"\xff\xd8\xff"
_USUAL = (_JPEG, b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"RIFF")
_EXIF = b"Exif\0\0"


def is_quick(file: BinaryIO, byte_count: int) -> bool:
    """Whether a file is of a usual format and not long; `is_quick_at` then looks at its pixels."""
    if byte_count > MAX_QUICK_BYTES:
        return False
    content = file.read()
    if not content.startswith(_USUAL):
        return False
    # Pillow joins several of a JPEG's blocks of tags, to one that may claim terabytes, as it opens the file.
    return not (content.startswith(_JPEG) and content.count(_EXIF) > 1)


def is_quick_at(file: BinaryIO, size_wh: tuple[int, int], *, is_usual: bool) -> bool:
    """The same once the size in pixels is known. is_usual: what `is_quick` said."""
    megapixels = size_wh[0] * size_wh[1] / 1_000_000
    if not is_usual:
        return megapixels <= MAX_SMALL_MEGAPIXELS
    if megapixels > MAX_QUICK_MEGAPIXELS:
        return False
    may_count = file.read(len(_JPEG)) == _JPEG and megapixels > 1
    return not may_count or megapixels * jpeg_scans(file) <= MAX_QUICK_SCANNED_MEGAPIXELS
