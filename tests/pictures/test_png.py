"""A PNG that a browser shows is read, whatever stands in it beside the pixels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest

from samhq_demo.pictures import read_picture
from tests.support.raster_files import chunk, icc_profile, png

COLORS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
MEGABYTE = 2**20
SRGB_LIKE = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def assert_read(file: io.BytesIO) -> None:
    assert (read_picture(file).pixels == COLORS).all()


def after_pixels(file: io.BytesIO, extra: bytes) -> io.BytesIO:
    content = file.getvalue()
    return io.BytesIO(content[:-12] + extra + content[-12:])


@pytest.mark.parametrize("size", [2 * MEGABYTE, 70 * MEGABYTE])
@pytest.mark.parametrize("place", ["before", "after"])
def test_large_compressed_texts(size: int, place: str) -> None:
    squeezed = zlib.compress(b"x" * size)
    for kind, data in ((b"zTXt", b"a\0\0" + squeezed), (b"iTXt", b"a\0\1\0\0\0" + squeezed)):
        if place == "before":
            assert_read(png(COLORS, (kind, data)))
        else:
            assert_read(after_pixels(png(COLORS), chunk(kind, data)))


def test_large_plain_texts_and_many_of_them() -> None:
    assert_read(png(COLORS, (b"tEXt", b"a\0" + b"x" * (3 * MEGABYTE))))
    assert_read(png(COLORS, *[(b"zTXt", b"a\0\0" + zlib.compress(b"x" * MEGABYTE))] * 80))


def test_texts_that_are_damaged() -> None:
    for kind, data in (
        (b"zTXt", b"a\0\0no zlib"),
        (b"iTXt", b"a"),
        (b"tEXt", b""),
        (b"iTXt", b"a\0\1\0\0\0no"),
    ):
        assert_read(png(COLORS, (kind, data)))


def test_a_small_text_is_no_reason_to_write_the_file_anew() -> None:
    from samhq_demo.pictures.png import inspect_png

    file = png(COLORS, (b"tEXt", b"a\0b"), (b"pHYs", bytes(9)))
    assert inspect_png(file)[0] is file


@pytest.mark.parametrize("size", [2 * MEGABYTE, 10 * MEGABYTE])
def test_a_large_color_profile_is_read_and_applied(size: int) -> None:
    profile = icc_profile(1.0, SRGB_LIKE, padding=size)
    pixels = read_picture(png(COLORS, (b"iCCP", b"a\0\0" + zlib.compress(profile)))).pixels
    small = icc_profile(1.0, SRGB_LIKE)
    assert (pixels == read_picture(png(COLORS, (b"iCCP", b"a\0\0" + zlib.compress(small)))).pixels).all()
    assert pixels[1, 1, 1] > COLORS[1, 1, 1] + 40


def test_a_color_profile_over_the_bound_counts_as_none() -> None:
    assert_read(png(COLORS, (b"iCCP", b"a\0\0" + zlib.compress(bytes(40 * MEGABYTE)))))


@pytest.mark.parametrize("kind", [b"tEXt", b"iCCP", b"pHYs", b"gAMA", b"sBIT", b"tIME", b"abCd"])
def test_a_wrong_checksum_beside_the_pixels(kind: bytes) -> None:
    wrong = bytearray(chunk(kind, bytes(9)))
    wrong[-1] ^= 1
    content = png(COLORS).getvalue()
    assert_read(io.BytesIO(content[:33] + bytes(wrong) + content[33:]))


@pytest.mark.parametrize("kind", [b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"tIME", b"cICP", b"iCCP"])
@pytest.mark.parametrize("length", [0, 3])
def test_a_statement_that_is_cut_short(kind: bytes, length: int) -> None:
    assert_read(png(COLORS, (kind, bytes(length))))


def test_no_end_and_something_behind_the_end() -> None:
    content = png(COLORS).getvalue()
    assert_read(io.BytesIO(content[:-12]))
    assert_read(io.BytesIO(content + b"and so on"))


def test_a_text_that_claims_more_than_the_file_has_is_damage() -> None:
    content = png(COLORS).getvalue()
    claim = struct.pack(">I", 2**30) + b"tEXt" + b"a\0b"
    with pytest.raises(ValueError, match="damaged or cut off"):
        read_picture(io.BytesIO(content[:33] + claim))
