"""A mask may come in any kind of file that people keep masks in."""

import io

import numpy as np
import pytest
from PIL import Image

from samhq_demo.pictures import read_mask
from tests.support.refusals import refusal

MASK = np.array([[False, True, True], [False, True, False]])
SIZE_WH = (3, 2)


def image(values, dtype=np.uint8):
    return Image.fromarray(np.array(values, dtype))


def file_of(picture, file_format="PNG", **options):
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    file.seek(0)
    return file


def mask_of(picture, file_format="PNG", **options):
    return read_mask(file_of(picture, file_format, **options), size_wh=SIZE_WH).mask()


@pytest.mark.parametrize("on", [255, 128, 1])
def test_a_gray_mask_is_on_where_bright_or_where_one(on):
    assert (mask_of(image(MASK.astype(np.uint8) * on)) == MASK).all()


def test_half_gray_is_off():
    assert mask_of(image([[127, 128, 255], [0, 200, 100]])).tolist() == [
        [False, True, True],
        [False, True, False],
    ]


@pytest.mark.parametrize(
    ("dtype", "on", "file_format"),
    [
        (bool, 1, "PNG"),
        (np.uint16, 65535, "PNG"),
        (np.uint16, 255, "PNG"),
        (np.uint16, 1, "PNG"),
        (np.int32, 255, "TIFF"),
        (np.int32, 1, "TIFF"),
        (np.float32, 1, "TIFF"),
        (np.float32, 255, "TIFF"),
    ],
)
def test_masks_of_every_depth(dtype, on, file_format):
    assert (mask_of(image(MASK.astype(dtype) * dtype(on), dtype), file_format) == MASK).all()


def test_a_color_mask_counts_by_its_luminance():
    colors = np.where(
        MASK[:, :, np.newaxis], np.array((0, 255, 0), np.uint8), np.array((255, 0, 0), np.uint8)
    )
    assert (mask_of(image(colors)) == MASK).all()


def test_a_color_mask_of_ones():
    assert (mask_of(image(MASK[:, :, np.newaxis] * np.array((1, 0, 0), np.uint8))) == MASK).all()


def test_a_label_file_with_dark_colors_counts_by_its_index():
    labels = Image.frombytes("P", SIZE_WH, MASK.astype(np.uint8).tobytes())
    labels.putpalette([0, 0, 0, 128, 0, 0])
    assert (mask_of(labels) == MASK).all()


def test_a_palette_of_black_and_white_counts_by_its_colors():
    inverted = Image.frombytes("P", SIZE_WH, (~MASK).astype(np.uint8).tobytes())
    inverted.putpalette([255, 255, 255, 0, 0, 0])
    assert (mask_of(inverted) == MASK).all()


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
@pytest.mark.parametrize("most", [255, 120, 1])
def test_what_is_opaque_is_the_mask(color, most):
    rgba = np.dstack([np.broadcast_to(np.array(color, np.uint8), (2, 3, 3)), MASK * np.uint8(most)])
    assert (mask_of(image(rgba)) == MASK).all()


def test_a_cutout_is_a_mask_whatever_its_colors():
    colors = np.array(
        [[(255, 0, 0), (0, 255, 0), (9, 9, 9)], [(0, 0, 255), (120, 130, 140), (90, 90, 0)]], np.uint8
    )
    rgba = np.dstack([colors, MASK * np.uint8(255)])
    assert (mask_of(image(rgba)) == MASK).all()


def test_black_is_outside_in_a_black_and_white_drawing_with_transparent_parts():
    drawing = np.zeros((2, 3, 4), np.uint8)
    drawing[MASK] = 255
    drawing[0, 0] = (0, 0, 0, 255)
    assert (mask_of(image(drawing)) == MASK).all()


@pytest.mark.parametrize("alpha", [255, 90])
def test_an_even_alpha_says_nothing(alpha):
    gray = MASK.astype(np.uint8) * 255
    rgba = np.dstack([gray, gray, gray, np.full((2, 3), alpha, np.uint8)])
    assert (mask_of(image(rgba)) == MASK).all()


def test_a_masks_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = image(np.rot90(MASK).astype(np.uint8) * 255)
    assert (mask_of(lying, exif=exif) == MASK).all()


@pytest.mark.parametrize(
    "nothing",
    [
        image(np.zeros((2, 3))),
        image(np.full((2, 3), 100)),
        image(np.zeros((2, 3, 4))),
        image(np.zeros((2, 3)), np.uint16),
    ],
    ids=["black", "dark", "transparent", "16-bit black"],
)
def test_an_empty_mask_is_refused(nothing):
    assert "The mask is empty" in refusal(mask_of, nothing)


def test_a_mask_of_another_size_is_refused_with_both_sizes():
    sentence = refusal(read_mask, file_of(image(MASK.astype(np.uint8))), size_wh=(2, 3))
    assert "3 x 2" in sentence
    assert "2 x 3" in sentence


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"no mask", "The mask file holds no picture"),
        (b"", "The mask file is empty"),
        (b"\xff\xd8\xff", "The mask file is damaged"),
    ],
)
def test_messages_call_a_mask_a_mask(content, start):
    assert refusal(read_mask, io.BytesIO(content), size_wh=SIZE_WH).startswith(start)
