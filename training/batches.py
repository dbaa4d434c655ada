"""Training batches: padded pictures, object masks and the prompts drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .scenes import Scene, draw_scene

PIXEL_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
PIXEL_STD = np.array([58.395, 57.12, 57.375], np.float32)
BLOCK = 128  # scenes that are shuffled together
VIEWS = 4  # how often a scene is used, turned and recoloured


@dataclass(frozen=True, slots=True)
class Diet:
    """What a phase of training looks at."""

    image_size: int
    batch: int
    objects: int  # of each picture, for each of the three groups of prompts
    thin_share: float
    targets: tuple[str, ...]
    seed: int


class Batches(Dataset[dict[str, Tensor]]):
    """Batch number i, the same whenever it is asked for: an interrupted run goes on as it was."""

    def __init__(self, diet: Diet, steps: int) -> None:
        self.diet, self.steps = diet, steps
        self._scene = lru_cache(maxsize=2 * BLOCK)(self._draw)

    def __len__(self) -> int:
        return self.steps

    def _draw(self, number: int) -> Scene:
        size = self.diet.image_size
        rng = np.random.default_rng([self.diet.seed, number, 7])
        short = size if rng.random() < 0.6 else int(size * rng.uniform(0.5, 1.0))
        size_wh = (size, short) if rng.random() < 0.5 else (short, size)
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
        block, place = divmod(number, BLOCK * VIEWS)
        order = np.random.default_rng([self.diet.seed, block, 8]).permutation(BLOCK * VIEWS)
        scene = self._scene(block * BLOCK + int(order[place]) % BLOCK)
        rng = np.random.default_rng([self.diet.seed, number, 9])
        wanted = [o for o in scene.objects if o.kind in self.diet.targets]
        count = 3 * self.diet.objects
        picks = np.concatenate([rng.permutation(len(wanted)) for _ in range(-(-count // len(wanted)))])[
            :count
        ]
        turns, mirror, colours = int(rng.integers(4)), rng.random() < 0.5, rng.permutation(3)

        def view(array: np.ndarray) -> np.ndarray:
            array = np.rot90(array, turns)
            return array[:, ::-1] if mirror else array

        image = view(scene.image)[..., colours].astype(np.float32)
        if rng.random() < 0.5:
            image = 255 - image
        image = image * rng.uniform(0.8, 1.1) + rng.uniform(-15, 15)
        pixels = (np.clip(image, 0, 255) - PIXEL_MEAN) / PIXEL_STD
        size = self.diet.image_size
        padded = np.zeros((3, size, size), np.float32)
        padded[:, : pixels.shape[0], : pixels.shape[1]] = pixels.transpose(2, 0, 1)
        instances = np.zeros((size, size), np.int64)
        for i, item in enumerate(scene.objects, start=1):
            if item.kind != "part":
                mask = view(item.mask)
                instances[: mask.shape[0], : mask.shape[1]][mask] = i
        masks = np.zeros((count, size, size), bool)
        clicks, boxes = np.zeros((count, 2), np.float32), np.zeros((count, 4), np.float32)
        for i, pick in enumerate(picks):
            mask = view(wanted[pick].mask)
            masks[i, : mask.shape[0], : mask.shape[1]] = mask
            clicks[i] = _click(rng, mask)
            boxes[i] = _box(rng, mask)
        return {
            "pixels": padded,
            "masks": masks,
            "clicks": clicks,
            "boxes": boxes,
            "instances": instances[::2, ::2],
        }


def _click(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """An object pixel (x, y), of eight the one that lies deepest inside, half of the time."""
    ys, xs = np.nonzero(mask)
    some = rng.integers(len(ys), size=8 if rng.random() < 0.5 else 1)

    def depth(i: int) -> int:
        y, x = ys[i], xs[i]
        return int(mask[max(0, y - 5) : y + 6, max(0, x - 5) : x + 6].sum())

    best = max(some, key=depth)
    return np.array([xs[best], ys[best]], np.float32)


def _box(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The object's box, each edge moved by up to a tenth of the box as people do."""
    xs, ys = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    box = np.array([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1], np.float32)
    reach = np.array([box[2] - box[0], box[3] - box[1]] * 2) * min(0.1, abs(rng.normal(0, 0.04)))
    top = np.array([mask.shape[1], mask.shape[0]] * 2, np.float32)
    return np.clip(box + rng.uniform(-1, 1, 4) * reach, 0, top).astype(np.float32)
