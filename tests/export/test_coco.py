"""COCO files, read again by COCO's own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from samhq_demo.export.coco import coco_json
from tests.support.drawn_masks import drawn, ragged
from tests.support.pixels import bbox_xywh
from tests.support.shown_objects import shown_object

SOLID = drawn(".....", ".##..", ".###.", ".....")
RING = drawn("#####", "#...#", "#.#.#", "#####")


def dataset(*masks: np.ndarray, segmentation: str, branch: str = "sam", **changes: Any) -> dict[str, Any]:
    height, width = masks[0].shape
    return coco_json(
        [shown_object(mask, **changes) for mask in masks],
        branch=branch,
        file_name="cat.jpg",
        size_wh=(width, height),
        segmentation=segmentation,
    )


@pytest.fixture
def loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Write a dataset to a file and load it with pycocotools."""

    def load(content: dict[str, Any]) -> COCO:
        path = tmp_path / "annotations.json"
        path.write_text(json.dumps(content))
        return COCO(str(path))

    return load


def masks_of(coco: COCO) -> list[np.ndarray]:
    return [coco.annToMask(annotation) == 1 for annotation in coco.loadAnns(coco.getAnnIds())]


@pytest.mark.parametrize("segmentation", ["rle", "polygons"])
def test_a_file_says_all_that_coco_asks_for(segmentation: str, loaded: Any) -> None:
    coco = loaded(dataset(SOLID, segmentation=segmentation, name="Cat"))
    coco.info()
    assert coco.loadImgs(coco.getImgIds()) == [{"id": 1, "file_name": "cat.jpg", "width": 5, "height": 4}]
    assert coco.loadCats(coco.getCatIds(catNms=["Cat"])) == [{"id": 1, "name": "Cat"}]
    (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[1], catIds=[1]))
    del annotation["segmentation"]
    assert annotation == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [1, 1, 3, 2],
        "area": 5,
        "iscrowd": 0,
        "score": 0.9,
    }


def test_polygons_are_the_outer_rings() -> None:
    (annotation,) = dataset(SOLID, segmentation="polygons")["annotations"]
    assert annotation["segmentation"] == [[1, 1, 3, 1, 3, 2, 4, 2, 4, 3, 1, 3]]


def test_the_score_is_the_models_own_even_over_one() -> None:
    (annotation,) = dataset(SOLID, segmentation="rle", branch="sam_hq")["annotations"]
    assert annotation["score"] == 1.05


def test_each_models_masks_are_its_own(loaded: Any) -> None:
    shown = shown_object(SOLID, RING)
    for branch, mask in (("sam", SOLID), ("sam_hq", RING)):
        content = coco_json([shown], branch=branch, file_name="a.png", size_wh=(5, 4), segmentation="rle")
        assert (masks_of(loaded(content))[0] == mask).all()


def test_objects_of_one_name_share_a_category() -> None:
    objects = [shown_object(SOLID, name=name) for name in ("Cat", "Dog", "Cat")]
    content = coco_json(objects, branch="sam", file_name="a.png", size_wh=(5, 4), segmentation="rle")
    assert content["categories"] == [{"id": 1, "name": "Cat"}, {"id": 2, "name": "Dog"}]
    assert [annotation["category_id"] for annotation in content["annotations"]] == [1, 2, 1]
    assert [annotation["id"] for annotation in content["annotations"]] == [1, 2, 3]


@pytest.mark.parametrize("segmentation", ["rle", "polygons"])
def test_an_empty_mask_has_no_annotation(segmentation: str, loaded: Any) -> None:
    empty = np.zeros_like(SOLID)
    content = dataset(empty, SOLID, segmentation=segmentation)
    assert [annotation["id"] for annotation in content["annotations"]] == [1]
    assert (masks_of(loaded(content))[0] == SOLID).all()
    assert masks_of(loaded(dataset(empty, segmentation=segmentation))) == []


def test_run_lengths_are_the_exact_masks(loaded: Any) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((23, 17)) < share for share in (0.1, 0.5, 0.9)] + [np.ones((23, 17), bool)]
    coco = loaded(dataset(*masks, segmentation="rle"))
    for found, mask in zip(masks_of(coco), masks, strict=True):
        assert (found == mask).all()


def without_holes(mask: np.ndarray) -> np.ndarray:
    """The mask with all filled that background 8-connected to the border does not reach."""
    outside = np.pad(~mask, 1, constant_values=True)
    reached = np.zeros_like(outside)
    reached[0] = True
    while True:
        spread = np.pad(reached, 1)
        around = [
            spread[y : y + reached.shape[0], x : x + reached.shape[1]] for y in range(3) for x in range(3)
        ]
        grown = np.logical_or.reduce(around) & outside
        if (grown == reached).all():
            filled: np.ndarray = ~reached[1:-1, 1:-1]
            return filled
        reached = grown


def test_polygons_are_the_exact_masks_where_there_are_no_holes(loaded: Any) -> None:
    rng = np.random.default_rng(1)
    masks = [without_holes(rng.random((19, 26)) < share) for share in np.linspace(0.05, 0.6, 60)]
    masks += [without_holes(ragged(19, 26)), np.ones((19, 26), bool)]
    coco = loaded(dataset(*masks, segmentation="polygons"))
    for found, mask in zip(masks_of(coco), masks, strict=True):
        assert (found == mask).all()


def test_polygons_of_a_large_mask_are_exact(loaded: Any) -> None:
    mask = without_holes(ragged(120, 2000))
    coco = loaded(dataset(mask, segmentation="polygons"))
    assert (masks_of(coco)[0] == mask).all()


def test_polygons_fill_holes(loaded: Any) -> None:
    content = dataset(RING, segmentation="polygons")
    assert (masks_of(loaded(content))[0] == drawn("#####", "#####", "#####", "#####")).all()
    (annotation,) = content["annotations"]
    assert (annotation["area"], annotation["bbox"]) == (RING.sum(), list(bbox_xywh(RING)))
