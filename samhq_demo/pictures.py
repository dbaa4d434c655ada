"""Any upload -> Picture: upright RGB pixels with a size and a content id; and masks from files."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile

from samhq_demo.masks.runs import Runs

MAX_MEGAPIXELS = 64

# Vector drawings (EPS is even a programming language), and formats that Pillow recognises but cannot read.
_NOT_RASTER = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"})
# Their signatures are long enough that a file bearing one is such a file, if perhaps a damaged one.
_SURE_SIGNATURES = frozenset({"GIF", "JPEG", "JPEG2000", "PNG", "PSD", "TIFF", "WEBP"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_16_BIT = 65535
_8_BIT_OF_16 = np.rint(np.arange(_MAX_16_BIT + 1) / 257).astype(np.uint8)

Source = str | Path | BinaryIO


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An upright picture.

    pixels: (H, W, 3) uint8, RGB, read-only.
    content_id: equal for equal pixels, whatever file or user they came from.
    """

    pixels: NDArray[np.uint8]
    content_id: str

    def __post_init__(self) -> None:
        _check(self.pixels)
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @classmethod
    def from_pixels(cls, pixels: NDArray[np.uint8]) -> "Picture":
        """From a copy of (H, W, 3) uint8 RGB pixels; ValueError for any other array."""
        _check(pixels)
        copy = np.array(pixels, order="C")
        return cls(copy, _content_id(copy))

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def read_picture(source: Source) -> Picture:
    """Read a picture in any raster format that Pillow reads; of several frames the first.

    EXIF rotation is applied, transparency laid over white, and more than 8 bits a channel scaled to 8. Raises
    ValueError (one sentence) for what is no picture, is damaged or cut off, or has over MAX_MEGAPIXELS: the
    size is taken from the file's header, before anything is decoded.
    """
    pixels = np.ascontiguousarray(_over_white(_load(source, "picture")))
    return Picture(pixels, _content_id(pixels))


def read_mask(source: Source, *, size_wh: tuple[int, int]) -> Runs:
    """Read a mask file.

    A pixel is in the mask where its luminance is over 127 of 255, or, in a file whose largest value is 1,
    where it is 1. Where a file is transparent in part, what is opaque is the mask, save that in a black and
    white drawing black stays outside. Raises ValueError (one sentence) as `read_picture` does, and for a mask
    that is empty or not of `size_wh`, the picture's upright size.
    """
    image = _load(source, "mask")
    if image.size != size_wh:
        width, height = size_wh
        raise ValueError(
            f"The mask is {image.width} x {image.height} pixels and the picture {width} x {height}: "
            "give a mask of the picture's size."
        )
    mask = _mask(image)
    if not mask.any():
        raise ValueError(
            "The mask is empty: what is in it must be brighter than 127 of 255, or 1 in a file of 0 and 1."
        )
    return Runs.from_mask(mask)


def _check(pixels: NDArray[np.uint8]) -> None:
    dtype, shape = pixels.dtype, pixels.shape
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(f"Pixels must be uint8 of shape (height, width, 3), not {dtype} of {shape}.")


def _content_id(pixels: NDArray[np.uint8]) -> str:
    height, width, _ = pixels.shape
    digest = hashlib.blake2b(f"{width}x{height}:".encode(), digest_size=16)
    digest.update(pixels.data)
    return digest.hexdigest()


# From a file to a decoded, upright image in its own mode. `noun` is what messages call it.


def _load(source: Source, noun: str) -> Image.Image:
    with _opened(source, noun) as file:
        image = _identified(file, noun)
        if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
            raise _too_large(noun, f"{image.width} x {image.height} = {image.width * image.height:,}")
        with _translated_errors(noun):
            image.load()
        return _upright(image)


@contextmanager
def _opened(source: Source, noun: str) -> Iterator[BinaryIO]:
    if not isinstance(source, (str, Path)):
        # Spooled upload files are seekable, but say so only from Python 3.11 on.
        seekable = getattr(source, "seekable", lambda: True)()
        yield source if seekable else io.BytesIO(source.read())
        return
    try:
        file = open(source, "rb")  # noqa: SIM115 - closed below; only opening it may fail this way
    except (OSError, ValueError) as error:
        # The path is the server's own affair, so the sentence keeps it back.
        raise ValueError(f"The {noun} file is not there or may not be read: upload it again.") from error
    with file:
        yield file


def _identified(file: BinaryIO, noun: str) -> ImageFile.ImageFile:
    """Read the header only.

    `Image.open` would do, but for its guard against huge pictures: that warns or raises by a limit kept in a
    global, without saying the size. Asking the registered readers leaves the guard as it is for all others.
    """
    file.seek(0)
    prefix = file.read(16)
    if not prefix:
        raise ValueError(f"The {noun} file is empty: upload it again.")
    Image.init()
    # Readers that know their format by a signature first: the others may take a fancy to what is not theirs.
    for name in sorted(Image.ID, key=lambda name: Image.OPEN[name][1] is None):
        if name in _NOT_RASTER:
            continue
        try:
            with _translated_errors(noun):
                image = _header(file, prefix, name)
        except _TooLargeError:
            raise
        except ValueError:
            if name in _SURE_SIGNATURES:
                raise
            continue
        if image is not None and image.width > 0 and image.height > 0:
            return image
    raise ValueError(
        f"The {noun} file holds no picture that can be read: "
        "give a JPEG, PNG, WebP, TIFF, GIF, BMP or another format of pixels."
    )


