"""Training batches: padded pictures, object masks and the prompts drawn from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.photo_scenes import PhotoScenes
from training.scenes import Scene, SceneObject, draw_scene

PIXEL_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
PIXEL_STD = np.array([58.395, 57.12, 57.375], np.float32)
# A scene is used some times, turned and recolored. Small batches shuffle the views of many scenes; a large
# one holds all views of its own, so that processes that each draw whole batches draw no scene twice.
_BLOCK, _VIEWS = 128, 4
_LARGE_BATCH, _LARGE_BATCH_VIEWS = 16, 2


@dataclass(frozen=True, slots=True)
class Diet:
    """What a phase of training looks at."""

    image_size: int
    batch: int
    objects: int  # of each picture, for each of the three groups of prompts
    thin_share: float
    targets: tuple[str, ...]
    seed: int
    photo_share: float = 0.0  # of the scenes; the others are drawn
    # Of the clicks and boxes of photos' own segments, how many go anywhere instead, with an empty mask: what
    # people ask for is mostly nothing that a tree of regions finds.
    anywhere: float = 0.0

    @property
    def views(self) -> int:
        """How often a scene is used."""
        return _VIEWS if self.batch < _LARGE_BATCH else _LARGE_BATCH_VIEWS

    @property
    def block(self) -> int:
        """How many scenes are shuffled together."""
        return _BLOCK if self.batch < _LARGE_BATCH else self.batch // _LARGE_BATCH_VIEWS


class Batches(Dataset[dict[str, Tensor]]):
    """Batch number i, the same whenever it is asked for: an interrupted run goes on as it was."""

    def __init__(self, diet: Diet, steps: int, photos: PhotoScenes | None = None) -> None:
        if diet.photo_share and photos is None:
            raise ValueError("This diet has photos in it: give `photos`, made from a packed file.")
        self.diet, self.steps, self._photos = diet, steps, photos
        self._scene = lru_cache(maxsize=2 * diet.block)(self._draw)

    def __len__(self) -> int:
        return self.steps

    def _draw(self, number: int) -> Scene:
        size = self.diet.image_size
        rng = np.random.default_rng([self.diet.seed, number, 7])
        short = size if rng.random() < 0.6 else int(size * rng.uniform(0.5, 1.0))
        size_wh = (size, short) if rng.random() < 0.5 else (short, size)
        if self._photos is not None and rng.random() < self.diet.photo_share:
            for _ in range(20):
                scene = self._photos.draw(rng, size_wh=size_wh)
                if any(o.kind in self.diet.targets for o in scene.objects):
                    return scene
        for attempt in range(20):
            seed = (self.diet.seed * 1_000_003 + number) * 32 + attempt
            scene = draw_scene(seed, size_wh=size_wh, thin_share=self.diet.thin_share, parts=True)
            if any(o.kind in self.diet.targets for o in scene.objects):
                return scene
        raise RuntimeError("twenty scenes without a target: the diet asks for what is not drawn")

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        samples = [self._sample(step * self.diet.batch + i) for i in range(self.diet.batch)]
        return {key: torch.from_numpy(np.stack([s[key] for s in samples])) for key in samples[0]}

    def _sample(self, number: int) -> dict[str, np.ndarray]:
        scenes, every = self.diet.block, self.diet.block * self.diet.views
        block, place = divmod(number, every)
        order = np.random.default_rng([self.diet.seed, block, 8]).permutation(every)
        scene = self._scene(block * scenes + int(order[place]) % scenes)
        rng = np.random.default_rng([self.diet.seed, number, 9])
        wanted = [o for o in scene.objects if o.kind in self.diet.targets]
        count = 3 * self.diet.objects
        picks = np.concatenate([rng.permutation(len(wanted)) for _ in range(-(-count // len(wanted)))])[
            :count
        ]
        photo = scene.ground == "photo"
        # A photo mostly stands upright and has its own colors; a drawing has neither.
        turns = int(rng.integers(4)) if not photo or rng.random() < 0.2 else 0
        mirror = rng.random() < 0.5
        colors = rng.permutation(3) if not photo or rng.random() < 0.2 else np.arange(3)
        inverted = rng.random() < (0.05 if photo else 0.3)

        def view(array: np.ndarray) -> np.ndarray:
            array = np.rot90(array, turns)
            return array[:, ::-1] if mirror else array

        image: np.ndarray = view(scene.image)[..., colors].astype(np.float32)
        if inverted:
            image = 255 - image
        image = _retouched(rng, image) * rng.uniform(0.75, 1.15) + rng.uniform(-20, 20)
        pixels = (np.clip(image, 0, 255) - PIXEL_MEAN) / PIXEL_STD
        size = self.diet.image_size
        padded = np.zeros((3, size, size), np.float16)  # half the way between processes
        padded[:, : pixels.shape[0], : pixels.shape[1]] = pixels.transpose(2, 0, 1)
        instances = np.zeros((size, size), np.int16)
        owners = view(_instances(scene))
        instances[: owners.shape[0], : owners.shape[1]] = owners
        masks = np.zeros((count, size, size), bool)
        clicks, boxes = np.zeros((count, 2), np.float32), np.zeros((count, 4), np.float32)
        for i, pick in enumerate(picks):
            mask = view(wanted[pick].mask)
            if (
                wanted[pick].kind == "segment"
                and i < 2 * self.diet.objects
                and rng.random() < self.diet.anywhere
            ):
                clicks[i], boxes[i] = _somewhere(rng, (mask.shape[1], mask.shape[0]))
                continue
            masks[i, : mask.shape[0], : mask.shape[1]] = mask
            clicks[i] = _click(rng, mask)
            boxes[i] = _box(rng, mask)
        return {
            "exact": np.array([wanted[pick].kind != "segment" for pick in picks]),
            "pixels": padded,
            "masks": masks,
            "clicks": clicks,
            "boxes": boxes,
            "instances": instances[::2, ::2],
        }


def _retouched(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Half of the time with other tones and mixed colors, float32 (H, W, 3): so few photos look like many."""
    if rng.random() < 0.5:
        return image
    mixing = np.eye(3) + rng.normal(0, 0.1, (3, 3))
    toned = 255 * (np.clip(image, 0, 255) / 255) ** math.exp(rng.normal(0, 0.25))
    return (toned @ (mixing / mixing.sum(0))).astype(np.float32)


