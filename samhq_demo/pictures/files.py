"""Any file -> a decoded, upright image in its own mode, with what the file says of its samples.

`noun` is what messages call the file.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ExifTags, Image, ImageFile
from pillow_heif import register_heif_opener

from samhq_demo.pictures.decoding import MAX_MEGAPIXELS, READERS, has_too_many_scans, most_megapixels
from samhq_demo.pictures.kinds import foreign_kind, tiff_kind, unreadable_kind
from samhq_demo.pictures.png import PngFacts, inspect_png
from samhq_demo.pictures.samples import SampleFacts, png_samples, tiff_samples
from samhq_demo.pictures.tiff import (
    camera_raw,
    drops_bands,
    has_unreachable_low_bytes,
    low_byte_rawmode,
    mend_planes,
)

# Their signatures are long enough that a file bearing one is such a file, if perhaps a damaged one.
_SURE_SIGNATURES = frozenset({"AVIF", "GIF", "HEIF", "JPEG", "JPEG2000", "PNG", "PSD", "TIFF", "WEBP"})
# In these, values are only near what was saved: no label or mark of such a file can be relied on.
_LOSSY = frozenset({"AVIF", "HEIF", "JPEG", "MPO"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Tags may lie over each other, so that a few megabytes of them claim terabytes. Cameras write up to 64 KB.
_MAX_EXIF_BYTES = 128 * 2**10

Source = str | Path | BinaryIO

register_heif_opener()


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A decoded file.

    Attributes:
        image: upright, in its own mode.
        low_bytes: of 16-bit colors, whose high bytes are in `image`; upright, and None where they are not
            needed.
        png: what a PNG states beside.
        is_lossy: values are only near the saved ones.
    """

    image: Image.Image
    samples: SampleFacts
    low_bytes: Image.Image | None = None
    png: PngFacts | None = None
    is_lossy: bool = False

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.image.size


def load(source: Source, noun: str) -> Decoded:
    """Decode a file.

    Raises:
        ValueError: it holds no picture, is of a kind that cannot be read, is damaged or cut off, or has more
            megapixels than its kind may have. The size is taken from the file's header, before anything is
            decoded, and looked at again after that.
    """
    with _opened(source, noun) as file:
        found = _identified(file, noun)
        image = found.image
        _check_size(image, noun)
        if has_too_many_scans(image, found.file):
            raise ValueError(f"The {noun} file is a JPEG in far too many scans: save it as a plain JPEG.")
        with _translated_errors(noun, file, found.name):
            mend_planes(image)
            low_bytes = _low_bytes_reader(found)
            image.load()
            _check_size(image, noun)  # it may be that of a picture inside the file by now
            samples = tiff_samples(image) if found.name == "TIFF" else png_samples(found.png)
            if low_bytes is not None and not _needs_low_bytes(image, found.png):
                low_bytes = None
            if low_bytes is not None:
                low_bytes.load()
        if has_unreachable_low_bytes(image) and _needs_low_bytes(image, None):
            raise ValueError(
                f"The {noun} file is a TIFF of 16-bit colors compressed band by band (planar), of which only "
                "the high bytes can be read, and they are empty: save it pixel by pixel, or uncompressed."
            )
        return Decoded(
            image=_upright(image),
            samples=samples,
            low_bytes=None if low_bytes is None else _upright(low_bytes),
            png=found.png,
            is_lossy=_is_lossy(found),
        )


def header_size_wh(file: BinaryIO) -> tuple[int, int] | None:
    """The (width, height) that a file's header states; None where `load` would refuse it by its header."""
    try:
        return _identified(file, "picture").image.size
    except ValueError:
        return None


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


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A file whose header was read: by Pillow's reader `name`, from `file`."""

    image: ImageFile.ImageFile
    file: BinaryIO
    name: str
    png: PngFacts | None


def _identified(file: BinaryIO, noun: str) -> _Found:
    """Read the header only.

    `Image.open` would do, but for its guard against huge pictures: that warns or raises by a limit kept in
    a global, without saying the size. Asking the registered readers leaves the guard as it is for all
    others.
    """
    file.seek(0)
    prefix = file.read(16)
    if not prefix:
        raise ValueError(f"The {noun} file is empty: upload it again.")
    Image.init()
    # Readers that know their format by a signature first: the others may take a fancy to what is not
    # theirs.
    for name in sorted(Image.ID, key=lambda name: Image.OPEN[name][1] is None):
        if name not in READERS:
            continue
        try:
            with _translated_errors(noun, file, name):
                found = _header(file, prefix, name)
        except _UnreadableError:
            raise
        except ValueError:
            if name in _SURE_SIGNATURES:
                raise
            continue
        if found is not None and found.image.width > 0 and found.image.height > 0:
            _refuse_what_is_not_all(found, noun)
            return found
    kind = foreign_kind(file)
    raise ValueError(
        f"The {noun} file {f'is {kind} and ' if kind else ''}holds no picture that can be read: "
        "give a JPEG, PNG, WebP, TIFF, GIF, BMP, HEIC, AVIF or another format of pixels."
    )


