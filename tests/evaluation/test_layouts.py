"""Each layout is found with its objects; what cannot be matched or read is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samhq_demo.evaluation.folders import DataSet, inside
from samhq_demo.evaluation.layouts import find_data_set
from samhq_demo.evaluation.truths import TrueObject
from samhq_demo.masks.runs import Runs
from tests.support.data_sets import (
    BLOB,
    SIZE_WH,
    STRIPE,
    bar,
    coco_file,
    folders_set,
    label_map,
    picture_of,
    save,
    white,
)
from tests.support.refusals import refusal


def objects_of(found: DataSet, place: int = 0) -> list[TrueObject]:
    return list(found.items[place].truths.read(SIZE_WH))


def test_im_beside_gt(tmp_path: Path) -> None:
    found = find_data_set(folders_set(tmp_path))
    assert found.layout == "folders"
    assert [(item.name, item.group) for item in found.items] == [("im/a.jpg", ""), ("im/b.jpg", "")]
    assert [one.name for one in objects_of(found)] == ["object"]
    assert objects_of(found)[0].truth.area == 2821


def test_the_parts_of_a_set_are_groups(tmp_path: Path) -> None:
    folders_set(tmp_path / "DIS5K" / "DIS-VD")
    save(picture_of(BLOB), tmp_path / "thin_object_detection" / "COIFT" / "images" / "c.jpg")
    save(white(BLOB), tmp_path / "thin_object_detection" / "COIFT" / "masks" / "c.png")
    found = find_data_set(tmp_path)
    assert [(item.name, item.group) for item in found.items] == [
        ("DIS5K/DIS-VD/im/a.jpg", "DIS5K/DIS-VD"),
        ("DIS5K/DIS-VD/im/b.jpg", "DIS5K/DIS-VD"),
        ("thin_object_detection/COIFT/images/c.jpg", "thin_object_detection/COIFT"),
    ]


def test_davis(tmp_path: Path) -> None:
    for frame in ("00000", "00001"):
        save(picture_of(BLOB, STRIPE), tmp_path / "JPEGImages" / "480p" / "bear" / f"{frame}.jpg")
        path = tmp_path / "Annotations" / "480p" / "bear" / f"{frame}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        indexed = Image.fromarray(label_map(BLOB, STRIPE)).convert("P")
        indexed.putpalette([0, 0, 0, 236, 95, 103, 249, 145, 87])
        indexed.save(path)
    found = find_data_set(tmp_path)
    assert found.layout == "davis"
    assert [item.name for item in found.items] == [
        f"JPEGImages/480p/bear/{frame}.jpg" for frame in ("00000", "00001")
    ]
    first, second = objects_of(found)
    assert (first.name, second.name) == ("1", "2")
    assert second.truth == Runs.from_mask(STRIPE)


def test_pascal_voc_has_its_masks_beside_boxes_in_xml(tmp_path: Path) -> None:
    save(picture_of(BLOB, STRIPE), tmp_path / "JPEGImages" / "2007_000032.jpg")
    save(picture_of(BLOB), tmp_path / "JPEGImages" / "2007_000033.jpg")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "2007_000032.xml").write_text("<annotation/>")
    save(
        label_map(BLOB, STRIPE, void=bar((0, 0, 5, 120))), tmp_path / "SegmentationObject" / "2007_000032.png"
    )
    found = find_data_set(tmp_path)
    assert [item.name for item in found.items] == ["JPEGImages/2007_000032.jpg"]
    assert [one.name for one in objects_of(found)] == ["1", "2"]
    assert [one.name for one in found.problems] == ["JPEGImages/2007_000033.jpg"]


def test_label_maps_with_void(tmp_path: Path) -> None:
    void = bar((0, 0, 5, 120))
    save(picture_of(BLOB, STRIPE), tmp_path / "a.jpg")
    save(label_map(BLOB, STRIPE, void=void), tmp_path / "a.png")
    found = find_data_set(tmp_path)
    assert found.layout == "pairs"
    assert [one.name for one in objects_of(found)] == ["1", "2"]
    assert {one.void for one in objects_of(found)} == {Runs.from_mask(void)}


def test_pairs_by_name_with_several_masks(tmp_path: Path) -> None:
    save(picture_of(BLOB, STRIPE), tmp_path / "cat.png")
    save(white(BLOB), tmp_path / "cat_mask_1.png")
    save(white(STRIPE), tmp_path / "cat_mask_2.png")
    save(picture_of(BLOB), tmp_path / "lonely.jpg")
    found = find_data_set(tmp_path)
    assert [item.name for item in found.items] == ["cat.png"]
    assert [one.name for one in objects_of(found)] == ["cat_mask_1", "cat_mask_2"]
    assert [one.text for one in found.problems] == [
        "lonely.jpg: It has no true mask: it would be lonely.png or lonely_mask.png beside it."
    ]


def test_coco_in_all_three_forms_without_crowds(tmp_path: Path) -> None:
    coco_file(tmp_path)
    found = find_data_set(tmp_path)
    assert found.layout == "coco"
    assert [one.name for one in objects_of(found)] == ["thing 1", "thing 2", "thing 3"]
    polygon, numbers, text = (one.truth for one in objects_of(found))
    assert polygon == Runs.from_mask(STRIPE)
    assert numbers == text == Runs.from_mask(BLOB)


def test_coco_names_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    save(picture_of(BLOB), tmp_path / "secret.jpg")
    coco_file(tmp_path / "set", file_name="../secret.jpg")
    sentence = refusal(find_data_set, tmp_path / "set")
    assert "'../secret.jpg' leaves the folder" in sentence


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../b", "C:/b", "..\\b", "", "a\0b"])
def test_no_name_leads_out_of_a_folder(name: str) -> None:
    assert "leaves the folder" in refusal(inside, Path("set"), name)


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([[1, 2, 3]], "must be polygons"),
        ({"size": [120, 160], "counts": [1, 2]}, "add up to the picture's 19,200"),
        ({"size": [1, 1], "counts": [1]}, "must be the picture's, [120, 160]"),
        ({"size": [120, 160], "counts": "!"}, "not from 0 to o"),
        (None, "must be polygons"),
    ],
)
def test_a_wrong_annotation_is_told(tmp_path: Path, segmentation: object, reason: str) -> None:
    path = coco_file(tmp_path)
    content = json.loads(path.read_text())
    content["annotations"][1]["segmentation"] = segmentation
    path.write_text(json.dumps(content))
    sentence = refusal(objects_of, find_data_set(tmp_path))
    assert sentence.startswith("Annotation 2 (thing): ")
    assert reason in sentence


def test_coco_sizes_that_differ_are_told(tmp_path: Path) -> None:
    coco_file(tmp_path, size_wh=(99, 120))
    assert refusal(objects_of, find_data_set(tmp_path)) == (
        "The annotations are for 99 x 120 pixels and the picture has 160 x 120."
    )


def test_unequal_counts_are_told_and_the_pairs_stay(tmp_path: Path) -> None:
    folders_set(tmp_path, names=("a", "b", "c"))
    (tmp_path / "gt" / "b.png").unlink()
    (tmp_path / "im" / "c.jpg").unlink()
    found = find_data_set(tmp_path)
    assert [item.name for item in found.items] == ["im/a.jpg"]
    assert [one.text for one in found.problems] == [
        "im/b.jpg: It has no true mask: it would be gt/b.png (2 pictures, 2 true masks).",
        "gt/c.png: It has no picture: it would be im/c.jpg (2 pictures, 2 true masks).",
    ]


def test_folders_that_hold_nothing_to_measure_are_refused(tmp_path: Path) -> None:
    assert "There is no folder" in refusal(find_data_set, tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "is empty" in refusal(find_data_set, empty)
    save(picture_of(BLOB), tmp_path / "only" / "im" / "a.jpg")
    (tmp_path / "only" / "gt").mkdir()
    sentence = refusal(find_data_set, tmp_path / "only")
    assert "No picture in only has a true mask. im/a.jpg: It has no true mask" in sentence
    (tmp_path / "only" / "im" / "a.jpg").rename(tmp_path / "only" / "a.txt")
    assert "give im/NAME.jpg with gt/NAME.png" in refusal(find_data_set, tmp_path / "only")
    assert "There is no layout 'x'" in refusal(find_data_set, tmp_path, layout="x")


def test_a_truth_that_is_not_binary_is_told(tmp_path: Path) -> None:
    folders_set(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    save(noise, tmp_path / "gt" / "a.png")
    sentence = refusal(objects_of, find_data_set(tmp_path))
    assert sentence.startswith("a.png: The mask file is neither black and white nor a map of labels")


def test_soft_edges_are_no_shades(tmp_path: Path) -> None:
    folders_set(tmp_path)
    small = Image.fromarray(white(BLOB)).resize((40, 30), Image.Resampling.BILINEAR)
    small.resize(SIZE_WH, Image.Resampling.BICUBIC).save(tmp_path / "gt" / "a.png")
    assert objects_of(find_data_set(tmp_path))[0].truth.area == pytest.approx(2821, rel=0.03)


def test_a_truth_of_another_size_and_an_empty_one_are_told(tmp_path: Path) -> None:
    folders_set(tmp_path)
    save(white(BLOB)[:100], tmp_path / "gt" / "a.png")
    assert "a.png: The mask is 160 x 100 pixels and the picture 160 x 120" in refusal(
        objects_of, find_data_set(tmp_path)
    )
    save(np.zeros((120, 160), np.uint8), tmp_path / "gt" / "b.png")
    assert "b.png: The mask is empty" in refusal(objects_of, find_data_set(tmp_path), 1)
