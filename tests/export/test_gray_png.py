"""Masks as PNG files: Pillow reads what was written, and a smooth mask's is smaller than its own."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from samhq_demo.export.gray_png import gray_png
from tests.support.drawn_masks import ragged


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (300, 1), (48, 64), (601, 799)])
def test_every_value_is_read_back(size_hw: tuple[int, int]) -> None:
    values = np.where(ragged(*size_hw), np.uint8(255), np.uint8(0))
    with Image.open(BytesIO(gray_png(values))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", size_hw[::-1])
        assert (np.array(image) == values).all()


def test_labels_are_read_back() -> None:
    values = np.random.default_rng(1).integers(0, 256, (40, 50), np.uint8)
    with Image.open(BytesIO(gray_png(values))) as image:
        assert (np.array(image) == values).all()


def test_a_smooth_mask_takes_fewer_bytes_than_pillow_needs() -> None:
    y, x = np.mgrid[-1:1:600j, -1:1:800j]
    values = np.where(np.hypot(x, y) < 0.6, np.uint8(255), np.uint8(0))
    usual = BytesIO()
    Image.fromarray(values).save(usual, "png", compress_level=1, compress_type=zlib.Z_RLE)
    assert len(gray_png(values)) < len(usual.getvalue())
