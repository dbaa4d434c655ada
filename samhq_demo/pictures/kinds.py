"""Names for files that are whole, but of a kind that cannot be read: they must not be called damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import TiffImagePlugin

_MAX_JPEG_SEGMENTS = 10_000

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_SAMPLES_PER_PIXEL, _PLANAR, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 284, 338, 339
_SAMPLE_FORMATS = {
    1: "integers", 2: "signed integers", 3: "floats", 4: "samples of no stated type", 5: "complex integers",
    6: "complex floats",
}  # fmt: skip
_COMPRESSIONS = {
    3: "CCITT", 4: "CCITT", 9: "JBIG", 10: "JBIG", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000",
    34712: "JPEG 2000", 34661: "JBIG", 34887: "LERC", 34892: "lossy JPEG (DNG)", 34925: "LZMA",
    34933: "PNG", 34934: "JPEG XR", 22610: "JPEG XR", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL",
    52546: "JPEG XL",
}  # fmt: skip
_COLOR_MODELS = {
    2: "RGB ",
    3: "palette ",
    5: "CMYK ",
    6: "YCbCr ",
    8: "CIELAB ",
    9: "ICCLAB ",
    32803: "raw mosaic ",
}

_TIFF_REMEDY = (
    "save it with 1 or 3 bands of 8 or 16 bits, or as one band of 32-bit floats, or as a PNG of 8 or 16 bits"
)
_SAVE_AS = "save it as a JPEG, PNG or TIFF of 8 bits a channel"

# What such a file begins with, at which byte.
_FOREIGN = (
    (0, b"\xff\x0a", "a JPEG XL file"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL file"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR file"),
    (0, b"#?RADIANCE", "a Radiance HDR file"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript drawing"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML file (an SVG drawing?)"),
    (0, b"<!DOCTYPE html", "a web page"),
    (0, b"<html", "a web page"),
    (128, b"DICM", "a DICOM file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (4, b"ftypheic", "a HEIC photo that is damaged"),
    (4, b"ftypqt  ", "a video"),
    (4, b"ftypisom", "a video"),
    (4, b"ftypmp4", "a video"),
    (4, b"ftypM4V", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file"),
    (4, b"ftypcrx", "a camera's raw file (CR3)"),
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """what: the kind, with its article. remedy: what would be read, as a request."""

    what: str
    remedy: str


def foreign_kind(file: BinaryIO) -> str | None:
    """The name of a well-known kind of file that is no raster picture; None for any other."""
    file.seek(0)
    head = file.read(256)
    # A byte order mark or white space may come before a text's first sign.
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for offset, signature, kind in _FOREIGN:
        if head[offset:].startswith(signature) or (not offset and start.startswith(signature)):
            return kind
    return None


def unreadable_kind(file: BinaryIO, name: str) -> Unreadable | None:
    """Why Pillow's reader `name` cannot read a file, by its header; None where that tells no reason."""
    try:
        if name == "TIFF":
            return _unreadable_tiff(file)
        if name == "JPEG":
            return _jpeg_kind(file)
        if name == "PSD":
            return _psd_kind(file)
    except Exception:  # The header is damaged, in one of a dozen ways: then it tells nothing.
        return None
    return None


def tiff_kind(file: BinaryIO) -> Unreadable:
    """A TIFF's samples, by its tags; any exception where these are damaged."""
    tags = _tiff_tags(file)
    return Unreadable(_tiff_name(tags), _TIFF_REMEDY)


def _unreadable_tiff(file: BinaryIO) -> Unreadable | None:
    tags = _tiff_tags(file)
    is_plausible = (
        0 < tags[_WIDTH] < 2**31
        and 0 < tags[_HEIGHT] < 2**31
        and 0 < tags.get(_SAMPLES_PER_PIXEL, 1) <= 65535
        and all(0 < one <= 128 for one in tags.get(_BITS, (1,)))
        and set(tags.get(_SAMPLE_FORMAT, (1,))) <= _SAMPLE_FORMATS.keys()
    )
    if not is_plausible:
        return None
    compression = tags.get(_COMPRESSION, 1)
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        method = _COMPRESSIONS.get(compression)
        if method is None:
            return None
        return Unreadable(
            f"a TIFF compressed with {method}", "save it with LZW or Deflate compression, or as PNG"
        )
    return None if _pillow_reads(tags) else Unreadable(_tiff_name(tags), _TIFF_REMEDY)


def _tiff_tags(file: BinaryIO) -> Any:
    file.seek(0)
    header = file.read(8)
    if header[2] == 43:  # BigTIFF
        header += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _tiff_name(tags: Any) -> str:
    bits, formats = tags.get(_BITS, (1,)), set(tags.get(_SAMPLE_FORMAT, (1,)))
    bands = tags.get(_SAMPLES_PER_PIXEL, len(bits))
    color = _COLOR_MODELS.get(tags.get(_PHOTOMETRIC), "")
    sizes = " and ".join(str(one) for one in sorted(set(bits)))
    samples = " and ".join(_SAMPLE_FORMATS[one] for one in sorted(formats))
    short = f" (float{sizes})" if formats == {3} else ""
    count = "" if bands == 1 else f"{bands} bands of "
    planes = ", band by band (planar)" if bands > 1 and tags.get(_PLANAR, 1) == 2 else ""
    article = "an" if color.startswith("RGB") else "a"
    return f"{article} {color}TIFF of {count}{sizes}-bit {samples}{short}{planes}"


def _pillow_reads(tags: Any) -> bool:
    """Whether Pillow has a way for this organization: its own lookup, in `TiffImageFile._setup`."""
    bits = tags.get(_BITS, (1,))
    bands = tags.get(_SAMPLES_PER_PIXEL, len(bits))
    photometric = tags.get(_PHOTOMETRIC, 0)
    is_planar = tags.get(_PLANAR, 1) == 2
    formats, extra = tags.get(_SAMPLE_FORMAT, (1,)), tags.get(_EXTRA_SAMPLES, ())
    if len(set(formats)) == 1:
        formats = formats[:1]
    if tags.get(_COMPRESSION, 1) == 6:  # old JPEG
        return True
    if is_planar and (tags.get(_COMPRESSION, 1) == 1 and extra):
        return False  # without compression it looks for the letters of more colors than there are
    if is_planar and photometric == 5 and bits[0] == 16:
        return False
    if is_planar and extra and max(extra) == 0:
        bits, bands, extra = bits[: -len(extra)], bands - len(extra), ()
    bits = bits[:bands] if len(bits) > 1 else bits * bands
    key = (tags.prefix, photometric, formats, tags.get(_FILL_ORDER, 1), bits, extra)
    return key in TiffImagePlugin.OPEN_INFO


def _jpeg_kind(file: BinaryIO) -> Unreadable | None:
    """By the frame header: 12 bits, lossless and hierarchical JPEG are for scanners and for medicine."""
    at = 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        file.seek(at)
        head = file.read(5)
        if len(head) < 5 or head[0] != 0xFF:
            return None
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker == 0xFF:  # filling
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if head[4] != 8:
                return Unreadable(f"a JPEG of {head[4]} bits a channel", _SAVE_AS)
            if marker not in (0xC0, 0xC1, 0xC2, 0xC9, 0xCA):
                return Unreadable("a lossless or hierarchical JPEG", _SAVE_AS)
            return None
        at += 2 + length
    return None


def _psd_kind(file: BinaryIO) -> Unreadable | None:
    file.seek(22)
    depth = int.from_bytes(file.read(2), "big")
    return Unreadable(f"a Photoshop file of {depth} bits a channel", _SAVE_AS) if depth > 8 else None
