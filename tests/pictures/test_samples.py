"""What a file says of its samples counts: bits, white, values that stand for none, bands beside colors."""

from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
import tifffile
from PIL import Image

from samhq_demo.pictures import read_picture
from tests.support.raster_files import png, saved, tiff

RAMP = np.linspace(0, 1, 64).reshape(8, 8)
RED, GRAY = [255, 0, 0], [100, 100, 100]


def grays(file: io.BytesIO) -> np.ndarray:
    pixels = read_picture(file).pixels
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0]


def assert_ramp(file: io.BytesIO) -> None:
    assert np.abs(grays(file).astype(int) - RAMP * 255).max() <= 1


def of_bits(bits: int) -> np.ndarray:
    return np.rint(RAMP * ((1 << bits) - 1)).astype(np.uint16)


# How many bits


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_16_bit_gray_is_scaled_by_the_fewest_bits_that_hold_it(bits: int) -> None:
    values = of_bits(bits)
    assert_ramp(saved(Image.fromarray(values)))
    assert_ramp(tiff(values))
    assert_ramp(tiff(values.astype(np.int32)))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colors_are_scaled_by_the_fewest_bits_that_hold_them(bits: int, channels: int) -> None:
    values = np.repeat(of_bits(bits)[:, :, np.newaxis], channels, axis=2)
    values[:, :, 3:] = (1 << bits) - 1
    how = {} if channels == 3 else {"extrasamples": ["unassalpha"]}
    files = [png(values, depth=16), tiff(values, photometric="rgb", **how)]
    files.append(tiff(values, photometric="rgb", compression="zlib", **how))
    files.append(tiff(values.astype(">u2"), photometric="rgb", byteorder=">", **how))
    for file in files:
        assert_ramp(file)


def test_channels_share_one_scale() -> None:
    values = np.zeros((2, 2, 3), np.uint16)
    values[0, 0], values[1, 1] = (4095, 2048, 1024), (0, 0, 4095)
    pixels = read_picture(png(values, depth=16)).pixels
    assert pixels[0, 0].tolist() == [255, 128, 64]
    assert pixels[1, 1].tolist() == [0, 0, 255]


def test_16_bit_gray_with_alpha() -> None:
    values = np.dstack([of_bits(12), np.full((8, 8), 4095)])
    assert_ramp(png(values, depth=16))
    values[:, :, 1] = 65535  # on a scale of its own
    assert_ramp(png(values, depth=16))
    values[0, :, 1] = 0
    assert (grays(png(values, depth=16))[0] == 255).all()


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_significant_bits_of_a_png_are_its_scale(bits: int) -> None:
    dark = np.minimum(of_bits(bits), 301)  # fewer bits would hold it
    expected = np.rint(dark * (255 / ((1 << bits) - 1)))
    for channels in (1, 3):
        values = np.repeat(dark[:, :, np.newaxis], channels, axis=2)
        file = png(values, (b"sBIT", bytes([bits] * channels)), depth=16)
        assert np.abs(grays(file) - expected).max() <= 1


