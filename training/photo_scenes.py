"""Photos as training scenes: their own segments, and objects pasted onto them.

The segments are those of the photo's tree that last (see `segments`); a pasted object brings the one
truth that is exact. What lies under a pasted object is no longer part of its segment.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from training import shapes
from training.pack import Pictures
from training.scenes import ObjectKind, Scene, SceneObject
from training.segments import SegmentTree
from training.shapes import Rng

_SEGMENTS = 10  # of a photo, at most
_FOUND_SEGMENTS = 6  # where it is known which ones a model finds
LEAST_SHARE, MOST_SHARE = 0.008, 0.55  # of the picture, of a segment


@dataclass(frozen=True, slots=True)
class Mixture:
    """How scenes are put together.

    Attributes:
        busy_share: the probability that a scene is a photo with its segments and few objects.
        thin_share: the probability of each pasted shape to be thin.
        sprite_share: the probability of each pasted object to be a sprite and not a shape.
    """

    busy_share: float = 0.7
    thin_share: float = 0.25
    sprite_share: float = 0.75


class PhotoScenes:
    """Draws scenes from packed pictures; the same generator state gives the same scene."""

    def __init__(
        self, pictures: Pictures, mixture: Mixture, agreement: Sequence[np.ndarray] | None = None
    ) -> None:
        """Agreement: how well a model finds each segment of each photo, from `agreement.agreement`."""
        self._pictures, self._mixture = pictures, mixture
        self._members = [tree.members() for _, tree in pictures.photos]
        persistence = [tree.persistence() for _, tree in pictures.photos]
        self._most = _SEGMENTS if agreement is None else _FOUND_SEGMENTS
        if agreement is None:
            self._weights = [lasting**3 for lasting in persistence]
        else:
            both = zip(persistence, agreement, strict=True)
            self._weights = [lasting**1.5 * found**6 for lasting, found in both]

    def draw(self, rng: Rng, *, size_wh: tuple[int, int]) -> Scene:
        """A scene; `objects` may be few, but never none."""
        while True:
            scene = self._draw(rng, size_wh)
            if scene.objects:
                return scene

    def _draw(self, rng: Rng, size_wh: tuple[int, int]) -> Scene:
        busy = rng.random() < self._mixture.busy_share
        number = int(rng.integers(len(self._pictures.photos)))
        photo, tree = self._pictures.photos[number]
        crop = _crop(rng, photo.shape[:2], size_wh)
        image = _cut(photo, crop, size_wh).astype(np.float32)
        leaves = _cut_labels(tree, crop, size_wh) if busy else None
        owner = np.zeros(image.shape[:2], np.int16)
        kinds: list[ObjectKind] = []
        count = int(rng.choice([0, 0, 1, 2])) if busy else int(rng.integers(1, 7))
        for _ in range(count):
            kinds.append(self._paste(rng, image, owner, number=len(kinds) + 1, alone=count == 1))
        image = _spoil(rng, image)
        objects = [SceneObject(kind, owner == i) for i, kind in enumerate(kinds, start=1)]
        objects = [o for o in objects if o.mask.mean() > 0.003]
        if leaves is not None:
            objects += self._segments(rng, number, np.where(owner > 0, -1, leaves))
        return Scene(image, tuple(objects), ground="photo")

    def _segments(self, rng: Rng, number: int, leaves: np.ndarray) -> list[SceneObject]:
        """Segments of a photo that last, each in one piece and neither a speck nor nearly all."""
        members, weights = self._members[number], self._weights[number]
        seen = np.bincount(leaves[leaves >= 0], minlength=members.shape[1])
        shares = members @ seen / leaves.size
        fit = np.flatnonzero((shares > LEAST_SHARE) & (shares < MOST_SHARE) & (weights > 1e-18))
        if not len(fit):
            return []
        # Small ones are many in a tree, large ones are found better; each octave of size weighs the same, or
        # the scores learn to prefer a size.
        octave = np.log2(shares[fit] / LEAST_SHARE).astype(int)
        crowd = np.bincount(octave, weights[fit])[octave]
        keys = np.log(weights[fit] / crowd) - np.log(
            -np.log(rng.random(len(fit)))
        )  # Gumbel's: drawn without return
        found: list[SceneObject] = []
        for node in fit[np.argsort(-keys)][: self._most * 2]:
            mask = np.append(members[node], False)[leaves]
            piece = largest_piece(mask)
            if piece is not None:
                found.append(SceneObject("segment", piece))
            if len(found) == self._most:
                break
        return found

    def _paste(
        self, rng: Rng, image: np.ndarray, owner: np.ndarray, *, number: int, alone: bool
    ) -> ObjectKind:
        """Put an object into the picture, in place; owner gets its number where it covers."""
        height, width = owner.shape
        side = max(height, width)
        reach = side * math.exp(rng.uniform(math.log(0.07), math.log(0.48 if alone else 0.36)))
        center = np.array([rng.uniform(0.05, 0.95) * width, rng.uniform(0.05, 0.95) * height])
        if rng.random() < self._mixture.sprite_share:
            cover, color = self._sprite(rng, center, reach, (width, height))
            kind: ObjectKind = "plain"
        else:
            kind = "thin" if rng.random() < self._mixture.thin_share else "plain"
            family = shapes.THIN if kind == "thin" else shapes.PLAIN
            placing = _turned(rng, center, max(reach, 0.2 * side) if kind == "thin" else reach)
            shape = family[rng.integers(len(family))](rng)
            cover = shapes.shape_mask(shape, size_wh=(width, height), placing=placing)
            color = self._texture(rng, (width, height)) * rng.uniform(0.5, 1.2) + rng.uniform(-30, 30)
        if rng.random() < 0.35:
            _shade(rng, image, cover, side)
        if rng.random() < 0.3:  # a soft rim, as a lens makes
            cover = ndimage.gaussian_filter(cover, rng.uniform(0.4, 1.2))
        image += cover[..., None] * (color - image)
        owner[cover > 0.5] = number
        return kind

    def _sprite(
        self, rng: Rng, center: np.ndarray, reach: float, size_wh: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """An object's cover (H, W) in 0..1 and its colors (H, W, 3), turned and recolored."""
        sprite = self._pictures.sprites[rng.integers(len(self._pictures.sprites))]
        scale = 2 * reach / max(sprite.shape[:2])
        squeeze = math.exp(rng.normal(0, 0.12))
        wh = [max(5, round(sprite.shape[i] * scale * s)) for i, s in ((1, squeeze), (0, 1 / squeeze))]
        # Colors and cover are scaled apart, so that no dark rim of transparent black comes in.
        turned = Image.fromarray(sprite).resize(
            (wh[0], wh[1]), Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC
        )
        if rng.random() < 0.5:
            turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        turned = turned.rotate(float(rng.normal(0, 20)), expand=True, resample=Image.Resampling.BICUBIC)
        placed = Image.new("RGBA", size_wh)
        placed.paste(turned, (round(center[0] - turned.width / 2), round(center[1] - turned.height / 2)))
        pixels = np.asarray(placed).astype(np.float32)
        color, cover = pixels[..., :3], pixels[..., 3] / 255
        if rng.random() < 0.4:
            color = color[..., rng.permutation(3)]
        if rng.random() < 0.4:
            texture = self._texture(rng, size_wh)
            share = rng.uniform(0.2, 0.9)
            onto = color / 255 * texture * 1.6 if rng.random() < 0.5 else texture
            color = color * (1 - share) + share * onto
        return cover, color * rng.uniform(0.5, 1.15) + rng.uniform(-25, 25)

    def _texture(self, rng: Rng, size_wh: tuple[int, int]) -> np.ndarray:
        photo, _ = self._pictures.photos[rng.integers(len(self._pictures.photos))]
        return _cut(photo, _crop(rng, photo.shape[:2], size_wh), size_wh).astype(np.float32)


