"""Folders of drawn pictures with true masks, in each layout that data sets come in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from samhq_demo.masks.runs import Runs

SIZE_WH = (160, 120)


def disc(center_xy: tuple[int, int], radius: int, *, size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    """(H, W) bool."""
    ys, xs = np.mgrid[: size_wh[1], : size_wh[0]]
    return np.asarray((xs - center_xy[0]) ** 2 + (ys - center_xy[1]) ** 2 <= radius**2)


def bar(box_xyxy: tuple[int, int, int, int], *, size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    """(H, W) bool."""
    mask = np.zeros(size_wh[::-1], bool)
    x0, y0, x1, y1 = box_xyxy
    mask[y0:y1, x0:x1] = True
    return mask


def picture_of(*masks: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: each mask in a color of its own on gray."""
    pixels = np.full((*masks[0].shape, 3), 90, np.uint8)
    colors = ((230, 60, 40), (40, 90, 230), (240, 220, 60))
    for mask, color in zip(masks, colors, strict=False):
        pixels[mask] = color
    return pixels


def save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def white(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * 255


BLOB, STRIPE = disc((50, 60), 30), bar((100, 15, 106, 105))


def folders_set(folder: Path, *, names: tuple[str, ...] = ("a", "b")) -> Path:
    """im/ beside gt/, one object a picture."""
    for number, name in enumerate(names):
        mask = disc((50 + 5 * number, 60), 30)
        save(picture_of(mask), folder / "im" / f"{name}.jpg")
        save(white(mask), folder / "gt" / f"{name}.png")
    return folder


def label_map(*masks: np.ndarray, void: np.ndarray | None = None) -> np.ndarray:
    labels = np.zeros(masks[0].shape, np.uint8)
    for value, mask in enumerate(masks, start=1):
        labels[mask] = value
    if void is not None:
        labels[void] = 255
    return labels


def coco_file(folder: Path, *, file_name: str = "a.jpg", size_wh: tuple[int, int] = SIZE_WH) -> Path:
    """A picture in images/ with a polygon, run lengths as numbers, as text, and a crowd."""
    save(picture_of(BLOB, STRIPE), folder / "images" / "a.jpg")
    runs = Runs.from_mask(BLOB)
    height, width = runs.size_hw
    numbers = np.diff(runs.edges, prepend=0, append=height * width).tolist()
    square = [[100, 15, 106, 15, 106, 105, 100, 105]]
    segmentations = (square, {"size": [height, width], "counts": numbers}, dict(runs.rle()))
    annotations = [
        {"id": place, "image_id": 7, "category_id": 3, "iscrowd": 0, "segmentation": one}
        for place, one in enumerate(segmentations)
    ]
    annotations.append({**annotations[2], "id": 9, "iscrowd": 1})
    content = {
        "images": [{"id": 7, "file_name": file_name, "width": size_wh[0], "height": size_wh[1]}],
        "annotations": annotations,
        "categories": [{"id": 3, "name": "thing"}],
    }
    path = folder / "annotations" / "instances_val.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path
