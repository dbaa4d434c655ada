"""Colors are brought to sRGB as a browser brings them: by profile, or by a PNG's own chunks."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from samhq_demo.pictures import read_mask, read_picture
from tests.support.raster_files import icc_file, icc_profile, png, saved, tiff

# XYZ under D50 of red, green and blue.
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
COLORS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
CHRM_SRGB = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
CHRM_ADOBE = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)


def encoded(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


def in_srgb(colors: np.ndarray, gamma: float, primaries: tuple[tuple[float, ...], ...]) -> np.ndarray:
    to_srgb = np.linalg.inv(np.array(SRGB).T) @ np.array(primaries).T
    return encoded((colors / 255) ** gamma @ to_srgb.T)


def assert_shows(file: io.BytesIO, expected: np.ndarray, *, within: float = 2) -> None:
    assert np.abs(read_picture(file).pixels - expected).max() <= within


@pytest.mark.parametrize(("gamma", "primaries"), [(2.2, ADOBE_RGB), (1.8, DISPLAY_P3), (1.0, SRGB)])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_rgb_by_its_profile(
    file_format: str, gamma: float, primaries: tuple[tuple[float, float, float], ...]
) -> None:
    how = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(file_format, {})
    colors = np.repeat(COLORS[:4, :4], 8, axis=0).repeat(8, axis=1)  # what a JPEG keeps
    profile = icc_profile(gamma, primaries)
    bare = read_picture(saved(Image.fromarray(colors), file_format, **how)).pixels
    assert_shows(
        saved(Image.fromarray(colors), file_format, icc_profile=profile, **how),
        in_srgb(bare, gamma, primaries),
    )


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_gray_by_its_profile(gamma: float) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = np.repeat(encoded((ramp / 255) ** gamma)[:, :, np.newaxis], 3, axis=2)
    assert_shows(saved(Image.fromarray(ramp), icc_profile=icc_profile(gamma)), expected, within=1)
    wide = Image.fromarray(ramp.astype(np.uint16) * 257)
    assert_shows(saved(wide, icc_profile=icc_profile(gamma)), expected, within=1)


def test_gray_with_alpha_and_palettes_by_their_profile() -> None:
    gray = Image.merge("LA", (Image.new("L", (2, 1), 100), Image.frombytes("L", (2, 1), b"\xff\0")))
    lit = encoded(np.array(100 / 255))
    assert_shows(saved(gray, icc_profile=icc_profile(1.0)), np.array([[[lit] * 3, [255] * 3]]))
    palette = Image.frombytes("P", (2, 1), b"\0\1")
    palette.putpalette([200, 30, 60, 10, 200, 90])
    expected = in_srgb(np.array([[(200, 30, 60), (10, 200, 90)]]), 2.2, ADOBE_RGB)
    assert_shows(saved(palette, icc_profile=icc_profile(2.2, ADOBE_RGB)), expected)


def test_the_profile_comes_before_the_white_ground() -> None:
    translucent = Image.new("RGBA", (1, 1), (100, 100, 100, 128))
    lit = encoded(np.array(100 / 255))
    expected = np.array([[[lit * 128 / 255 + 255 * 127 / 255] * 3]])
    assert_shows(saved(translucent, icc_profile=icc_profile(1.0, SRGB)), expected)


def test_16_bit_colors_by_their_profile() -> None:
    file = tiff(COLORS.astype(np.uint16) * 257, photometric="rgb", iccprofile=icc_profile(2.2, ADOBE_RGB))
    assert_shows(file, in_srgb(COLORS, 2.2, ADOBE_RGB))


def cmyk_profile() -> bytes:
    """A CMYK profile of its own making: a table that shows every ink as red, and no ink as white."""
    white, red = (0xFF00, 0x8000, 0x8000), (0x8000, 0xC000, 0xC000)
    table = b"".join(struct.pack(">3H", *(white if i == 0 else red)) for i in range(16))
    linear = struct.pack(">2H", 0, 0xFFFF)
    matrix = b"".join(struct.pack(">i", 65536 if i % 4 == 0 else 0) for i in range(9))
    lut = (
        b"mft2\0\0\0\0"
        + bytes([4, 3, 2, 0])
        + matrix
        + struct.pack(">2H", 2, 2)
        + linear * 4
        + table
        + linear * 3
    )
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)),
        (b"cprt", b"text\0\0\0\0x\0\0\0"),
        (b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)),
        (b"A2B0", lut),
    ]
    return icc_file(b"prtrCMYKLab ", tags)


@pytest.mark.parametrize("file_format", ["TIFF", "JPEG"])
def test_cmyk_by_its_profile(file_format: str) -> None:
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))  # cyan, but for the profile
    pixels = read_picture(saved(inks, file_format, icc_profile=cmyk_profile())).pixels
    assert np.abs(pixels[8, 8].astype(int) - (220, 53, 0)).max() <= 2  # what Chromium shows
    bare = read_picture(saved(inks, file_format)).pixels[8, 8].tolist()
    assert bare[0] < 10
    none = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    assert read_picture(saved(none, file_format, icc_profile=cmyk_profile())).pixels.min() > 245


@pytest.mark.parametrize(
    "profile",
    [
        b"nonsense" * 40,
        b"x",
        icc_profile(1.0, SRGB)[:200],
        icc_profile(1.0),  # of gray
        cmyk_profile(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    ],
    ids=["nonsense", "one byte", "cut off", "gray", "cmyk", "lab"],
)
def test_a_profile_that_is_damaged_or_for_other_colors_counts_as_none(profile: bytes) -> None:
    assert (read_picture(saved(Image.fromarray(COLORS), icc_profile=profile)).pixels == COLORS).all()


def test_a_profile_of_srgb_changes_nothing() -> None:
    for profile in (ImageCms.createProfile("sRGB"),):
        data = ImageCms.ImageCmsProfile(profile).tobytes()
        assert (read_picture(saved(Image.fromarray(COLORS), icc_profile=data)).pixels == COLORS).all()


def test_a_mask_does_not_heed_its_profile() -> None:
    gray = Image.frombytes("L", (2, 1), bytes([110, 200]))
    mask = read_mask(saved(gray, icc_profile=icc_profile(1.0)), size_wh=(2, 1))
    assert mask.mask().tolist() == [[False, True]]


def test_gamma_and_primaries_of_a_png() -> None:
    linear = png(COLORS, (b"gAMA", struct.pack(">I", 100_000)))
    assert_shows(linear, in_srgb(COLORS, 1.0, SRGB), within=1)
    both = png(COLORS, (b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", CHRM_ADOBE))
    assert_shows(both, in_srgb(COLORS, 2.2, ADOBE_RGB))


def test_what_a_png_says_of_srgb_goes_first() -> None:
    gamma = (b"gAMA", struct.pack(">I", 100_000))
    for chunks in (
        [(b"sRGB", b"\0"), gamma],
        [(b"gAMA", struct.pack(">I", 45_455))],
        [(b"gAMA", struct.pack(">I", 45_000))],
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000)), (b"cHRM", CHRM_SRGB)],
        [(b"cHRM", CHRM_ADOBE)],
        [(b"gAMA", bytes(4))],
    ):
        assert (read_picture(png(COLORS, *chunks)).pixels == COLORS).all()
    profile = (b"iCCP", b"x\0\0" + zlib.compress(icc_profile(2.2, ADOBE_RGB)))
    assert_shows(png(COLORS, profile, gamma), in_srgb(COLORS, 2.2, ADOBE_RGB))


def test_code_points_of_a_png_go_before_all() -> None:
    display_p3 = (b"cICP", bytes([12, 8, 0, 1]))
    profile = (b"iCCP", b"x\0\0" + zlib.compress(icc_profile(2.2, ADOBE_RGB)))
    assert_shows(png(COLORS, display_p3, profile), in_srgb(COLORS, 1.0, DISPLAY_P3))
    hdr = (b"cICP", bytes([9, 16, 0, 1]))
    assert_shows(png(COLORS, hdr, profile), in_srgb(COLORS, 2.2, ADOBE_RGB))
