"""Pictures drawn from a seed, with the true mask of every object in them.

A scene is described in units of its long side, so the same seed gives the same scene at any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from training import shapes
from training.shapes import Rng

Split = Literal["train", "held_out"]
ObjectKind = Literal["plain", "thin", "part", "segment"]


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One object: its visible pixels, bool (H, W), and what sort of shape it is."""

    kind: ObjectKind
    mask: np.ndarray

    @property
    def box_xyxy(self) -> tuple[int, int, int, int]:
        """The tight box in pixels; the right and bottom edges lie one past the last pixel."""
        ys, xs = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, uint8 (H, W, 3), and its objects from back to front.

    A drawn ground is one thing; that of a photo holds things that nobody has outlined.
    """

    image: np.ndarray
    objects: tuple[SceneObject, ...]
    ground: Literal["drawn", "photo"] = "drawn"


def _smooth_noise(rng: Rng, size_wh: tuple[int, int], cells: int) -> np.ndarray:
    """Noise in 0..1 with features of 1/cells of the picture, float32 (H, W)."""
    small = rng.uniform(0, 255, (cells, cells)).astype(np.uint8)
    big = Image.fromarray(small).resize(size_wh, Image.Resampling.BICUBIC)
    return np.asarray(big, dtype=np.float32) / 255


def _pattern(rng: Rng, xs: np.ndarray, ys: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """How far each pixel is from a surface's first color to its second, float32 (H, W)."""
    angle = rng.uniform(0, math.pi)
    along = xs * math.cos(angle) + ys * math.sin(angle)
    across = ys * math.cos(angle) - xs * math.sin(angle)
    period = rng.uniform(0.03, 0.12)
    choice = rng.choice(5, p=[0.35, 0.3, 0.12, 0.08, 0.15])
    if choice == 0:
        return np.zeros_like(xs)
    if choice == 1:
        return np.clip(along + 0.5, 0, 1)
    if choice == 2:
        return (np.mod(along / period, 1) < 0.5).astype(np.float32)
    if choice == 3:
        return (np.mod(np.floor(along / period) + np.floor(across / period), 2)).astype(np.float32)
    return _smooth_noise(rng, size_wh, int(rng.integers(3, 24)))


def _surface(
    rng: Rng, xs: np.ndarray, ys: np.ndarray, size_wh: tuple[int, int], away: np.ndarray | None
) -> np.ndarray:
    """Colors of a surface, float32 (H, W, 3) in 0..255, its mean color unlike `away`."""
    for _ in range(8):
        first = rng.uniform(10, 245, 3)
        if away is None or np.abs(first - away).max() > 60:
            break
    second = np.clip(first + rng.normal(0, 45, 3), 0, 255)
    mix = _pattern(rng, xs, ys, size_wh)[..., None]
    return (first * (1 - mix) + second * mix).astype(np.float32)


def _placing(rng: Rng, center: np.ndarray, radius: float, *, turn: float) -> np.ndarray:
    angle, squeeze = rng.normal(0, 1) * turn, rng.uniform(0.8, 1.0)
    flip = rng.choice([-1.0, 1.0])
    rotate = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.concatenate([radius * rotate @ np.diag([flip, squeeze]), center[:, None]], axis=1)


def _place(rng: Rng, count: int, aspect_wh: np.ndarray, *, crowded: bool) -> list[tuple[np.ndarray, float]]:
    """Centers and radii in units of the long side, apart from each other unless crowded."""
    placed: list[tuple[np.ndarray, float]] = []
    biggest = 0.42 * aspect_wh.min()
    for _ in range(count * 6):
        radius = min(biggest, math.exp(rng.uniform(math.log(0.09), math.log(0.42))))
        if len(placed) > 1:
            radius = min(radius, 0.25)
        center = rng.uniform(
            np.minimum(radius * 0.9, aspect_wh / 2), np.maximum(aspect_wh - radius * 0.9, aspect_wh / 2)
        )
        gap = 0.5 if crowded else 0.95
        if all(np.linalg.norm(center - c) > gap * (radius + r) for c, r in placed):
            placed.append((center, radius))
        if len(placed) == count:
            break
    return placed