def _header(file: BinaryIO, prefix: bytes, name: str) -> ImageFile.ImageFile | None:
    """What Pillow's reader `name` makes of the file's header; None where the signature is not its own."""
    factory, accepts = Image.OPEN[name]
    accepted = True if accepts is None else accepts(prefix)
    # A reader whose library is missing answers with a sentence (a string) instead of a yes.
    if not accepted or isinstance(accepted, str):
        return None
    file.seek(0)
    return factory(file, "")


@contextmanager
def _translated_errors(noun: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        # A picture inside the file (a GIF's frame, an icon's PNG) is larger than the file's header said.
        found = re.search(r"\d+", str(error))
        raise _too_large(noun, f"{int(found.group()):,}" if found else "far more") from error
    except Exception as error:  # On damaged files Pillow's readers raise errors of a dozen kinds.
        raise ValueError(f"The {noun} file is damaged or cut off: save or upload it again.") from error


class _TooLargeError(ValueError):
    """Told apart so that no other reader is tried."""


def _too_large(noun: str, pixels: str) -> ValueError:
    return _TooLargeError(
        f"The {noun} is too large: it has {pixels} pixels, and at most {MAX_MEGAPIXELS} megapixels "
        f"({MAX_MEGAPIXELS * 1_000_000:,} pixels) are taken."
    )


def _upright(image: Image.Image) -> Image.Image:
    # Only after loading: some readers (TIFF's) turn the picture themselves while they load and drop the tag.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # A picture is still a picture if its metadata is damaged, in whichever way.
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


# From a decoded image in any of Pillow's modes to 8-bit pixels.


def _over_white(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, with transparency laid over white."""
    if _is_wide(image):
        values = np.asarray(image)
        grey = _grey(values)
        if "transparency" in image.info:  # 16-bit PNG: the one grey that is transparent
            grey = np.where(values == image.info["transparency"], np.uint8(255), grey)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        image = _rgba(image)
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image, mask=image)
        return np.asarray(canvas)
    return np.asarray(_rgb(image))


def _is_wide(image: Image.Image) -> bool:
    """Whether its one channel holds more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale (H, W) integers or floats to 8 bits, by the range that their type and extremes speak for."""
    is_float = values.dtype.kind == "f"
    if is_float:
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = values.min().item(), values.max().item()
    scaled: NDArray[Any]
    if values.dtype.itemsize == 2 or (not is_float and low >= 0 and 255 < high <= _MAX_16_BIT):
        scaled = _8_BIT_OF_16[values]
    elif low >= 0 and high <= 255:  # 32 bits: floats from 0 to 1 or 255, or integers that need no more than 8
        scaled = np.rint(values * 255) if is_float and high <= 1 else np.rint(values)
    else:
        scaled = np.rint((values.astype(np.float64) - low) * (255 / ((high - low) or 1)))
    return scaled.astype(np.uint8, copy=False)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":  # the one mode that `convert` cannot turn to RGB
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is for work done in place
        return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _rgba(image: Image.Image) -> Image.Image:
    # Premultiplied grey ("La") has no direct way to RGBA.
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _mask(image: Image.Image) -> NDArray[np.bool_]:
    """(H, W) boolean, by the rules that `read_mask` states."""
    if _is_wide(image):
        values = np.asarray(image)
        return values == 1 if values.dtype.kind != "f" and values.max() == 1 else _on(_grey(values))
    rgb = _rgb(_rgba(image) if image.has_transparency_data else image)
    luminance = np.asarray(rgb.convert("L"))
    if image.has_transparency_data:
        alpha = np.asarray(_rgba(image).getchannel("A"))
        opaque = alpha > alpha.max() / 2
        if not opaque.all():
            return _opaque_mask(opaque, luminance)
    colours = np.asarray(rgb)
    if colours.max() == 1:
        return np.asarray(colours.any(axis=2))
    mask = _on(luminance)
    if image.mode == "P" and not mask.any():
        # Label files give their indices dark colours: there the index is the value.
        indices = np.asarray(image)
        return indices == 1 if indices.max() == 1 else mask
    return mask


def _opaque_mask(opaque: NDArray[np.bool_], luminance: NDArray[np.uint8]) -> NDArray[np.bool_]:
    shown = luminance[opaque]
    white = shown == 255
    is_black_and_white = white.any() and not white.all() and bool((white | (shown == 0)).all())
    return opaque & (luminance == 255) if is_black_and_white else opaque


def _on(values: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return values == 1 if values.max() == 1 else values > 127
