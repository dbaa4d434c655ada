"""The true masks of a picture: of mask files, of label maps with void, of COCO annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pycocotools import mask as coco_mask

from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.pictures import read_true_masks
from samhq_demo.pictures.labels import name_of

_EDGES_RULE = "its counts must be run lengths of 0 or more pixels that add up to the picture's"


@dataclass(frozen=True, slots=True)
class TrueObject:
    """One object of a picture. name: its label or number; void: pixels that no score counts."""

    name: str
    truth: Runs
    void: Runs | None = None


class Truths(Protocol):
    """Where the objects of one picture come from."""

    def read(self, size_wh: tuple[int, int]) -> Iterator[TrueObject]:
        """The objects, one after the other, none of them empty.

        Raises:
            ValueError: one sentence on a file or an annotation that cannot be read, or is of another size.
        """
        ...


@dataclass(frozen=True, slots=True)
class MaskFiles:
    """Files of one picture, each with one object or a map of labels."""

    paths: tuple[Path, ...]

    def read(self, size_wh: tuple[int, int]) -> Iterator[TrueObject]:
        for path in self.paths:
            try:
                yield from self._objects(path, size_wh)
            except ValueError as error:
                raise ValueError(f"{path.name}: {error}") from error

    def _objects(self, path: Path, size_wh: tuple[int, int]) -> Iterator[TrueObject]:
        for found in read_true_masks(path, size_wh=size_wh):
            label = "" if found.label is None else name_of(found.label)
            name = " ".join(part for part in (path.stem if len(self.paths) > 1 else "", label) if part)
            void = None if found.void is None else Runs.from_mask(found.void)
            yield TrueObject(name or "object", Runs.from_mask(found.mask), void)


@dataclass(frozen=True, slots=True)
class CocoObject:
    """One annotation of a COCO file: its category's name and its `segmentation` as it stands there."""

    name: str
    segmentation: Any


@dataclass(frozen=True, slots=True)
class CocoObjects:
    """The annotations of one picture; `size_wh` is what the file says of the picture's size."""

    objects: tuple[CocoObject, ...]
    size_wh: tuple[int, int]

    def read(self, size_wh: tuple[int, int]) -> Iterator[TrueObject]:
        if self.size_wh != size_wh:
            raise ValueError(
                f"The annotations are for {self.size_wh[0]} x {self.size_wh[1]} pixels and the picture has "
                f"{size_wh[0]} x {size_wh[1]}."
            )
        for number, item in enumerate(self.objects, start=1):
            try:
                runs = runs_of_coco(item.segmentation, size_wh=size_wh)
            except ValueError as error:
                raise ValueError(f"Annotation {number} ({item.name}): {error}") from error
            if runs.edges.size:
                yield TrueObject(f"{item.name} {number}", runs)


def runs_of_coco(segmentation: Any, *, size_wh: tuple[int, int]) -> Runs:
    """A mask of any of COCO's three forms: polygons, run lengths as numbers, run lengths as text.

    Raises:
        ValueError: it is none of them, or not of the picture's size.
    """
    width, height = size_wh
    if isinstance(segmentation, Mapping):
        counts = segmentation.get("counts")
        if isinstance(counts, Sequence) and not isinstance(counts, (str, bytes)):
            return _runs_of_numbers(counts, segmentation.get("size"), size_wh=size_wh)
        return parse_rle(dict(segmentation), size_wh=size_wh)
    if not _are_polygons(segmentation):
        raise ValueError(
            "Its segmentation must be polygons, [[x0, y0, x1, y1, x2, y2, ...], ...], or run lengths."
        )
    polygons = [[float(value) for value in polygon] for polygon in segmentation]
    merged = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return parse_rle({"size": [height, width], "counts": merged["counts"].decode("ascii")}, size_wh=size_wh)


def _are_polygons(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_polygon, value))


def _is_polygon(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 6
        and len(value) % 2 == 0
        and all(isinstance(one, (int, float)) and np.isfinite(one) for one in value)
    )


def _runs_of_numbers(counts: Sequence[Any], size: Any, *, size_wh: tuple[int, int]) -> Runs:
    width, height = size_wh
    if list(size or ()) != [height, width]:
        raise ValueError(f"Its size must be the picture's, [{height}, {width}], not {size}.")
    if not all(isinstance(count, int) and count >= 0 for count in counts) or sum(counts) != width * height:
        raise ValueError(f"Its run lengths are wrong: {_EDGES_RULE} {width * height:,}.")
    # Where a run is empty the mask turns twice at one place, which is not at all.
    edges = np.cumsum(np.array(counts, np.int64))[: len(counts) // 2 * 2]
    return Runs.from_crossings(edges, size_hw=(height, width))
