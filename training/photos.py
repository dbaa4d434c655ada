"""Photos with label maps, and the regions of them that a model is asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from samhq_demo.evaluation.metrics import deepest
from samhq_demo.masks.runs import Mask, Runs
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.prompt import PointLabel, Prompt

PICTURE_SUFFIX, LABEL_SUFFIX = ".jpg", ".png"
REGIONS_A_PICTURE = 4
LEAST_SHARE, LARGEST_SHARE = 0.01, 0.40
LEAST_SOLID = 0.95
SEED = 0

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class PhotoFiles:
    """A picture's file and that of its label map."""

    picture: Path
    labels: Path


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One region of a label map: its pixels, bool (H, W), at least one of them."""

    mask: Mask

    @property
    def runs(self) -> Runs:
        return Runs.from_mask(self.mask)

    @property
    def box_xyxy(self) -> tuple[int, int, int, int]:
        """The tight box in pixels; the right and bottom edges lie one past the last pixel."""
        x, y, width, height = self.runs.bbox_xywh
        return x, y, x + width, y + height

    @property
    def deepest_xy(self) -> tuple[int, int]:
        """The (x, y) of the pixel farthest from the region's edge; the picture's border is an edge too."""
        return deepest(self.mask)[0]

    @property
    def click(self) -> Prompt:
        return Prompt(points=(self.deepest_xy,), labels=(PointLabel.OBJECT,))

    @property
    def box(self) -> Prompt:
        return Prompt(box_xyxy=self.box_xyxy)


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture and the regions of it that are asked for."""

    picture: Picture
    regions: tuple[Region, ...]


def find_photos(folder: Path) -> tuple[PhotoFiles, ...]:
    """The pictures `NAME.jpg` of a folder with their label maps `NAME.png`, by name.

    Raises:
        ValueError: the folder is not there or empty, or a file lacks its partner.
    """
    if not folder.is_dir():
        raise ValueError(
            f"There is no folder {folder}: name one with pictures NAME.jpg and label maps NAME.png."
        )
    pictures = _by_name(folder, PICTURE_SUFFIX)
    labels = _by_name(folder, LABEL_SUFFIX)
    if not pictures and not labels:
        raise ValueError(f"The folder {folder} holds no pictures NAME.jpg with label maps NAME.png.")
    for name in sorted(pictures.keys() ^ labels.keys()):
        if name in pictures:
            raise ValueError(
                f"The picture {pictures[name]} has no label map: it would be {name}.png beside it."
            )
        raise ValueError(f"The label map {labels[name]} has no picture: it would be {name}.jpg beside it.")
    return tuple(PhotoFiles(pictures[name], labels[name]) for name in sorted(pictures))


def read_photos(files: tuple[PhotoFiles, ...]) -> Iterator[Photo]:
    """Read the photos one after the other and choose their regions; a photo may have none.

    Raises:
        ValueError: a file cannot be read, or a label map is not of its picture's size.
    """
    for pair in files:
        try:
            picture = read_picture(pair.picture)
        except ValueError as error:
            raise ValueError(f"{pair.picture}: {error}") from error
        labels = read_labels(pair.labels)
        if labels.shape != picture.pixels.shape[:2]:
            raise ValueError(
                f"The label map {pair.labels} is {labels.shape[1]} x {labels.shape[0]} pixels and its "
                f"picture {picture.width} x {picture.height}; they must be of one size."
            )
        yield Photo(picture, choose_regions(labels, name=pair.picture.stem))


def read_labels(path: Path) -> Labels:
    """The region's number of each pixel, integers (H, W).

    Raises:
        ValueError: the file is no picture, or has several numbers a pixel.
    """
    try:
        with Image.open(path) as image:
            labels = np.asarray(image)
    except (OSError, SyntaxError) as error:  # Pillow has the latter for some damaged PNG files
        raise ValueError(
            f"The label map {path} cannot be read: it must be a whole PNG with one number a pixel."
        ) from error
    if labels.ndim != 2:
        raise ValueError(f"The label map {path} must have one number a pixel, not the mode {image.mode}.")
    return labels.astype(np.int64)


def choose_regions(labels: Labels, *, name: str) -> tuple[Region, ...]:
    """Up to REGIONS_A_PICTURE of the regions that fit, at random.

    Args:
        labels: integers (H, W), every value a region.
        name: the picture's; with SEED it decides the choice, so that a picture keeps its regions
            whatever other pictures lie beside it.
    """
    fitting = [mask for value in np.unique(labels) if is_fitting(mask := labels == value)]
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    chosen = rng.permutation(len(fitting))[:REGIONS_A_PICTURE]
    return tuple(Region(fitting[place]) for place in chosen)


def is_fitting(mask: Mask) -> bool:
    """Whether a region, bool (H, W), is solid and of the right size: not tiny, and not the background.

    Solid: its largest piece, connected through the pixels' sides, holds LEAST_SOLID of it.
    """
    area = int(np.count_nonzero(mask))
    if not LEAST_SHARE * mask.size <= area <= LARGEST_SHARE * mask.size:
        return False
    pieces, _ = ndimage.label(mask)
    return bool(np.bincount(pieces.ravel())[1:].max() >= LEAST_SOLID * area)


def _by_name(folder: Path, suffix: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == suffix}
