"""Any upload -> Picture: upright RGB pixels with a size and a content id."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samhq_demo.pictures.apart import bounded
from samhq_demo.pictures.color import has_code_points, png_to_srgb, rgb
from samhq_demo.pictures.files import Decoded, Source, load
from samhq_demo.pictures.samples import SampleFacts, samples_of, scale_of, to_8_bits, valid_samples


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An upright picture.

    Attributes:
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
    def nbytes(self) -> int:
        """Of its pixels; see `BoundedCache`."""
        return self.pixels.nbytes

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
    """Read a picture in any raster format that Pillow reads, and HEIC; of several frames the first.

    EXIF rotation is applied, colors are brought to sRGB by the file's profile, transparency is laid over
    white, and samples of another type are scaled to 8 bits by what the file says of them: see `samples`.

    Raises:
        ValueError: one sentence, where `files.load` can make nothing of the file.
    """
    return Picture(*_read(source))


@bounded
def _read(source: Source) -> tuple[NDArray[np.uint8], str]:
    pixels = np.ascontiguousarray(_pixels(load(source, "picture")))
    return pixels, _content_id(pixels)


def _check(pixels: NDArray[np.uint8]) -> None:
    dtype, shape = pixels.dtype, pixels.shape
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(f"Pixels must be uint8 of shape (height, width, 3), not {dtype} of {shape}.")


def _content_id(pixels: NDArray[np.uint8]) -> str:
    height, width, _ = pixels.shape
    digest = hashlib.blake2b(f"{width}x{height}:".encode(), digest_size=16)
    digest.update(pixels.data)
    return digest.hexdigest()


def _pixels(decoded: Decoded) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB, with transparency laid over white; black where a pixel has no value."""
    image, valid = eight_bits(decoded)
    shown = rgb(image, profile=_profile(decoded))
    pixels = _over_white(shown, decoded)
    if valid is not None:
        pixels = np.where(valid[:, :, np.newaxis], pixels, np.uint8(0))
    return pixels


def _profile(decoded: Decoded) -> bytes | None:
    if has_code_points(decoded.png):
        return None
    found = decoded.image.info.get("icc_profile")
    if decoded.png is not None and decoded.png.icc_profile:
        return decoded.png.icc_profile
    return found if isinstance(found, bytes) and found else None


def _over_white(shown: Image.Image, decoded: Decoded) -> NDArray[np.uint8]:
    colors = np.asarray(shown.convert("RGB"))
    if decoded.png is not None and _profile(decoded) is None:
        colors = png_to_srgb(colors, decoded.png)
    if shown.mode != "RGBA":
        return colors
    canvas = Image.new("RGB", shown.size, "white")
    canvas.paste(Image.fromarray(colors), mask=shown.getchannel("A"))
    return np.asarray(canvas)


def eight_bits(decoded: Decoded) -> tuple[Image.Image, NDArray[np.bool_] | None]:
    """An image of 8 bits a channel with its transparency, and where it has values (None: everywhere)."""
    image, facts = decoded.image, decoded.samples
    if decoded.low_bytes is not None:
        return _from_16_bit_colors(decoded)
    transparent = _transparent(decoded)
    valid = None
    is_restated = facts.nodata is not None or facts.is_signed or facts.bits is not None
    if is_wide(image) or (is_restated and image.mode in ("L", "RGB")):
        values = samples_of(image, facts)
        valid = valid_samples(values, facts)
        if is_wide(image) or image.mode == "L" or facts.bits is not None:
            image = Image.fromarray(to_8_bits(values, facts, valid=valid))
    if transparent is not None:
        image = image.convert("L" if image.mode == "1" else image.mode)
        image.info.pop("transparency", None)
        image.putalpha(Image.fromarray(np.where(transparent, np.uint8(0), np.uint8(255))))
    return image, valid


def is_wide(image: Image.Image) -> bool:
    """Whether its one channel holds more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _transparent(decoded: Decoded) -> NDArray[np.bool_] | None:
    """(H, W), true where a PNG's pixels have the one gray or color that it calls transparent."""
    png = decoded.png
    if png is None or png.transparent is None:
        return None
    image = decoded.image.convert("L") if decoded.image.mode == "1" else decoded.image
    # Pillow spreads 1, 2 and 4 bits over 8, but leaves the transparent value as it was.
    spread = 255 // ((1 << png.depth) - 1) if png.depth < 8 else 1
    matches = np.asarray(np.asarray(image) == np.array(png.transparent) * spread)
    return matches if matches.ndim == 2 else np.asarray(matches.all(axis=2))


def _from_16_bit_colors(decoded: Decoded) -> tuple[Image.Image, NDArray[np.bool_] | None]:
    """Colors of 16 bits a channel, whose high and low bytes were decoded one after the other."""
    image, facts, png = decoded.image, decoded.samples, decoded.png
    alpha: NDArray[np.uint16] | None = None
    if png is not None and png.is_gray:  # gray and alpha: their four bytes are in one image
        four = np.asarray(decoded.low_bytes).astype(np.uint16)
        values = np.dstack([four[:, :, ::2] << 8 | four[:, :, 1::2]])
        colors, alpha = np.repeat(values[:, :, :1], 3, axis=2), values[:, :, 1]
    else:
        colors = samples_of(image, facts, low_bytes=decoded.low_bytes)
        if image.mode == "RGBA":
            colors, alpha = colors[:, :, :3], colors[:, :, 3]
    valid = valid_samples(colors, facts)
    scaled = _image_of(to_8_bits(colors, facts, valid=valid), image.mode)
    if alpha is not None:
        scaled.putalpha(Image.fromarray(_alpha(alpha, colors, facts)))
    elif png is not None and png.transparent is not None:
        opaque = (colors != np.array(png.transparent)).any(axis=2)
        scaled.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
    return scaled, valid


def _alpha(alpha: NDArray[np.uint16], colors: NDArray[np.uint16], facts: SampleFacts) -> NDArray[np.uint8]:
    """On the scale of the colors, if it fits there."""
    _, full = scale_of(colors, facts)
    full = full if alpha.max() <= full else 65535
    scaled: NDArray[Any] = np.rint(alpha * (255 / full))
    return scaled.astype(np.uint8)


def _image_of(values: NDArray[np.uint8], mode: str) -> Image.Image:
    """(H, W, C) as an image: in CMYK where that is the mode, else in RGB."""
    height, width, channels = values.shape
    return Image.frombytes(
        "CMYK" if channels == 4 and mode == "CMYK" else "RGB", (width, height), values.tobytes()
    )
