"""Masks and true masks as annotation tools write them: labels, void, colors, trimaps."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import SeveralLabelsError, TrueMask, read_mask, read_true_mask
from tests.support.raster_files import png, saved, tiff

SIZE_WH = (24, 16)
OBJECT = np.zeros((16, 24), np.bool_)
OBJECT[4:12, 6:16] = True
RIM = np.zeros_like(OBJECT)
RIM[3:13, 5:17] = True
RIM &= ~OBJECT
OTHER = np.zeros_like(OBJECT)
OTHER[4:12, 19:23] = True
VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0] + [0] * (252 * 3 - 3) + [224, 224, 192] + [0, 0, 0]


def values(*parts: tuple[np.ndarray, int], dtype: type = np.uint8) -> np.ndarray:
    made: np.ndarray = np.zeros(OBJECT.shape, dtype)
    for where, value in parts:
        made[where] = value
    return made


def with_palette(indices: np.ndarray) -> io.BytesIO:
    image = Image.frombytes("P", SIZE_WH, indices.tobytes())
    image.putpalette([*(VOC + [0] * 768)[:765], 224, 224, 192])
    return saved(image)


def in_colors(indices: np.ndarray) -> io.BytesIO:
    image = Image.open(with_palette(indices)).convert("RGB")
    return saved(image)


def read(file: io.BytesIO, label: object = None) -> TrueMask:
    return read_true_mask(file, size_wh=SIZE_WH, label=label)


def assert_object_and_rim(found: TrueMask) -> None:
    assert (found.mask == OBJECT).all()
    assert found.void is not None
    assert (found.void == RIM).all()


@pytest.mark.parametrize("value", [1, 2, 15, 100, 200])
@pytest.mark.parametrize("write", [lambda v: saved(Image.fromarray(v)), with_palette, tiff])
def test_a_void_rim_is_not_the_mask(write, value: int) -> None:
    found = read(write(values((OBJECT, value), (RIM, 255))))
    assert_object_and_rim(found)
    assert found.label == value
    assert found.how == (
        f"Read as labels, of which {value} is the mask: 80 pixels; 40 void pixels are left out of the scores."
    )


def test_void_in_16_bits_and_below_zero() -> None:
    assert_object_and_rim(read(tiff(values((OBJECT, 1), (RIM, 65535), dtype=np.uint16))))
    assert_object_and_rim(read(tiff(values((OBJECT, 1), (RIM, 255), dtype=np.uint16))))
    assert_object_and_rim(read(tiff(values((OBJECT, 1), (RIM, -1), dtype=np.int16))))
    assert_object_and_rim(read(tiff(values((OBJECT, 7), (RIM, 255), dtype=np.int32))))


def test_void_in_floats_and_by_nodata() -> None:
    floats = values((OBJECT, 1)).astype(np.float32)
    floats[RIM] = np.nan
    assert_object_and_rim(read(tiff(floats)))
    assert_object_and_rim(read(tiff(values((OBJECT, 1), (RIM, 9)), nodata="9")))
    assert_object_and_rim(read(tiff(values((OBJECT, 255), (RIM, 9)), nodata="9")))
    background = read(tiff(values((OBJECT, 1)), nodata="0"))
    assert (background.mask == OBJECT).all()
    assert background.void is None


def test_void_in_the_colors_of_pascal_voc() -> None:
    found = read(in_colors(values((OBJECT, 1), (RIM, 255))))
    assert_object_and_rim(found)
    assert "#800000" in found.how


@pytest.mark.parametrize("gray", [127, 128])
def test_a_trimap(gray: int) -> None:
    assert_object_and_rim(read(saved(Image.fromarray(values((OBJECT, 255), (RIM, gray))))))


@pytest.mark.parametrize("depth", [2, 4])
def test_labels_of_2_and_4_bits(depth: int) -> None:
    most = (1 << depth) - 1
    found = read(png(values((OBJECT, 1), (RIM, most)), depth=depth))
    assert_object_and_rim(found)
    assert found.label == 1


@pytest.mark.parametrize("write", [lambda v: saved(Image.fromarray(v)), with_palette, tiff])
def test_of_several_labels_one_has_to_be_chosen(write) -> None:
    several = values((OBJECT, 1), (OTHER, 3), (RIM, 255))
    with pytest.raises(SeveralLabelsError) as caught:
        read(write(several))
    assert str(caught.value).startswith("The mask file holds 2 labels: 1, 3. Choose one of them")
    assert caught.value.labels == (1, 3)
    assert_object_and_rim(read(write(several), 1))
    assert (read(write(several), "3").mask == OTHER).all()
    assert read_mask(write(several), size_wh=SIZE_WH, label=3) == Runs.from_mask(OTHER)
    with pytest.raises(ValueError, match=r"has no label 2; it has 1, 3\."):
        read(write(several), 2)


def test_of_several_colors_one_has_to_be_chosen() -> None:
    several = values((OBJECT, 1), (OTHER, 2), (RIM, 255))
    with pytest.raises(SeveralLabelsError, match="2 labels: #008000, #800000"):
        read(in_colors(several))
    assert_object_and_rim(read(in_colors(several), "#800000"))


@pytest.mark.parametrize("label", [True, 1.5, "one", "#12", [1], {}])
def test_what_is_no_label_is_refused(label: object) -> None:
    with pytest.raises(ValueError, match="A label is a whole number"):
        read(saved(Image.fromarray(values((OBJECT, 1), (OTHER, 3)))), label)


def test_a_label_for_a_black_and_white_file() -> None:
    file = saved(Image.fromarray(values((OBJECT, 255))))
    assert (read(file, 255).mask == OBJECT).all()
    with pytest.raises(ValueError, match="black and white: leave the label out"):
        read(file, 3)


def test_many_instances_in_16_bits() -> None:
    blocks = np.arange(1, 25, dtype=np.uint16).reshape(4, 6).repeat(4, axis=0).repeat(4, axis=1) * 1000
    with pytest.raises(SeveralLabelsError, match=r"24 labels: 1000, 2000, .* and 4 more"):
        read(tiff(blocks))


def soft(sigma: int) -> np.ndarray:
    far = np.abs(np.arange(-48, 48))
    edge = np.clip((30 - far) / (2 * sigma) + 0.5, 0, 1)
    return np.rint(np.outer(edge, edge) * 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [1, 2, 8, 25])
@pytest.mark.parametrize("depth", [8, 16, "4 bits"])
def test_a_soft_mask_is_not_taken_for_labels(sigma: int, depth: object) -> None:
    mask = soft(sigma)
    if depth == 16:
        file = saved(Image.fromarray(mask.astype(np.uint16) * 257))
    elif depth == "4 bits":
        file = png(mask >> 4, depth=4)
    else:
        file = saved(Image.fromarray(mask))
    found = read_true_mask(file, size_wh=(96, 96))
    assert found.label is None
    assert found.void is None
    if depth == 8:
        assert (found.mask == (mask > 127)).all()


def test_a_wide_soft_edge_is_not_taken_for_labels() -> None:
    ramp = np.repeat(np.repeat(np.arange(256, dtype=np.uint8), 4)[np.newaxis], 40, axis=0)
    found = read_true_mask(saved(Image.fromarray(ramp)), size_wh=(1024, 40))
    assert (found.mask == (ramp > 127)).all()


def test_a_jpeg_holds_no_labels() -> None:
    mask = Image.fromarray(values((OBJECT, 255)))
    for file in (saved(mask, "JPEG", quality=30), saved(mask.convert("RGB"), "WEBP", quality=20)):
        found = read(file)
        assert found.label is None
        assert np.count_nonzero(found.mask ^ OBJECT) < 20


def test_how_a_plain_mask_was_read() -> None:
    assert read(saved(Image.fromarray(values((OBJECT, 255))))).how == "Read as black and white: 80 pixels."