def _crop(
    rng: Rng, size_hw: tuple[int, int], target_wh: tuple[int, int]
) -> tuple[float, float, float, float]:
    """A box of the target's shape, in shares of the picture's width and height."""
    height, width = size_hw
    whole = min(width / target_wh[0], height / target_wh[1])
    scale = whole * (1.0 if rng.random() < 0.5 else rng.uniform(0.4, 1.0))
    w, h = scale * target_wh[0] / width, scale * target_wh[1] / height
    x, y = rng.random() * max(0.0, 1 - w), rng.random() * max(0.0, 1 - h)
    return x, y, x + w, y + h


def _cut(image: np.ndarray, crop: tuple[float, float, float, float], size_wh: tuple[int, int]) -> np.ndarray:
    height, width = image.shape[:2]
    box = (crop[0] * width, crop[1] * height, crop[2] * width, crop[3] * height)
    return np.asarray(
        Image.fromarray(image).resize(size_wh, Image.Resampling.BICUBIC, box=box, reducing_gap=2)
    )


def _cut_labels(
    tree: SegmentTree, crop: tuple[float, float, float, float], size_wh: tuple[int, int]
) -> np.ndarray:
    height, width = tree.labels.shape
    xs = ((crop[0] + (np.arange(size_wh[0]) + 0.5) / size_wh[0] * (crop[2] - crop[0])) * width).astype(int)
    ys = ((crop[1] + (np.arange(size_wh[1]) + 0.5) / size_wh[1] * (crop[3] - crop[1])) * height).astype(int)
    return tree.labels[np.ix_(ys.clip(0, height - 1), xs.clip(0, width - 1))]


