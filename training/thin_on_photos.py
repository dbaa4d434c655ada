"""Thin things on photos with an exact truth: held-out shapes, cut out of one photo, pasted onto another.

Nobody outlined the fences and branches of the measured photos; these stand in for them. Their shapes are
in no training scene.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
from PIL import Image

from samhq_demo.pictures import Picture
from training import shapes
from training.photos import SEED, Photo, Region

_REACH = (0.22, 0.4)  # half the shape's size, in shares of the picture's short side
_LEAST_CONTRAST = 25.0  # of the mean colors, out of 255; fainter shapes are made lighter or darker


def paste_thin(photo: Photo, texture: Photo, *, name: str) -> Photo:
    """The photo with one thin object, cut out of another photo; that object is its one region.

    Args:
        photo: what is pasted onto.
        texture: what the object is cut from.
        name: decides shape and place, with SEED.
    """
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode()), 1])
    ground = photo.picture.pixels.astype(np.float32)
    height, width = ground.shape[:2]
    reach = rng.uniform(*_REACH) * min(width, height)
    center = [rng.uniform(reach, width - reach), rng.uniform(reach, height - reach)]
    angle = rng.normal(0, 0.3)
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    placing = np.concatenate([reach * np.array(turn), np.array(center)[:, None]], axis=1)
    shape = shapes.HELD_OUT_THIN[rng.integers(len(shapes.HELD_OUT_THIN))](rng)
    cover = shapes.shape_mask(shape, size_wh=(width, height), placing=placing)
    mask = cover > 0.5
    cutting = Image.fromarray(texture.picture.pixels).resize((width, height), Image.Resampling.BICUBIC)
    color = np.asarray(cutting).astype(np.float32)
    color += _lift(color[mask].mean(0) - ground[mask].mean(0))
    pasted = ground + cover[..., None] * (color - ground)
    picture = Picture.from_pixels(np.clip(pasted, 0, 255).astype(np.uint8))
    return Photo(picture, (Region(mask),))


def _lift(difference: np.ndarray) -> float:
    """What makes two mean colors differ enough, given by how much they do, (3,)."""
    brighter = float(difference.mean())
    return 0.0 if abs(brighter) >= _LEAST_CONTRAST else math.copysign(2 * _LEAST_CONTRAST, brighter)
