"""The pictures and prompts that every implementation is given, each generated from a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import PointLabel, Prompt

EXAMPLES = Path(__file__).parent.parent / "examples"
PHOTOS = ("house.jpg", "cat.jpg", "bicycle.jpg", "coffee.jpg", "ladder.jpg", "astronaut.jpg")
SIZE_WH = (1024, 768)


def picture(number: int, *, size_wh: tuple[int, int] = SIZE_WH) -> Picture:
    """An example's picture, enlarged and shifted, so that no two numbers give the same one."""
    with Image.open(EXAMPLES / PHOTOS[number % len(PHOTOS)]) as photo:
        pixels = np.array(photo.convert("RGB").resize(size_wh, Image.Resampling.BICUBIC))
    return Picture.from_pixels(np.roll(pixels, number, axis=1))


def clicks(count: int, *, number: int, size_wh: tuple[int, int] = SIZE_WH) -> list[Prompt]:
    """Prompts of one click each, anywhere but near the edge."""
    width, height = size_wh
    places = np.random.default_rng(number).uniform(0.1, 0.9, (count, 2)) * (width, height)
    return [click((float(x), float(y))) for x, y in places]


def click(place: tuple[float, float]) -> Prompt:
    """A prompt of one click."""
    return Prompt(points=(place,), labels=(PointLabel.OBJECT,))


def boxes(count: int, *, number: int, size_wh: tuple[int, int] = SIZE_WH) -> list[Prompt]:
    """Prompts of one box each, between a tenth and a half of the picture wide and high."""
    width, height = size_wh
    rng = np.random.default_rng(number)
    sides = rng.uniform(0.1, 0.5, (count, 2))
    corners = rng.uniform(0, 1 - sides)
    found = []
    for (x, y), (w, h) in zip(corners, sides, strict=True):
        found.append(Prompt(box_xyxy=(x * width, y * height, (x + w) * width, (y + h) * height)))
    return found
