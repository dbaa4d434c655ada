"""Regions drawn in text, label maps of squares, and folders of photos to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.photos import Region


def region(*rows: str) -> Region:
    """The region of the # in a drawing, one character a pixel."""
    return Region(np.array([[pixel == "#" for pixel in row] for row in rows]))


def grid_of_regions(rows: int, columns: int, *, side: int = 10) -> np.ndarray:
    """Labels of squares of equal size, numbered from 1."""
    numbers = 1 + np.arange(rows * columns).reshape(rows, columns)
    return np.kron(numbers, np.ones((side, side), int))


def save_photo(folder: Path, name: str, pixels: np.ndarray, labels: np.ndarray) -> None:
    Image.fromarray(pixels).save(folder / f"{name}.jpg", quality=95)
    Image.fromarray(labels.astype(np.uint8)).save(folder / f"{name}.png")
