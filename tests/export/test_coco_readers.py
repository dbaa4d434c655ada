"""COCO files, read by the programs that people load them into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datumaro
import numpy as np
import pytest
import shapely
import supervision
from PIL import Image
from pycocotools.coco import COCO

from samhq_demo.export.coco import coco_json
from tests.support.drawn_masks import drawn, ragged
from tests.support.shown_objects import shown_object

PARTS = drawn("##....", "##....", "....##", ".....#")
BENT = drawn("###...", "#.#...", "##....", "......")  # meets itself at a corner
SPECK = drawn("......", "...#..", "......", "......")
MASKS = (PARTS, BENT, SPECK)
NAMES = ("Cat", "Dog", "Cat")


@pytest.fixture(params=["rle", "polygons"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A dataset as datumaro wants it laid out: images/ and annotations/instances_default.json."""
    objects = [shown_object(mask, name=name) for mask, name in zip(MASKS, NAMES, strict=True)]
    content = coco_json(
        objects, branch="sam", file_name="cat.png", size_wh=(6, 4), segmentation=request.param
    )
    for name in ("images", "annotations"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (6, 4)).save(tmp_path / "images" / "cat.png")
    (tmp_path / "annotations" / "instances_default.json").write_text(json.dumps(content))
    return tmp_path


def annotations_of(folder: Path) -> Path:
    return folder / "annotations" / "instances_default.json"


def test_pycocotools(folder: Path) -> None:
    coco = COCO(str(annotations_of(folder)))
    coco.info()
    for annotation, mask in zip(coco.loadAnns(coco.getAnnIds()), MASKS, strict=True):
        assert (coco.annToMask(annotation) == mask).all()


def test_supervision(folder: Path) -> None:
    dataset = supervision.DetectionDataset.from_coco(
        images_directory_path=str(folder / "images"),
        annotations_path=str(annotations_of(folder)),
        force_masks=True,
    )
    ((_, _, found),) = list(dataset)
    assert [dataset.classes[number] for number in found.class_id] == list(NAMES)
    assert found.xyxy.tolist() == [[0, 0, 6, 4], [0, 0, 3, 3], [3, 1, 4, 2]]
    for read, mask in zip(found.mask, MASKS, strict=True):
        if has_run_lengths(folder):
            assert (read == mask).all()
        else:  # it draws a polygon's border inside and outside
            assert (read >= mask).all()
            assert (read <= spread(mask)).all()


def has_run_lengths(folder: Path) -> bool:
    first = json.loads(annotations_of(folder).read_text())["annotations"][0]
    return isinstance(first["segmentation"], dict)


def spread(mask: np.ndarray) -> np.ndarray:
    """The mask and all pixels beside it, also across a corner."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.logical_or.reduce([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])


def test_datumaro(folder: Path) -> None:
    dataset = datumaro.Dataset.import_from(str(folder), "coco_instances")
    (item,) = dataset
    labels = dataset.categories()[datumaro.AnnotationType.label]
    found: dict[int, list[Any]] = {}
    for annotation in item.annotations:
        if annotation.type != datumaro.AnnotationType.bbox:
            found.setdefault(annotation.id, []).append(annotation)
    assert sorted(found) == [1, 2, 3]
    for number, (mask, name) in enumerate(zip(MASKS, NAMES, strict=True), start=1):
        parts = found[number]
        assert {labels[part.label].name for part in parts} == {name}
        assert sum(part.get_area() for part in parts) == mask.sum()


def test_shapely_takes_every_ring() -> None:
    rng = np.random.default_rng(0)
    masks = [*(rng.random((40, 50)) < share for share in (0.3, 0.5, 0.6, 0.7)), ragged(40, 50)]
    objects = [shown_object(mask) for mask in masks]
    content = coco_json(objects, branch="sam", file_name="cat.png", size_wh=(50, 40), segmentation="polygons")
    rings = [ring for entry in content["annotations"] for ring in entry["segmentation"]]
    assert len(rings) > 100
    for ring in rings:
        assert shapely.Polygon(np.reshape(ring, (-1, 2))).is_valid, ring


def test_keys_that_readers_ask_for_are_there() -> None:
    content = coco_json([], branch="sam_hq", file_name="cat.png", size_wh=(5, 4), segmentation="rle")
    assert content["info"] == {"description": "SAM-HQ's masks of cat.png"}
    assert content["licenses"] == []
