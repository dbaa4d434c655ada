"""Masks that give drawing and outlining something to do, and the even-odd rule, to turn outlines back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Corners = list[list[int]]


def drawn(*rows: str) -> np.ndarray:
    """A mask from rows of text: # is in the mask."""
    return np.array([[letter == "#" for letter in row] for row in rows])


def ragged(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A disc whose edge jumps about from column to column, and specks: several runs in each column."""
    rng = np.random.default_rng(seed)
    x, y = np.arange(width), np.arange(height)[:, np.newaxis]
    half = np.sqrt(np.maximum(0, (0.45 * height) ** 2 - ((x - width / 2) * height / width) ** 2))
    mask: np.ndarray = np.abs(y - height / 2) < half + rng.normal(0, 6, width)
    for _ in range(4):
        middle = rng.integers(0, height, width)
        mask ^= np.abs(y - middle) < rng.integers(1, 9, width)
    return mask


def winding(rings: Iterable[Corners], *, size_wh: tuple[int, int]) -> np.ndarray:
    """(H, W) how many times the rings go around each pixel, clockwise on a screen; x, y are whole numbers."""
    width, height = size_wh
    crossed = np.zeros((height, width + 1), int)
    for corners in rings:
        for (x, from_y), (to_x, to_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
            assert (x == to_x) != (from_y == to_y), "pieces are horizontal or vertical, and not empty"
            if from_y != to_y:
                crossed[min(from_y, to_y) : max(from_y, to_y), x] += 1 if to_y < from_y else -1
    return np.cumsum(crossed, axis=1)[:, :-1]


def filled(rings: Iterable[Corners], *, size_wh: tuple[int, int]) -> np.ndarray:
    """The (H, W) mask inside the rings by the even-odd rule."""
    mask: np.ndarray = winding(rings, size_wh=size_wh) % 2 == 1
    return mask