def _turned(rng: Rng, center: np.ndarray, reach: float) -> np.ndarray:
    """A placing for `shapes.shape_mask`: turned at random, a little squeezed."""
    angle = rng.uniform(0, 2 * math.pi)
    rotate = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.concatenate([reach * rotate @ np.diag([1, rng.uniform(0.6, 1)]), center[:, None]], axis=1)


def _shade(rng: Rng, image: np.ndarray, cover: np.ndarray, side: int) -> None:
    """A soft shadow beside what is about to be pasted; it is not part of the object."""
    drop = max(1, round(rng.uniform(0.008, 0.03) * side))
    shadow = np.zeros_like(cover)
    shadow[drop:, drop:] = cover[:-drop, :-drop]
    image *= (1 - rng.uniform(0.2, 0.5) * ndimage.gaussian_filter(shadow, drop))[..., None]


def _spoil(rng: Rng, image: np.ndarray) -> np.ndarray:
    """What cameras and files do to a picture: blur, less color, grain, JPEG; uint8 (H, W, 3)."""
    if rng.random() < 0.3:
        image = ndimage.gaussian_filter(image, (*(rng.uniform(0.3, 0.9),) * 2, 0))
    if rng.random() < 0.2:
        gray = image.mean(2, keepdims=True)
        image = image + (gray - image) * rng.uniform(0.5, 1)
    image = image + rng.normal(0, rng.uniform(0, 7), image.shape)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "JPEG", quality=int(rng.integers(30, 90)))
        pixels = np.asarray(Image.open(out))
    return pixels


def largest_piece(mask: np.ndarray) -> np.ndarray | None:
    """The mask if it is nearly one piece, less its crumbs; else None."""
    pieces, count = ndimage.label(mask)
    if count == 1:
        return mask
    sizes = np.bincount(pieces.ravel())[1:]
    if not count or sizes.max() < 0.85 * sizes.sum() or sizes.max() < LEAST_SHARE * mask.size:
        return None
    return pieces == 1 + int(sizes.argmax())
