"""Whatever is uploaded becomes upright 8-bit RGB pixels, or a sentence that says why not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from samhq_demo.pictures import Picture, read_picture
from samhq_demo.pictures.files import Decoded
from samhq_demo.pictures.picture import _pixels
from samhq_demo.pictures.samples import SampleFacts
from tests.support.raster_files import saved, scene
from tests.support.refusals import refusal

RED, GREEN, BLUE, GRAY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (120, 130, 140)
COLORS = np.array([[RED, GREEN, GRAY], [BLUE, GRAY, GRAY]], np.uint8)
WHITE = [255, 255, 255]


def image(values, dtype=np.uint8):
    return Image.fromarray(np.array(values, dtype))


def pixels_of(picture, file_format="PNG", **options):
    return read_picture(saved(picture, file_format, **options)).pixels


def grays_of(picture, file_format="PNG", **options):
    """One channel of a picture that has to be gray, as lists."""
    pixels = pixels_of(picture, file_format, **options)
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0].tolist()


# Values


def test_a_picture_has_read_only_rgb_pixels_and_its_size():
    picture = read_picture(saved(image(COLORS)))
    assert picture.pixels.dtype == np.uint8
    assert (picture.pixels == COLORS).all()
    assert (picture.size_wh, picture.width, picture.height) == ((3, 2), 3, 2)
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0] = 0


def test_a_picture_from_pixels_keeps_a_copy():
    pixels = COLORS.copy()
    picture = Picture.from_pixels(pixels)
    pixels[:] = 0
    assert (picture.pixels == COLORS).all()
    assert picture.content_id == Picture.from_pixels(COLORS[:, :, :]).content_id


@pytest.mark.parametrize(
    "pixels",
    [
        COLORS[:, :, 0],
        COLORS.astype(np.float32),
        np.zeros((0, 3, 3), np.uint8),
        np.zeros((2, 2, 4), np.uint8),
    ],
)
def test_other_arrays_are_no_picture(pixels):
    assert "uint8 of shape (height, width, 3)" in refusal(Picture.from_pixels, pixels)


def test_the_content_id_is_that_of_the_pixels_not_of_the_file():
    from_png = read_picture(saved(image(COLORS)))
    from_bmp = read_picture(saved(image(COLORS), "BMP"))
    assert from_png.content_id == from_bmp.content_id == Picture.from_pixels(COLORS).content_id


def test_one_pixel_or_another_shape_makes_another_content_id():
    changed = COLORS.copy()
    changed[1, 2, 2] += 1
    ids = {Picture.from_pixels(pixels).content_id for pixels in (COLORS, changed, COLORS.reshape(3, 2, 3))}
    assert len(ids) == 3


# Sources


def test_a_path_as_text_a_path_and_a_stream_give_the_same(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(saved(image(COLORS)).getvalue())
    with path.open("rb") as stream:
        stream.seek(7)
        pictures = [read_picture(str(path)), read_picture(path), read_picture(stream)]
        assert not stream.closed
    assert len({picture.content_id for picture in pictures}) == 1


def test_a_stream_that_cannot_seek_is_read():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    assert (read_picture(Pipe(saved(image(COLORS)).getvalue())).pixels == COLORS).all()


def test_the_name_of_a_file_does_not_matter(tmp_path):
    path = tmp_path / "really-a.png"
    path.write_bytes(saved(scene(), "JPEG").getvalue())
    assert read_picture(path).size_wh == (400, 300)


# Rotation


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, COLORS),
        (2, COLORS[:, ::-1]),
        (3, COLORS[::-1, ::-1]),
        (4, COLORS[::-1]),
        (5, COLORS.swapaxes(0, 1)),
        (6, np.rot90(COLORS, -1)),
        (7, COLORS[::-1, ::-1].swapaxes(0, 1)),
        (8, np.rot90(COLORS)),
        (9, COLORS),
    ],
)
def test_exif_rotation_is_applied_once(file_format, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    assert (pixels_of(image(COLORS), file_format, exif=exif, **options) == upright).all()


def test_a_rotated_photo_has_its_upright_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(saved(scene(), "JPEG", exif=exif)).size_wh == (300, 400)


def test_damaged_metadata_does_not_spoil_a_picture():
    exif = b"Exif\x00\x00 this is no metadata"
    assert read_picture(saved(scene(), "JPEG", exif=exif)).size_wh == (400, 300)


# Modes


def test_gray_and_one_bit():
    assert grays_of(image([[0, 7], [200, 255]])) == [[0, 7], [200, 255]]
    assert grays_of(image([[False, True]], bool)) == [[0, 255]]


def test_alpha_is_laid_over_white():
    translucent = image([[(255, 0, 0, 255), (255, 0, 0, 0), (255, 0, 0, 128)]])
    assert pixels_of(translucent).tolist() == [[list(RED), WHITE, [255, 127, 127]]]
    assert pixels_of(translucent, "TIFF").tolist() == [[list(RED), WHITE, [255, 127, 127]]]


def test_gray_with_alpha_is_laid_over_white():
    gray = Image.merge("LA", (image([[100, 100, 0]]), image([[255, 0, 128]])))
    assert grays_of(gray) == [[100, 255, 127]]


def palette_image():
    picture = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    return picture


def test_palette_colors_are_looked_up():
    for file_format in ("PNG", "GIF", "BMP", "TIFF"):
        assert pixels_of(palette_image(), file_format).tolist() == [
            [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
        ]


@pytest.mark.parametrize(
    ("file_format", "transparency", "last"),
    [("PNG", 1, [70, 80, 90]), ("GIF", 1, [70, 80, 90]), ("PNG", bytes([255, 0, 128]), [162, 167, 172])],
)
def test_a_palette_with_transparency_is_laid_over_white(file_format, transparency, last):
    pixels = pixels_of(palette_image(), file_format, transparency=transparency)
    assert pixels.tolist() == [[[10, 20, 30], WHITE, last]]


def test_a_color_that_stands_for_transparent_becomes_white():
    assert grays_of(image([[0, 5, 9]]), transparency=5) == [[0, 255, 9]]
    assert pixels_of(image([[RED, GREEN]]), transparency=RED).tolist() == [[WHITE, list(GREEN)]]
    assert grays_of(image([[0, 65535, 25700]], np.uint16), transparency=0) == [[255, 255, 100]]


@pytest.mark.parametrize(
    ("mode", "opaque"),
    [("LA", [76, 76, 76]), ("La", [76, 76, 76]), ("RGBA", [255, 0, 0]), ("RGBa", [255, 0, 0])],
)
def test_premultiplied_alpha_is_laid_over_white_as_well(mode, opaque):
    # No file that Pillow can write opens in these modes, so this goes to the conversion itself.
    rgba = image([[(255, 0, 0, 255), (0, 0, 0, 0)]])
    picture = rgba.convert("LA").convert(mode) if mode in ("LA", "La") else rgba.convert(mode)
    assert _pixels(Decoded(picture, SampleFacts())).tolist() == [[opaque, WHITE]]


def test_a_palette_with_an_alpha_channel_is_laid_over_white():
    picture = palette_image().convert("PA")
    picture.putalpha(image([[255, 0, 255]]))
    assert _pixels(Decoded(picture, SampleFacts())).tolist() == [[[10, 20, 30], WHITE, [70, 80, 90]]]


@pytest.mark.parametrize("file_format", ["TIFF", "JPEG"])
def test_cmyk(file_format):
    flat = Image.new("RGB", (32, 32), GRAY).convert("CMYK")
    assert np.abs(pixels_of(flat, file_format).astype(int) - GRAY).max() <= 3


def test_ycbcr():
    flat = Image.new("RGB", (32, 32), GRAY).convert("YCbCr")
    assert np.abs(pixels_of(flat, "JPEG").astype(int) - GRAY).max() <= 3


def test_lab():
    flat = Image.new("RGB", (4, 4), GRAY)
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    picture = ImageCms.profileToProfile(flat, srgb, lab, outputMode="LAB")
    assert np.abs(pixels_of(picture, "TIFF").astype(int) - GRAY).max() <= 3


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bits_are_scaled_not_clipped(file_format):
    picture = image([[0, 257, 32768, 65535]], np.uint16)
    assert grays_of(picture, file_format) == [[0, 1, 128, 255]]


def test_16_bits_with_the_other_byte_first():
    picture = Image.frombytes("I;16B", (3, 1), np.array([0, 32768, 65535], ">u2").tobytes())
    assert grays_of(picture, "TIFF") == [[0, 128, 255]]


@pytest.mark.parametrize(
    ("values", "grays"),
    [
        ([0, 100, 255], [0, 100, 255]),  # no more than 8 bits used
        ([0, 25700, 65535], [0, 100, 255]),  # no more than 16
        ([0, 100_000, 200_000], [0, 128, 255]),  # its own range
        ([-100, 0, 100], [0, 128, 255]),
        ([-(2**31), 0, 2**31 - 1], [0, 128, 255]),
        ([70_000, 70_000, 70_000], [0, 0, 0]),
    ],
)
def test_32_bit_integers_are_scaled_by_the_range_they_use(values, grays):
    scaled = grays_of(image([values], np.int32), "TIFF")
    assert np.abs(np.array(scaled) - [grays]).max() <= 1


@pytest.mark.parametrize(
    ("values", "grays"),
    [
        ([0, 0.25, 1], [0, 64, 255]),
        ([0, 100.4, 255], [0, 100, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([0, 1000, 4000], [0, 64, 255]),
        ([np.nan, np.inf, 1], [0, 0, 255]),
    ],
)
def test_floats_are_scaled_from_one_from_255_or_by_their_range(values, grays):
    assert grays_of(image([values], np.float32), "TIFF") == [grays]


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_is_taken(file_format):
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE)]
    pixels = pixels_of(frames[0], file_format, save_all=True, append_images=frames[1:])
    assert np.abs(pixels.astype(int) - RED).max() <= 2
