"""Logits that wait to be a mask: what they tell of its box is true, and the same mask is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from samhq_demo.masks.boxes import BoxXYXY, pixel_box
from samhq_demo.models.held_logits import HeldLogits
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.upsampling import Floats, by_contour, by_pixels
from tests.support.logits import LOGITS, SIZES


def sizes_of(size: str) -> dict[str, Any]:
    transform = InputTransform(SIZES[size], 256, 64)
    return {"square": 256, "resized_wh": transform.resized_wh, "size_wh": transform.size_wh}


def covers(outer: BoxXYXY, inner: BoxXYXY) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def checked_to_be_sure(logits: Floats, size: str) -> bool:
    """Hold the bounds against the mask's box -> whether they say that it covers anything."""
    sizes = sizes_of(size)
    mask = by_pixels(logits, **sizes).runs
    outer, inner = HeldLogits.of(logits, offset=1).box_bounds(**sizes)
    is_sure = inner != (0, 0, 0, 0)
    if mask.area:
        assert covers(outer, pixel_box(mask))
    if is_sure:
        assert mask.area and covers(pixel_box(mask), inner)
    return is_sure


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LOGITS)
def test_the_box_lies_between_its_bounds(kind: str, size: str) -> None:
    checked_to_be_sure(LOGITS[kind].numpy(), size)


def test_the_bounds_of_a_large_mask_are_near_its_box() -> None:
    sizes = sizes_of("enlarged")
    logits = LOGITS["smooth"].numpy()
    box = pixel_box(by_pixels(logits, **sizes).runs)
    # Two logits of 1500 / 64 pixels each: beyond the last one over 0, and of a block of three before it.
    for bound in HeldLogits.of(logits, offset=1).box_bounds(**sizes):
        assert np.abs(np.subtract(bound, box)).max() <= 2 * 1500 / 64


def test_bounds_hold_for_many_small_masks() -> None:
    rng = np.random.default_rng(0)
    sure = 0
    for _ in range(300):
        logits = np.full((64, 64), -3, np.float32)
        x, y, width, height = rng.integers((0, 0, 1, 1), (60, 45, 9, 9))
        part = logits[y : y + height, x : x + width]
        part[:] = rng.normal(1, 1.5, part.shape)
        sure += checked_to_be_sure(logits, "odd")
    assert 20 < sure < 280


@pytest.mark.parametrize("offset", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("way", [by_pixels, by_contour])
@pytest.mark.parametrize("size", ["enlarged", "odd", "reduced", "one pixel wide"])
@pytest.mark.parametrize("kind", LOGITS)
def test_the_same_mask_is_made_of_them(kind: str, size: str, way: Any, offset: float) -> None:
    logits, sizes = LOGITS[kind].numpy(), sizes_of(size)
    held = HeldLogits.of(logits, offset=offset)
    assert way(held.logits(), **sizes, offset=offset) == way(logits, **sizes, offset=offset)


def test_of_a_small_mask_little_is_held() -> None:
    logits = LOGITS["one cell"].numpy()
    assert HeldLogits.of(logits, offset=1).nbytes <= logits.nbytes / 100
