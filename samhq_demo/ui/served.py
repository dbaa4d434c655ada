"""Files that this app writes for a visitor, where Gradio serves and tidies them."""

from __future__ import annotations

import secrets
import zlib
from pathlib import Path

import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray
from PIL import Image

from samhq_demo.masks.runs import Runs


def new_file(name: str) -> Path:
    """A path for a new file, as `name` says ("mask.png") but for what makes it impossible to guess.

    Whoever knows a path can fetch it.
    """
    folder = Path(get_upload_folder()).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(name)
    return folder / f"{wanted.stem}-{secrets.token_hex(16)}{wanted.suffix}"


def write_overlay(pixels: NDArray[np.uint8], *, name: str) -> Path:
    """Write (h, w, 3) RGB pixels for people to look at, as a JPEG."""
    path = new_file(f"{name}.jpg")
    Image.fromarray(pixels).save(path, quality=90)
    return path


def write_mask(mask: Runs, *, name: str) -> Path:
    """Write a mask as an 8-bit grey PNG, 255 in it and else 0.

    name: of the file as its reader sees it, without ending.
    """
    path = new_file(f"{name}.png")
    grey = Image.fromarray(np.where(mask.mask(), np.uint8(255), np.uint8(0)))
    # Run lengths alone: a mask's PNG is quicker to write, and no larger, than with zlib's full search.
    grey.save(path, compress_level=1, compress_type=zlib.Z_RLE)
    return path
