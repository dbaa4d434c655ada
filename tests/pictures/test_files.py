"""How large a picture file may be, and the sentences for files that hold no whole picture."""

import io
import struct
import warnings

import numpy as np
import pytest
from PIL import Image

from samhq_demo.pictures import MAX_MEGAPIXELS, read_picture
from tests.support.raster_files import png_header, saved, scene
from tests.support.refusals import refusal

# Sizes


def test_one_pixel_is_a_picture():
    assert read_picture(saved(Image.new("RGB", (1, 1), "lime"))).pixels.tolist() == [[[0, 255, 0]]]


def test_the_largest_picture_is_read():
    picture = read_picture(saved(Image.new("1", (8000, 8000), 1)))
    assert picture.width * picture.height == MAX_MEGAPIXELS * 1_000_000
    assert picture.pixels[::1000, ::1000].min() == 255


@pytest.mark.parametrize(
    ("size_wh", "shown"),
    [
        ((8001, 8000), "8001 x 8000 = 64,008,000 pixels"),
        ((10_000, 10_000), "10000 x 10000 = 100,000,000 pixels"),  # where Pillow would warn
        ((60_000, 60_000), "60000 x 60000 = 3,600,000,000 pixels"),  # where Pillow would refuse
    ],
)
def test_a_larger_picture_is_refused_by_its_header_with_both_sizes(size_wh, shown):
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentence = refusal(read_picture, png_header(*size_wh))
    assert shown in sentence
    assert "at most 64 megapixels" in sentence
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_frame_larger_than_the_header_said_is_refused_by_its_size():
    gif = bytearray(saved(Image.new("P", (4, 4)), "GIF").getvalue())
    frame = gif.index(b",", 10)
    gif[frame + 5 : frame + 9] = struct.pack("<HH", 60_000, 60_000)
    assert "3,600,000,000 pixels" in refusal(read_picture, io.BytesIO(bytes(gif)))


# Refusals


@pytest.mark.parametrize(
    "content",
    [
        b"This is a text, whatever its name says.\n" * 50,
        b"P",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        b"%PDF-1.7\n" + bytes(range(256)) * 8,
        bytes(3000),
    ],
    ids=["text", "one letter", "svg", "eps", "pdf", "zeros"],
)
def test_what_holds_no_pixels_is_refused(tmp_path, content):
    path = tmp_path / "fake.png"
    path.write_bytes(content)
    sentence = refusal(read_picture, path)
    assert "holds no picture that can be read" in sentence
    assert "JPEG, PNG" in sentence
    assert str(tmp_path) not in sentence


def test_an_empty_file_is_refused():
    assert "is empty" in refusal(read_picture, io.BytesIO())


def test_a_file_that_is_not_there_is_refused_without_its_path(tmp_path):
    for path in (tmp_path / "missing.png", tmp_path):
        sentence = refusal(read_picture, path)
        assert "not there" in sentence
        assert str(tmp_path) not in sentence


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.97])
def test_a_picture_cut_off_is_refused(file_format, share):
    content = saved(scene(), file_format).getvalue()
    sentence = refusal(read_picture, io.BytesIO(content[: int(len(content) * share)]))
    assert "damaged or cut off" in sentence


def test_a_progressive_jpeg_cut_off_is_refused():
    content = saved(scene(), "JPEG", progressive=True).getvalue()
    assert "damaged or cut off" in refusal(read_picture, io.BytesIO(content[: len(content) // 2]))


@pytest.mark.filterwarnings("ignore")  # Pillow's own on damaged TIFFs
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "ICO"])
def test_a_damaged_picture_is_read_or_refused_but_nothing_else(file_format):
    content = saved(scene(60, 40), file_format).getvalue()
    generator = np.random.default_rng(0)
    for _ in range(100):
        damaged = np.frombuffer(content, np.uint8).copy()
        where = generator.integers(0, min(len(damaged), 300), 5)
        damaged[where] = generator.integers(0, 256, 5)
        try:
            read_picture(io.BytesIO(damaged.tobytes()))
        except ValueError as error:
            assert str(error).startswith("The picture ")
