"""A comparison shows itself, and converts to arrays, polygons, COCO and supervision's detections."""

from __future__ import annotations

import base64
import builtins
import doctest
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image

import samhq_demo
from samhq_demo.export import notebook
from samhq_demo.export.notebook import PictureComparison
from samhq_demo.masks.runs import parse_rle
from samhq_demo.pictures import Picture, read_mask
from tests.support.refusals import refusal

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def found(checkpoint: Path) -> PictureComparison:
    return samhq_demo.compare(
        ROOT / "examples" / "house.jpg",
        points=[(237, 305)],
        box=(100, 150, 400, 500),
        truth=ROOT / "examples" / "house.mask.png",
        model=checkpoint,
    )


def test_the_documented_conversions_give_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(notebook)
    assert (done.failed, done.attempted > 3) == (0, True)


def test_a_notebook_shows_both_overlays_and_all_scores(found: PictureComparison) -> None:
    html = found._repr_html_()
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert shown.size == found.overlay().shape[1::-1]
    assert shown.width > 2 * 700  # the picture twice
    for answer in (found.objects[0].sam, found.objects[0].sam_hq):
        assert f"<td>{answer.predicted_iou:.3f}</td>" in html
        assert f"<td>{answer.true_iou:.3f}</td>" in html
    assert "house.jpg" in html


def test_names_are_text_in_html(found: PictureComparison) -> None:
    evil = PictureComparison.of(found, found.picture, file_name="<script>x</script>.png")
    assert "<script>" not in evil._repr_html_()


@pytest.mark.parametrize("branch", ["sam", "sam_hq"])
def test_all_forms_hold_the_same_mask(found: PictureComparison, branch: Any) -> None:
    answer = found.objects[0].sam if branch == "sam" else found.objects[0].sam_hq
    mask = answer.runs.mask()
    assert np.array_equal(found.to_arrays(branch), mask[None])
    (annotation,) = found.to_coco(branch)["annotations"]
    assert parse_rle(annotation["segmentation"], size_wh=found.size_wh) == answer.runs
    detections = found.to_detections(branch)
    assert np.array_equal(detections.mask, mask[None])
    x, y, width, height = answer.bbox_xywh
    assert detections.xyxy.tolist() == [[x, y, x + width, y + height]]
    assert detections.confidence == pytest.approx([answer.predicted_iou])
    area = shapely.union_all([shapely.Polygon(ring) for ring in found.to_polygons(branch)[0]]).area
    assert area >= answer.area  # holes are filled
    polygons = found.to_coco(branch, segmentation="polygons")["annotations"][0]["segmentation"]
    assert [np.array(one).reshape(-1, 2).tolist() for one in polygons] == [
        ring.tolist() for ring in found.to_polygons(branch)[0]
    ]


def test_without_supervision_that_is_said(found: PictureComparison, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "supervision":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install supervision" in refusal(found.to_detections, "sam")


def test_masks_may_be_arrays_or_files(checkpoint: Path) -> None:
    file = ROOT / "examples" / "house.mask.png"
    array = read_mask(file, size_wh=(768, 576)).mask()
    by_file, by_array = (
        samhq_demo.compare(ROOT / "examples" / "house.jpg", mask=mask, truth=mask, model=checkpoint)
        for mask in (file, array)
    )
    assert by_file.objects == by_array.objects
    assert by_file.objects[0].sam.true_iou is not None


def test_a_picture_value_is_taken_and_mistakes_are_told(checkpoint: Path) -> None:
    picture = Picture.from_pixels(np.zeros((40, 60, 3), np.uint8))
    assert samhq_demo.compare(picture, points=[(5, 5)], model=checkpoint).file_name == "picture"
    assert "Nothing is asked for" in refusal(samhq_demo.compare, picture, model=checkpoint)
    assert "one label for each point" in refusal(
        samhq_demo.compare, picture, points=[(5, 5)], labels=[1, 0], model=checkpoint
    )