def draw_scene(
    seed: int,
    *,
    size_wh: tuple[int, int],
    thin_share: float = 0.0,
    split: Split = "train",
    parts: bool = False,
    crowded_share: float = 0.25,
) -> Scene:
    """Draw the scene of a seed.

    Args:
        seed: what decides everything but the size. The splits never share a scene.
        size_wh: width and height in pixels.
        thin_share: the probability of each object to be thin or intricate.
        split: "held_out" draws from other shape families than "train".
        parts: whether some plain objects carry a mark, which is then an object of its own.
        crowded_share: the probability that objects may lie on top of each other.
    """
    rng = np.random.default_rng([seed, 0 if split == "train" else 1])
    plain, thin = (
        (shapes.PLAIN, shapes.THIN) if split == "train" else (shapes.HELD_OUT_PLAIN, shapes.HELD_OUT_THIN)
    )
    side = max(size_wh)
    ys, xs = np.mgrid[0 : size_wh[1], 0 : size_wh[0]].astype(np.float32) / side
    image = _surface(rng, xs, ys, size_wh, None)
    background = image.mean((0, 1))
    owner = np.zeros(image.shape[:2], np.uint8)
    part_owner = np.zeros_like(owner)
    kinds: list[ObjectKind] = []
    aspect = np.array(size_wh) / side
    crowded = rng.random() < crowded_share
    for number, (center, radius) in enumerate(
        _place(rng, int(rng.integers(2, 8)), aspect, crowded=crowded), start=1
    ):
        kind: ObjectKind = "thin" if rng.random() < thin_share else "plain"
        reach = min(max(radius, 0.2), 0.42 * aspect.min()) if kind == "thin" else radius
        family = thin if kind == "thin" else plain
        shape = family[rng.integers(len(family))](rng)
        placing = _placing(rng, center, reach, turn=0.3 if kind == "thin" else 2.0) * side
        cover = shapes.shape_mask(shape, size_wh=size_wh, placing=placing)
        surface = _surface(rng, xs, ys, size_wh, background)
        if rng.random() < 0.3:  # a soft shadow, which is not the object
            drop = max(1, round(0.012 * side))
            image[drop:, drop:] *= (1 - 0.45 * cover[:-drop, :-drop])[..., None]
        image += cover[..., None] * (surface - image)
        owner[cover > 0.5] = number
        part_owner[cover > 0.5] = 0
        kinds.append(kind)
        if parts and kind == "plain" and rng.random() < 0.25:
            mark_at = placing.copy()
            mark_at[:, :2] *= rng.uniform(0.25, 0.45)
            mark = shapes.shape_mask(plain[rng.integers(len(plain))](rng), size_wh=size_wh, placing=mark_at)
            mark = mark * (owner == number)
            image += mark[..., None] * (_surface(rng, xs, ys, size_wh, surface.mean((0, 1))) - image)
            part_owner[mark > 0.5] = number
    image *= 1 + 0.25 * (_smooth_noise(rng, size_wh, 3)[..., None] - 0.5)  # uneven light
    grain = rng.normal(0, rng.uniform(0, 7), (*image.shape[:2], 1))
    pixels = np.clip(image + grain, 0, 255).astype(np.uint8)
    return Scene(pixels, _objects(owner, part_owner, kinds))


def _objects(owner: np.ndarray, part_owner: np.ndarray, kinds: list[ObjectKind]) -> tuple[SceneObject, ...]:
    """The objects of which enough is left to be seen."""
    least = owner.size * 6e-4
    found = [SceneObject(kind, owner == i) for i, kind in enumerate(kinds, start=1)]
    found += [SceneObject("part", part_owner == i) for i in range(1, len(kinds) + 1)]
    return tuple(o for o in found if o.mask.sum() > least)
