"""A gray picture of which the viewer's colors can be told, and where the harness' masks are in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.viewer_harness import HQ_RADIUS, RADIUS_SHARE, Harness

GRAY = (120, 120, 120)
SKY_BLUE, ORANGE, BLUE = (86, 180, 233), (230, 159, 0), (0, 114, 178)
SIZE_WH = (600, 400)
RADIUS = RADIUS_SHARE * 400
IN_BOTH, IN_SAM_ALONE = RADIUS * HQ_RADIUS * 0.6, RADIUS * 0.87  # so far from a point


def gray_harness(folder: Path) -> Harness:
    """With the picture "gray"."""
    made = Harness(folder)
    made.add_picture(*SIZE_WH, name="gray", pixels=np.full((400, 600, 3), GRAY, np.uint8))
    return made


def blended(color: tuple[int, int, int], opacity: float = 0.5) -> tuple[float, ...]:
    return tuple(opacity * one + (1 - opacity) * under for one, under in zip(color, GRAY, strict=True))
