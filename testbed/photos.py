"""Pictures to ask about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def save_photo(file: Path, *, size_wh: tuple[int, int] = (120, 90), seed: int = 0, **how: Any) -> Path:
    """A smooth random picture, so that random weights find some shape in it."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    Image.fromarray(small).resize(size_wh, Image.Resampling.BICUBIC).save(file, **how)
    return file
