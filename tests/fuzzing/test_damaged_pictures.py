"""Real files of every format with parts of them damaged: a picture, or one sentence."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samhq_demo.pictures import Picture, read_mask, read_picture, read_true_mask
from samhq_demo.pictures.decoding import READERS
from tests.fuzzing.cases import Growth, cases, quick
from tests.support.raster_files import png, scene, tiff

SHARE = 0.4
SIZE_WH = (24, 18)
# What Pillow writes of the formats that are read, each in the modes that change how it is decoded.
_WRITTEN = {
    "AVIF": ("RGB",), "BMP": ("RGB", "P", "1"), "DDS": ("RGBA",), "DIB": ("RGB",), "GIF": ("P", "L"),
    "HEIF": ("RGB",), "ICNS": ("RGBA",), "ICO": ("RGBA",), "IM": ("RGB",), "JPEG": ("RGB", "CMYK", "L"),
    "JPEG2000": ("RGB", "L"), "MSP": ("1",), "PCX": ("RGB", "P"), "PNG": ("RGBA", "P", "I;16", "1"),
    "PPM": ("RGB", "L", "1"), "SGI": ("RGB",), "SPIDER": ("F",), "TGA": ("RGB", "P"),
    "TIFF": ("RGB", "CMYK", "I;16", "F", "1", "LAB"), "WEBP": ("RGB",), "XBM": ("1",),
}  # fmt: skip
# What it can only read; their first bytes are enough to reach its reader.
_HEADS = {
    "BLP": b"BLP2" + bytes(200), "CUR": b"\0\0\2\0\1\0" + bytes(60),
    "FLI": b"\0" * 4 + b"\x11\xaf" + bytes(150),
    "DCX": (987654321).to_bytes(4, "little") + bytes(100), "FTEX": b"FTEX" + bytes(100),
    "GBR": bytes((0, 0, 0, 28, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4)) + b"GIMP" + bytes(80),
    "PCD": bytes(2048) + b"PCD_" + bytes(2048), "PIXAR": b"\x80\xe8\0\0" + bytes(600),
    "PSD": b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\4\0\0\0\4\0\x08\0\3" + bytes(80),
    "QOI": b"qoif\0\0\0\4\0\0\0\4\3\0" + bytes(20), "SUN": b"\x59\xa6\x6a\x95" + bytes(60),
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"2 2 2 1",\n"a c #ff0000",\n"b c #00ff00",\n"ab",\n"ba"};\n',
}  # fmt: skip


def _written(kind: str, mode: str, **how: Any) -> bytes:
    size = (32, 32) if kind in ("ICNS", "ICO") else SIZE_WH
    if mode == "I;16":
        image = Image.fromarray(np.arange(size[0] * size[1], dtype=np.uint16).reshape(size[::-1]) * 99)
    else:
        image = scene(*size).convert(mode)
    file = io.BytesIO()
    image.save(file, format=kind, **how)
    return file.getvalue()


def _files() -> dict[str, bytes]:
    found = {f"{kind} {mode}": _written(kind, mode) for kind, modes in _WRITTEN.items() for mode in modes}
    values = np.arange(SIZE_WH[0] * SIZE_WH[1], dtype=np.uint16).reshape(SIZE_WH[::-1])
    found |= {
        "JPEG progressive": _written("JPEG", "RGB", progressive=True),
        "JPEG with tags": _written("JPEG", "RGB", exif=_exif()),
        "TIFF deflate": _written("TIFF", "RGB", compression="tiff_adobe_deflate"),
        "TIFF LZW": _written("TIFF", "L", compression="tiff_lzw"),
        "TIFF of bands": tiff(np.dstack([values] * 4)).getvalue(),
        "PNG of 16 bits": png(np.dstack([values] * 3), depth=16).getvalue(),
        "GIF of several": _written("GIF", "P", save_all=True, append_images=[scene(*SIZE_WH)]),
    }
    return found | _HEADS


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6  # turned
    return exif


FILES = _files()
_BYTES = st.binary(min_size=1, max_size=8) | st.sampled_from(
    [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\xff\xff", b"\x80\0\0\0", b"\1"]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One of FILES after up to six changes: bytes written over, put in, taken out, said twice; cut short."""
    content = FILES[draw(st.sampled_from(sorted(FILES)))]
    for _ in range(draw(st.integers(0, 6))):
        # Half of them in the head, where most is said of the rest.
        last = len(content) if draw(st.booleans()) else min(len(content), 64)
        at = draw(st.integers(0, last))
        end = min(len(content), at + draw(st.integers(0, 64)))
        piece = draw(_BYTES)
        ways = {
            "over": content[:at] + piece + content[at + len(piece) :],
            "in": content[:at] + piece + content[at:],
            "out": content[:at] + content[end:],
            "twice": content[:end] + content[at:],
            "cut": content[:end] or b"\0",
        }
        content = ways[draw(st.sampled_from(sorted(ways)))]
    return content


def _as_picture(file: Path) -> object:
    return read_picture(file)


def _as_mask(file: Path) -> object:
    return read_mask(file, size_wh=SIZE_WH)


def _as_truth(file: Path) -> object:
    return read_true_mask(file, size_wh=SIZE_WH)


def test_every_format_that_is_read_is_among_them() -> None:
    assert {name.split()[0] for name in FILES} == READERS


@pytest.fixture(scope="module")
def growth() -> Growth:
    return Growth(SHARE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@cases(SHARE)
@given(content=damaged(), read=st.sampled_from([_as_picture, _as_picture, _as_mask, _as_truth]))
def test_a_damaged_file_is_a_picture_or_one_sentence(
    folder: Path, growth: Growth, content: bytes, read: Callable[[Path], object]
) -> None:
    file = folder / "file"
    file.write_bytes(content)
    with quick():
        try:
            found = read(file)
            assert not isinstance(found, Picture) or found.pixels.shape[2] == 3
        except ValueError as refusal:
            sentence = str(refusal)
            assert sentence.endswith(".")
            assert "\n" not in sentence
            assert len(sentence) < 400
    growth.look()


def test_memory_has_not_grown(growth: Growth) -> None:
    growth.check()