@pytest.mark.parametrize("limit", [4095, 65535])
def test_significant_bits_of_samples_that_are_stretched_as_png_wants_it(limit: int) -> None:
    stretched = np.minimum(of_bits(12) << 4, limit // 16 * 16)
    shown = grays(png(stretched, (b"sBIT", bytes([12])), depth=16))
    assert np.abs(shown - stretched / 257).max() <= 1


def test_16_significant_bits_in_a_dark_png_stay_dark() -> None:
    assert grays(png(of_bits(12), (b"sBIT", bytes([16])), depth=16)).max() == 16


def test_significant_bits_within_8() -> None:
    shown = grays(png([[0, 5, 15]], (b"sBIT", bytes([4]))))
    assert shown.tolist() == [[0, 85, 255]]
    assert grays(png([[0, 85, 255]], (b"sBIT", bytes([4])))).tolist() == [[0, 85, 255]]


def packed_12_bits(values: np.ndarray) -> io.BytesIO:
    """A TIFF of 12 bits a sample, two samples in three bytes."""
    bits = (values.reshape(-1, 1) >> np.arange(11, -1, -1)) & 1
    data = np.packbits(bits.astype(np.uint8)).tobytes()
    height, width = values.shape
    entries = [
        (256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, height),
        (279, len(data)),
    ]  # fmt: skip
    ifd = len(entries).to_bytes(2, "little")
    for tag, value in entries:
        ifd += tag.to_bytes(2, "little") + b"\x04\0" + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
    start = 8 + len(data) + len(data) % 2
    return io.BytesIO(b"II*\0" + start.to_bytes(4, "little") + data.ljust(start - 8, b"\0") + ifd + bytes(4))


def test_12_bits_a_sample_in_a_tiff_are_its_scale() -> None:
    dark = np.minimum(of_bits(12), 300)
    assert np.abs(grays(packed_12_bits(dark)) - dark * (255 / 4095)).max() <= 1


def test_signed_samples() -> None:
    assert_ramp(tiff(np.rint(RAMP * 255 - 128), np.int8))
    assert_ramp(tiff(np.rint(RAMP * 2000 - 1000), np.int16))
    assert_ramp(tiff(np.rint(RAMP * 32767), np.int16))


def test_unsigned_32_bits_do_not_turn_negative() -> None:
    assert_ramp(tiff(np.rint(RAMP * (2**32 - 1)), np.uint32))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_16_bit_colors_that_are_stored_band_by_band(compression: str | None) -> None:
    values = np.stack([of_bits(16)] * 3)
    assert_ramp(tiff(values, photometric="rgb", planarconfig="separate", compression=compression))


def test_12_bit_colors_that_are_stored_band_by_band() -> None:
    values = np.stack([of_bits(12)] * 3)
    assert_ramp(tiff(values, photometric="rgb", planarconfig="separate"))
    with pytest.raises(ValueError, match=r"band by band .planar., of which only the high bytes"):
        read_picture(tiff(values, photometric="rgb", planarconfig="separate", compression="zlib"))


# Which end is white


@pytest.mark.parametrize(
    ("dtype", "most"),
    [(np.uint8, 255), (np.uint16, 65535), (np.uint16, 4095), (np.float32, 1.0), (np.float32, 5e3)],
)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_is_zero_where_a_tiff_says_so(dtype: type, most: float, compression: str | None) -> None:
    values = RAMP * most if dtype is np.float32 else np.rint(RAMP * most)
    shown = grays(tiff(values, dtype, photometric="miniswhite", compression=compression))
    assert np.abs(shown - (1 - RAMP) * 255).max() <= 1


# What is no value


# -1 is a value like any other unless the file says otherwise.
@pytest.mark.parametrize(
    ("nodata", "stated"),
    [
        ("-1", True),
        *product(["-9999", "-9999.0 ", "-3.4028234663852886e+38", "nan", "1e+20"], [True, False]),
    ],
)
def test_values_that_stand_for_none_are_left_out_of_the_scale(nodata: str, stated: bool) -> None:
    values = (1000 + RAMP * 100).astype(np.float32)
    values[:4] = float(nodata)
    shown = grays(tiff(values, nodata=nodata if stated else None))
    assert (shown[:4] == 0).all()
    assert np.abs(shown[4:] - np.rint((RAMP[4:] - RAMP[4, 0]) / (1 - RAMP[4, 0]) * 255)).max() <= 1


def test_floats_of_100_to_200_beside_a_fill_value_stay_apart() -> None:
    values = (100 + RAMP * 100).astype(np.float32)
    values[:4] = -9999
    for nodata in ("-9999", None):
        shown = grays(tiff(values, nodata=nodata))[4:]
        assert np.abs(shown - values[4:]).max() <= 1


def test_nodata_of_integers() -> None:
    values = np.rint(RAMP * 4095).astype(np.int16)
    values[:4] = -32768
    shown = grays(tiff(values, nodata="-32768"))
    assert np.abs(shown[4:] - RAMP[4:] * 255).max() <= 1
    bright = np.rint(RAMP * 4095).astype(np.uint16)
    bright[:4] = 65535
    assert np.abs(grays(tiff(bright, nodata="65535"))[4:] - RAMP[4:] * 255).max() <= 1


def test_nodata_of_colors_is_where_all_bands_have_it() -> None:
    values = np.array([[(9, 9, 9), (9, 9, 200), (50, 60, 70)]], np.uint8)
    assert read_picture(tiff(values, nodata="9", photometric="rgb")).pixels.tolist() == [
        [[0, 0, 0], [9, 9, 200], [50, 60, 70]]
    ]


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_black_and_left_out_of_the_scale(strange: float) -> None:
    values = (1000 + RAMP * 100).astype(np.float32)
    values[0] = strange
    shown = grays(tiff(values))
    assert (shown[0] == 0).all()
    assert shown[1, 0] <= 1
    assert shown.max() == 255
    assert not grays(tiff(np.full((4, 4), strange), np.float32)).any()


def test_a_nodata_tag_that_is_no_number_says_nothing() -> None:
    assert_ramp(tiff(np.rint(RAMP * 255), np.uint8, nodata="none"))


# Floats


@pytest.mark.parametrize("most", [1.0, 1.02, 2.0, 20.0, 100.0, 255.0, 4000.0])
def test_floats_are_seen_whatever_their_unit(most: float) -> None:
    assert_ramp(tiff(RAMP * most, np.float32))


def test_whole_floats_within_255_are_those_of_8_bits() -> None:
    assert grays(tiff([[0, 1, 3]], np.float32)).tolist() == [[0, 1, 3]]


def test_a_range_that_a_tiff_states_is_the_scale() -> None:
    stated = io.BytesIO()
    tags = [(340, "f", 1, 0.0, True), (341, "f", 1, 100.0, True)]
    tifffile.imwrite(stated, (RAMP * 50).astype(np.float32), extratags=tags, metadata=None)
    stated.seek(0)
    assert np.abs(grays(stated) - RAMP * 127.5).max() <= 1


# What is transparent


# Five bands of 16 bits are named as unreadable: see test_unreadable_kinds.
@pytest.mark.parametrize(("dtype", "more"), [(np.uint8, 1), (np.uint8, 2), (np.uint16, 1)])
def test_bands_that_are_no_alpha_do_not_make_transparent(dtype: type, more: int) -> None:
    values: np.ndarray = np.zeros((4, 4, 3 + more), dtype)
    values[:, :, :3] = np.array([255, 0, 0]) * (257 if dtype is np.uint16 else 1)
    file = tiff(values, photometric="rgb", extrasamples=["unspecified"] * more, planarconfig="contig")
    assert (read_picture(file).pixels == RED).all()


@pytest.mark.parametrize(("depth", "gray"), [(1, 1), (2, 2), (4, 9), (8, 77), (16, 20000)])
def test_the_transparent_gray_of_a_png_at_every_depth(depth: int, gray: int) -> None:
    most = (1 << depth) - 1
    values = [[gray, 0, most if gray < most else 0]]
    shown = grays(png(values, (b"tRNS", gray.to_bytes(2, "big")), depth=depth))[0]
    assert shown[0] == 255
    assert shown[1] == 0
    assert shown[2] == (255 if gray < most else 0)


def test_a_16_bit_gray_that_only_looks_like_the_transparent_one_stays() -> None:
    values = [[20000, 20001, 65535]]
    shown = grays(png(values, (b"tRNS", (20000).to_bytes(2, "big")), depth=16))[0]
    assert shown.tolist() == [255, 78, 255]


@pytest.mark.parametrize(("depth", "color"), [(8, (10, 20, 30)), (16, (2570, 5140, 7710))])
def test_the_transparent_color_of_a_png_at_every_depth(depth: int, color: tuple[int, ...]) -> None:
    close = (*color[:2], color[2] + 1)
    bright = (1 << depth) - 1
    values = [[color, close, (bright, 0, 0)]]
    stated = b"".join(value.to_bytes(2, "big") for value in color)
    pixels = read_picture(png(values, (b"tRNS", stated), depth=depth)).pixels[0]
    assert pixels[0].tolist() == [255, 255, 255]
    assert np.abs(pixels[1].astype(int) - [10, 20, 30]).max() <= 1
    assert pixels[2].tolist() == RED


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_transparent_places_of_a_palette_at_every_depth(depth: int) -> None:
    palette = bytes([*RED, *GRAY]) + bytes(range(6)) * (depth > 1)
    file = png([[0, 1, 0]], (b"PLTE", palette), (b"tRNS", bytes([0])), depth=depth, color_type=3)
    assert read_picture(file).pixels.tolist() == [[[255] * 3, GRAY, [255] * 3]]
    file = png([[0, 1, 0]], (b"PLTE", palette), (b"tRNS", bytes([255, 128])), depth=depth, color_type=3)
    assert read_picture(file).pixels.tolist() == [[RED, [177] * 3, RED]]