def _refuse_what_is_not_all(found: _Found, noun: str) -> None:
    """Raise ValueError where Pillow would give a part of the file for the whole, without a word."""
    if (raw := camera_raw(found.image)) is not None:
        raise ValueError(
            f"The {noun} file is {raw}, which holds only a small preview as a picture: "
            "develop it and give a JPEG, PNG or TIFF."
        )
    if drops_bands(found.image):
        kind = tiff_kind(found.file)
        raise ValueError(f"The {noun} file is {kind.what}, which cannot be read: {kind.remedy}.")


def _header(file: BinaryIO, prefix: bytes, name: str) -> _Found | None:
    """What Pillow's reader `name` makes of the file's header; None where the signature is not its own."""
    factory, accepts = Image.OPEN[name]
    accepted = True if accepts is None else accepts(prefix)
    # A reader whose library is missing answers with a sentence (a string) instead of a yes.
    if not accepted or isinstance(accepted, str):
        return None
    png = None
    if name == "PNG":
        file, png = inspect_png(file)
    file.seek(0)
    return _Found(factory(file, ""), file, name, png)


@contextmanager
def _translated_errors(noun: str, file: BinaryIO, name: str) -> Iterator[None]:
    """Pillow's errors as one sentence, for what its reader `name` does with the file."""
    try:
        yield
    except (MemoryError, _UnreadableError):
        raise
    except Image.DecompressionBombError as error:
        # A picture inside the file (a GIF's frame, an icon's PNG) is larger than the file's header said.
        found = re.search(r"\d+", str(error))
        raise _too_large(noun, f"{int(found.group()):,}" if found else "far more") from error
    except Exception as error:  # On damaged files Pillow's readers raise errors of a dozen kinds.
        kind = unreadable_kind(file, name)
        if kind is not None:
            raise _UnreadableError(
                f"The {noun} file is {kind.what}, which cannot be read: {kind.remedy}."
            ) from error
        raise ValueError(f"The {noun} file is damaged or cut off: save or upload it again.") from error


class _UnreadableError(ValueError):
    """Told apart so that no other reader is tried."""


def _check_size(image: Image.Image, noun: str) -> None:
    most = most_megapixels(image)
    if image.width * image.height > most * 1_000_000:
        raise _too_large(noun, f"{image.width} x {image.height} = {image.width * image.height:,}", most)


def _too_large(noun: str, pixels: str, most: int = MAX_MEGAPIXELS) -> ValueError:
    kind = "" if most == MAX_MEGAPIXELS else " of a file of this kind"
    return _UnreadableError(
        f"The {noun} is too large: it has {pixels} pixels, and at most {most} megapixels "
        f"({most * 1_000_000:,} pixels){kind} are taken."
    )


def _is_lossy(found: _Found) -> bool:
    if found.name == "WEBP":
        found.file.seek(0)
        return b"VP8L" not in found.file.read(64)
    return found.name in _LOSSY or found.image.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")


# 16 bits a color. Pillow keeps the high bytes only, but reads the low ones if told the other byte order.


def _low_bytes_reader(found: _Found) -> ImageFile.ImageFile | None:
    """The same file once more, to be loaded into its low bytes; None where a channel has 8 bits or fewer."""
    tile = found.image.tile[0] if getattr(found.image, "tile", None) else None
    if found.name not in ("PNG", "TIFF") or tile is None:
        return None
    if has_unreachable_low_bytes(found.image) or _for_low_bytes(tile.args) is None:
        return None
    found.file.seek(0)
    again: ImageFile.ImageFile = Image.OPEN[found.name][0](found.file, "")
    mend_planes(again)
    again.tile = [one._replace(args=_for_low_bytes(one.args)) for one in again.tile]
    return again


def _for_low_bytes(args: Any) -> Any:
    """A decoder's arguments (the first is the raw mode) for the low bytes; None where there are none."""
    first, *rest = args if isinstance(args, tuple) else (args,)
    rawmode = low_byte_rawmode(first)
    if rawmode is None:
        return None
    return (rawmode, *rest) if isinstance(args, tuple) else rawmode


def _needs_low_bytes(image: Image.Image, png: PngFacts | None) -> bool:
    """Whether the high bytes do not do: they are those of at most 14 bits, or one color is transparent."""
    if png is not None and png.transparent is not None:
        return True
    extrema = image.getextrema()
    colors = extrema[:3] if isinstance(extrema[0], tuple) else (extrema,)
    return max(high for _, high in colors) < 64


def _upright(image: Image.Image) -> Image.Image:
    # Only after loading: some readers (TIFF's) turn the picture themselves while they load and drop the
    # tag.
    if len(image.info.get("exif") or b"") > _MAX_EXIF_BYTES:
        return image
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # A picture is still a picture if its metadata is damaged, in whichever way.
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)
