"""What is whole, but of a kind that cannot be read, is called by its name."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from PIL import Image

from samhq_demo.pictures import read_mask, read_picture
from tests.support.raster_files import saved, tiff

GRAY = np.arange(64).reshape(8, 8)
COLORS = np.repeat(GRAY[:, :, np.newaxis], 3, axis=2)


def refusal(file: io.BytesIO) -> str:
    with pytest.raises(ValueError) as caught:
        read_picture(file)
    sentence = str(caught.value)
    assert sentence.startswith("The picture file is ")
    assert sentence.endswith(".")
    assert "damaged" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: tiff(GRAY, np.float64), "a TIFF of 64-bit floats (float64)"),
        (lambda: tiff(GRAY, np.float16), "a TIFF of 16-bit floats (float16)"),
        (lambda: tiff(GRAY, np.uint64), "a TIFF of 64-bit integers"),
        (lambda: tiff(GRAY, np.complex64), "a TIFF of 64-bit complex floats"),
        (
            lambda: tiff(COLORS, np.float32, photometric="rgb"),
            "an RGB TIFF of 3 bands of 32-bit floats (float32)",
        ),
        (lambda: tiff(COLORS, np.uint32, photometric="rgb"), "an RGB TIFF of 3 bands of 32-bit integers"),
        (
            lambda: tiff(np.stack([GRAY] * 5), np.uint8, photometric="minisblack", planarconfig="separate"),
            "a TIFF of 5 bands of 8-bit integers, band by band (planar)",
        ),
        (
            lambda: tiff(
                np.stack([GRAY] * 5),
                np.uint8,
                photometric="minisblack",
                planarconfig="separate",
                compression="zlib",
            ),
            "a TIFF of 5 bands of 8-bit integers, band by band (planar)",
        ),
        (
            lambda: tiff(np.dstack([GRAY] * 5), np.uint16, photometric="minisblack", planarconfig="contig"),
            "a TIFF of 5 bands of 16-bit integers",
        ),
        (
            lambda: tiff(np.stack([GRAY] * 5), np.uint8, photometric="rgb", planarconfig="separate"),
            "an RGB TIFF of 5 bands of 8-bit integers, band by band (planar)",
        ),
        (
            lambda: tiff(np.dstack([GRAY] * 5), np.uint16, photometric="rgb", planarconfig="contig"),
            "an RGB TIFF of 5 bands of 16-bit integers",
        ),
    ],
)
def test_a_tiff_of_a_kind_that_is_not_read(make: Callable[[], io.BytesIO], named: str) -> None:
    sentence = refusal(make())
    assert f"The picture file is {named}, which cannot be read: save it with 1 or 3 bands" in sentence
    with pytest.raises(ValueError, match=r"^The mask file is an? .*TIFF of"):
        read_mask(make(), size_wh=(8, 8))


def test_a_tiff_of_a_compression_that_is_not_read() -> None:
    content = bytearray(tiff(GRAY, np.uint8).getvalue())
    at = content.index((259).to_bytes(2, "little") + b"\x03\0")
    content[at + 8 : at + 10] = (34887).to_bytes(2, "little")
    assert "a TIFF compressed with LERC" in refusal(io.BytesIO(bytes(content)))


def test_a_jpeg_of_12_bits() -> None:
    content = bytearray(saved(Image.new("L", (16, 16)), "JPEG").getvalue())
    content[content.index(b"\xff\xc0") + 4] = 12
    assert "a JPEG of 12 bits a channel" in refusal(io.BytesIO(bytes(content)))


def test_a_photoshop_file_of_16_bits() -> None:
    header = b"8BPS\0\x01" + bytes(6) + b"\0\x03" + (8).to_bytes(4, "big") * 2 + b"\0\x10\0\x03"
    assert "a Photoshop file of 16 bits a channel" in refusal(io.BytesIO(header + bytes(200)))


def test_a_camera_raw_file_is_not_taken_for_its_thumbnail() -> None:
    file = io.BytesIO()
    tags = [(50706, "B", 4, (1, 4, 0, 0), True)]
    tifffile.imwrite(file, GRAY.astype(np.uint8), extratags=tags, metadata=None)
    assert "a camera's raw file (DNG)" in refusal(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\xff\x0a" + bytes(300), "a JPEG XL file"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300), "a JPEG XL file"),
        (b"\x76\x2f\x31\x01" + bytes(300), "an OpenEXR file"),
        (b"%PDF-1.7\n" + bytes(300), "a PDF document"),
        (b"\xef\xbb\xbf  <svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (bytes(128) + b"DICM" + bytes(300), "a DICOM file"),
        (b"\x93NUMPY\x01\0" + bytes(300), "a NumPy array"),
        (b"PK\x03\x04" + bytes(300), "a ZIP archive"),
        (b"\0\0\0\x20ftypisom" + bytes(300), "a video"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(content: bytes, named: str) -> None:
    assert f"is {named} and holds no picture that can be read" in refusal(io.BytesIO(content))


def test_heic_and_avif_are_read() -> None:
    photo = Image.new("RGB", (64, 48), (200, 100, 50))
    for file_format in ("HEIF", "AVIF"):
        picture = read_picture(saved(photo, file_format, quality=95))
        assert picture.size_wh == (64, 48)
        assert np.abs(picture.pixels.astype(int) - (200, 100, 50)).max() <= 4


def test_a_heic_photo_is_turned_upright_once() -> None:
    photo = Image.new("RGB", (64, 48), "white")
    photo.paste((255, 0, 0), (0, 0, 32, 24))  # red at the top left
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.info["exif"] = exif.tobytes()  # from here it is written as the file's own rotation as well
    picture = read_picture(saved(photo, "HEIF", quality=95))
    assert picture.size_wh == (48, 64)
    assert picture.pixels[8, 40].tolist() != [255, 255, 255]
    assert (picture.pixels[50, 10] > 240).all()


@pytest.mark.parametrize("file_format", ["HEIF", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_heic_and_avif_cut_off_are_damaged(file_format: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    content = saved(Image.fromarray(noise), file_format).getvalue()
    with pytest.raises(ValueError, match="damaged or cut off"):
        read_picture(io.BytesIO(content[: int(len(content) * share)]))


def test_a_heic_photo_that_is_too_large_is_refused_by_its_header() -> None:
    content = bytearray(saved(Image.new("RGB", (64, 48)), "HEIF").getvalue())
    at = content.index(b"ispe") + 8
    content[at : at + 8] = (20_000).to_bytes(4, "big") * 2
    with pytest.raises(ValueError, match=r"at most 64 megapixels|damaged"):
        read_picture(io.BytesIO(bytes(content)))