def _instances(scene: Scene) -> np.ndarray:
    """Which object each pixel belongs to, from 1, int16 (H, W); the ground of a photo is -1, unsorted.

    Segments lie within each other: the smaller one counts.
    """
    ground = -1 if scene.ground == "photo" else 0
    found = np.full(scene.image.shape[:2], ground, np.int16)

    def rank(item: tuple[int, SceneObject]) -> tuple[bool, int]:
        return item[1].kind != "segment", -int(item[1].mask.sum()) if item[1].kind == "segment" else item[0]

    for number, item in sorted(enumerate(scene.objects, start=1), key=rank):
        if item.kind != "part":
            found[item.mask] = number
    return found


def _click(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """An object pixel (x, y), of eight the one that lies deepest inside, half of the time."""
    ys, xs = np.nonzero(mask)
    some = rng.integers(len(ys), size=8 if rng.random() < 0.5 else 1)

    def depth(i: int) -> int:
        y, x = ys[i], xs[i]
        return int(mask[max(0, y - 5) : y + 6, max(0, x - 5) : x + 6].sum())

    best = max(some, key=depth)
    return np.array([xs[best], ys[best]], np.float32)


def _somewhere(rng: np.random.Generator, size_wh: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A click (x, y), and a box, each side a tenth to four fifths of the picture's."""
    whole = np.array(size_wh, np.float32)
    sides = whole * np.exp(rng.uniform(np.log(0.1), np.log(0.8), 2))
    corner = rng.uniform(0, 1, 2) * (whole - sides)
    return rng.uniform(0, 1, 2) * (whole - 1), np.concatenate([corner, corner + sides])


def _box(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The object's box, each edge moved by up to a tenth of the box as people do."""
    xs, ys = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    box = np.array([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1], np.float32)
    reach = np.array([box[2] - box[0], box[3] - box[1]] * 2) * min(0.1, abs(rng.normal(0, 0.04)))
    top = np.array([mask.shape[1], mask.shape[0]] * 2, np.float32)
    return np.clip(box + rng.uniform(-1, 1, 4) * reach, 0, top).astype(np.float32)
