"""Colors as a file means them -> sRGB, as a browser shows them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samhq_demo.pictures.png import PngFacts


def _srgb() -> ImageCms.ImageCmsProfile:
    """sRGB as a profile of version 2.

    To one of version 4 littleCMS stretches black to black when the intent is perceptual. Browsers do not: a
    CMYK profile's red of (221, 52, 0) would be (22, 1, 1).
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[8] = 2
    return ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile)))


_SRGB = _srgb()
# Browsers take the tables for this intent; profiles without tables have one way only.
_INTENT = ImageCms.Intent.PERCEPTUAL
# With its shortcuts for 8 bits littleCMS is off by up to 10 where a curve is steep, and takes twice the
# time.
_FLAGS = ImageCms.Flags.NOOPTIMIZE
# Alone, a gamma this close to 2.2 is how programs say sRGB; Chromium takes 1 / 0.46 and 1 / 0.45 for that.
_NEAR_SRGB = 0.05
# White, red, green and blue as x and y, by the code points of ITU-T H.273: BT.709 (sRGB), BT.2020, Display
# P3.
_PRIMARIES = {
    1: (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_VALUES = np.arange(256) / 255
# What a profile is for, by its header, in Pillow's modes.
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
# Profiles that mean sRGB differ from it by rounding. Such files keep the values they have.
_ROUNDING = 1


def rgb(image: Image.Image, *, profile: bytes | None) -> Image.Image:
    """An image of any mode as RGB, or as RGBA where it is transparent in part, with its colors in sRGB.

    Args:
        profile: an ICC profile; one that is damaged, or for another kind of colors, counts as none.
    """
    if image.mode == "LAB":  # the one mode that `convert` cannot turn to RGB; it needs no profile
        return _converted(image, ImageCms.createProfile("LAB"))
    if image.mode == "CMYK":
        return _with_profile(image, profile) or image.convert("RGB")
    is_transparent = image.has_transparency_data
    # Premultiplied gray ("La") has no direct way to RGBA.
    straight = image.convert("LA") if image.mode == "La" else image
    is_gray = straight.mode in ("1", "L", "LA")
    plain = straight.convert("RGBA") if is_transparent else straight if is_gray else straight.convert("RGB")
    if profile is None:
        return plain if plain.mode == "RGBA" else plain.convert("RGB")
    colors = straight.convert("L") if is_gray else plain.convert("RGB")
    shown = _with_profile(colors, profile) or colors.convert("RGB")
    if is_transparent:
        shown.putalpha(plain.getchannel("A"))
    return shown


def _with_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """An image of mode L, RGB or CMYK in sRGB; None where the profile does not say how."""
    if not profile:
        return None
    try:
        read = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _MODES.get(read.profile.xcolor_space)
        # Gray is a color as well, but only one of three values.
        if mode is None or (mode != image.mode and (image.mode, mode) != ("L", "RGB")):
            return None
        if mode != "CMYK" and _is_srgb(read, mode):
            return image.convert("RGB")
        return _converted(image.convert(mode), read)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def _converted(image: Image.Image, profile: Any) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image, profile, _SRGB, renderingIntent=_INTENT, outputMode="RGB", flags=_FLAGS
    )
    assert converted is not None  # None is for work done in place
    return converted


def _is_srgb(profile: Any, mode: str) -> bool:
    """Whether the profile leaves colors as they are, but for rounding."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    if mode == "L":
        probe = steps[np.newaxis]
    else:
        probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    before = Image.fromarray(probe)
    after = np.asarray(_converted(before, profile)).astype(int)
    return bool(np.abs(after - np.asarray(before.convert("RGB"))).max() <= _ROUNDING)


# PNG's own way to say how its colors are meant.


def png_to_srgb(colors: NDArray[np.uint8], png: PngFacts) -> NDArray[np.uint8]:
    """(H, W, 3) RGB by a PNG's cICP, sRGB, or gAMA and cHRM: by the first of them, as in Chromium."""
    meant = _meant_by(png)
    primaries = None if meant is None else _to_linear_srgb(meant[0])
    if meant is None or primaries is None:
        return colors
    table = meant[1]
    steps = np.arange(0, 256, 17)
    probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    if np.abs(_encoded(table[probe] @ primaries.T).astype(int) - probe).max() <= 2 * _ROUNDING:
        return colors
    result = np.empty_like(colors)
    for row, values in zip(result, colors, strict=True):  # a row at a time: floats take 24 bytes a pixel
        row[:] = _encoded(table[values] @ primaries.T)
    return result


def has_code_points(png: PngFacts | None) -> bool:
    """Whether a PNG's cICP chunk, which goes before a profile, says something that can be followed."""
    return png is not None and png.code_points is not None and _by_code_points(png.code_points) is not None


def _meant_by(png: PngFacts) -> tuple[tuple[float, ...], NDArray[np.float64]] | None:
    """The primaries, and (256,) the light that each value stands for, 0 to 1; None for sRGB."""
    if png.code_points is not None and (meant := _by_code_points(png.code_points)) is not None:
        return meant
    if png.is_srgb or not png.gamma:
        return None
    if png.chromaticities is None and abs(1 / png.gamma - 2.2) < _NEAR_SRGB:
        return None
    return png.chromaticities or _PRIMARIES[1], _VALUES ** (1 / png.gamma)


def _by_code_points(code_points: tuple[int, int]) -> tuple[tuple[float, ...], NDArray[np.float64]] | None:
    """By ITU-T H.273. Not for HDR (16, 18), which needs to be brought to a screen's range first."""
    primaries = _PRIMARIES.get(code_points[0])
    transfer = code_points[1]
    if primaries is None or transfer not in (1, 4, 5, 6, 8, 13, 14, 15):
        return None
    if transfer == 13:
        return primaries, np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4)
    # BT.709's curve is a camera's; screens answer with 2.4 (BT.1886), and so does Chromium.
    return primaries, _VALUES ** {4: 2.2, 5: 2.8, 8: 1.0}.get(transfer, 2.4)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Linear sRGB, 0 to 1, in 8 bits (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(curved * 255).astype(np.uint8)


def _to_linear_srgb(chromaticities: tuple[float, ...]) -> NDArray[np.float64] | None:
    """The (3, 3) matrix from linear RGB of these primaries to linear sRGB, white to white; None for nonsense.

    Args:
        chromaticities: x and y of white, red, green and blue.
    """
    own = _to_xyz(chromaticities)
    srgb = _to_xyz(_PRIMARIES[1])
    if own is None or srgb is None:
        return None
    # Bradford's adaptation of one white to the other, as ICC profiles have it.
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    whites = [bradford @ matrix.sum(axis=1) for matrix in (own, srgb)]
    adapted = np.linalg.inv(bradford) @ np.diag(whites[1] / whites[0]) @ bradford
    matrix: NDArray[np.float64] = np.linalg.inv(srgb) @ adapted @ own
    return matrix


def _to_xyz(chromaticities: tuple[float, ...]) -> NDArray[np.float64] | None:
    """The (3, 3) matrix from linear RGB to CIE XYZ (Lindbloom, "RGB/XYZ Matrices")."""
    points = np.array(chromaticities).reshape(4, 2)
    if (points <= 0).any() or (points.sum(axis=1) > 1.0001).any():
        return None
    xyz = np.column_stack([points, 1 - points.sum(axis=1)]) / points[:, 1:]
    try:
        scale = np.linalg.solve(xyz[1:].T, xyz[0])
    except np.linalg.LinAlgError:
        return None
    matrix: NDArray[np.float64] = xyz[1:].T * scale
    return matrix
