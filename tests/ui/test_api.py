"""The endpoints as programs meet them through gradio_client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from pycocotools import mask as coco_mask

from testbed.photos import save_photo

META = {"_type": "gradio.FileData"}
PREDICTION_KEYS = {
    "predicted_iou", "stability", "area", "bbox", "rle", "true_iou", "true_boundary_iou",
}  # fmt: skip


def pixels(file: str) -> np.ndarray:
    with Image.open(file) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image)


def decoded(rle: dict[str, Any]) -> np.ndarray:
    mask: np.ndarray = coco_mask.decode(rle)
    return mask


def test_one_click_with_everything_else_left_out(client: Client, photo: Path) -> None:
    answer = client.predict(image=handle_file(photo), points=[[60, 45]], api_name="/compare")
    result, *files = answer
    assert list(result) == ["model", "image", "objects", "encoded", "milliseconds"]
    assert result["image"] == {"width": 120, "height": 90}
    assert result["encoded"] in ("now", "cached", "shared")
    assert set(result["milliseconds"]) == {"encode", "decode", "total"}
    (found,) = result["objects"]
    assert list(found) == ["prompt", "sam", "sam_hq", "agreement"]
    assert found["prompt"] == {"points": [[60.0, 45.0]], "labels": [1], "box": None}
    assert set(found["agreement"]) == {"iou", "boundary_iou", "only_sam", "only_sam_hq"}
    assert [Path(file).suffix for file in files] == [".png", ".png"]


@pytest.mark.parametrize("multimask", [True, False])
def test_png_rle_area_and_box_tell_of_the_same_mask(client: Client, photo: Path, multimask: bool) -> None:
    result, *files = client.predict(
        image=handle_file(photo), box=[20, 10, 90.5, 70], multimask=multimask, api_name="/compare"
    )
    found = result["objects"][0]
    masks = []
    for model, file in zip(("sam", "sam_hq"), files, strict=True):
        prediction, gray = found[model], pixels(file)
        assert gray.shape == (90, 120)
        assert set(np.unique(gray)) == {0, 255}
        mask = gray == 255
        rows, columns = np.nonzero(mask)
        x, y = columns.min(), rows.min()
        assert np.array_equal(decoded(prediction["rle"]), mask)
        assert prediction["area"] == mask.sum()
        assert prediction["bbox"] == [x, y, columns.max() - x + 1, rows.max() - y + 1]
        masks.append(mask)
    sam, sam_hq = masks
    agreement = found["agreement"]
    assert agreement["iou"] == pytest.approx((sam & sam_hq).sum() / (sam | sam_hq).sum(), abs=1e-6)
    assert agreement["only_sam"] == (sam & ~sam_hq).sum()
    assert agreement["only_sam_hq"] == (sam_hq & ~sam).sum()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ({"points": [[60, 45]]}, 3),
        ({"points": [[60, 45]], "multimask": None}, 3),
        ({"points": [[60, 45]], "multimask": False}, None),
        ({"points": [[60, 45], [9, 9]], "labels": [1, 0]}, None),
        ({"points": [[60, 45]], "box": [20, 10, 90, 70]}, None),
        ({"box": [20, 10, 90, 70]}, None),
        ({"box": [20, 10, 90, 70], "multimask": True}, 3),
    ],
)
def test_candidates_are_listed_where_a_prompt_is_ambiguous_or_they_are_asked_for(
    client: Client, photo: Path, prompt: dict[str, Any], expected: int | None
) -> None:
    result, *_ = client.predict(image=handle_file(photo), **prompt, api_name="/compare")
    for model in ("sam", "sam_hq"):
        prediction = result["objects"][0][model]
        if expected is None:
            assert set(prediction) == PREDICTION_KEYS
            continue
        assert set(prediction) == PREDICTION_KEYS | {"candidates"}
        candidates = prediction["candidates"]
        assert len(candidates) == expected
        assert all(set(one) == {"predicted_iou", "stability", "area", "rle"} for one in candidates)
        scores = [one["predicted_iou"] for one in candidates]
        assert scores == sorted(scores, reverse=True)
        assert candidates[0]["rle"] == prediction["rle"]


def test_labels_left_out_are_all_object(client: Client, photo: Path) -> None:
    asked = {"image": handle_file(photo), "points": [[60, 45], [30, 20]], "api_name": "/compare"}
    left_out, explicit = client.predict(**asked)[0], client.predict(**asked, labels=[1, 1])[0]
    assert left_out["objects"] == explicit["objects"]
    background = client.predict(**asked, labels=[1, 0])[0]
    assert background["objects"][0]["sam"]["rle"] != explicit["objects"][0]["sam"]["rle"]


def test_hq_token_only_changes_sam_hq_and_not_sam(client: Client, photo: Path) -> None:
    asked = {"image": handle_file(photo), "box": [20, 10, 90, 70], "api_name": "/compare"}
    both, alone = client.predict(**asked)[0], client.predict(**asked, hq_token_only=True)[0]
    assert both["objects"][0]["sam"] == alone["objects"][0]["sam"]
    assert both["objects"][0]["sam_hq"]["rle"] != alone["objects"][0]["sam_hq"]["rle"]


def test_an_answer_serves_as_mask_prompt_and_as_truth(client: Client, photo: Path) -> None:
    asked = {"image": handle_file(photo), "api_name": "/compare"}
    first, sam_mask, _ = client.predict(**asked, box=[20, 10, 90, 70])
    same, *_ = client.predict(**asked, box=[20, 10, 90, 70], ground_truth=handle_file(sam_mask))
    prediction = same["objects"][0]["sam"]
    assert (prediction["true_iou"], prediction["true_boundary_iou"]) == (1.0, 1.0)
    agreement = same["objects"][0]["agreement"]
    assert same["objects"][0]["sam_hq"]["true_iou"] == agreement["iou"]
    refined, *_ = client.predict(**asked, mask_prompt=handle_file(sam_mask))
    assert refined["objects"][0]["prompt"] == {"points": [], "labels": [], "box": None}
    assert refined["objects"][0]["sam"]["rle"] != first["objects"][0]["sam"]["rle"]


def test_void_is_left_out_of_the_true_scores(client: Client, photo: Path, tmp_path: Path) -> None:
    asked = {"image": handle_file(photo), "box": [20, 10, 90, 70], "api_name": "/compare"}
    sam = pixels(client.predict(**asked)[1]) > 0
    labels = sam.astype(np.uint8)
    labels[:, 61:] = 255  # the right half is undecided
    Image.fromarray(labels).save(tmp_path / "truth.png")
    found = client.predict(**asked, ground_truth=handle_file(tmp_path / "truth.png"))[0]["objects"][0]["sam"]
    assert (found["true_iou"], found["true_boundary_iou"]) == (1.0, 1.0)


def test_of_several_labels_in_a_true_mask_one_is_chosen(client: Client, photo: Path, tmp_path: Path) -> None:
    labels = np.zeros((90, 120), np.uint8)
    labels[10:70, 20:60], labels[10:70, 60:90] = 1, 2
    Image.fromarray(labels).save(tmp_path / "labels.png")
    asked = {"image": handle_file(photo), "box": [20, 10, 90, 70], "api_name": "/compare"}
    asked["ground_truth"] = handle_file(tmp_path / "labels.png")
    several = r"^ground_truth: The mask file holds 2 labels: 1, 2.* ground_truth_label chooses"
    with pytest.raises(AppError, match=several):
        client.predict(**asked)
    scores = [
        client.predict(**asked, ground_truth_label=label)[0]["objects"][0]["sam"]["true_iou"]
        for label in (1, 2, "2")
    ]
    assert scores[0] != scores[1] == scores[2]
    with pytest.raises(AppError, match="has no label 7; it has 1, 2"):
        client.predict(**asked, ground_truth_label=7)
    del asked["ground_truth"]
    with pytest.raises(AppError, match="ground_truth_label is given without ground_truth"):
        client.predict(**asked, ground_truth_label=1)


def test_an_earlier_answer_is_refined_and_the_result_is_of_the_same_form(client: Client, photo: Path) -> None:
    asked = {"image": handle_file(photo), "box": [20, 10, 90, 70], "api_name": "/compare"}
    chains: list[list[dict[str, Any]]] = [
        [],
        [{"points": [[60, 45]]}],
        [{"points": [[60, 45]], "labels": [1], "box": None, "sam_candidate": 2, "sam_hq_candidate": 2}],
        [{"points": [[60, 45]]}, {}],
    ]
    found = [client.predict(**asked, refine_from=chain)[0]["objects"][0] for chain in chains]
    for one in found:
        assert list(one) == ["prompt", "sam", "sam_hq", "agreement"]
        assert one["prompt"] == {"points": [], "labels": [], "box": [20, 10, 90, 70]}
    for model in ("sam", "sam_hq"):
        assert len({one[model]["rle"]["counts"] for one in found}) == len(chains)


def test_coordinates_and_masks_are_those_of_the_upright_picture(client: Client, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    file = save_photo(tmp_path / "turned.jpg", size_wh=(120, 90), exif=exif)
    result, sam_mask, _ = client.predict(image=handle_file(file), points=[[80, 110]], api_name="/compare")
    assert result["image"] == {"width": 90, "height": 120}
    assert pixels(sam_mask).shape == (120, 90)


def test_many_objects_are_answered_in_order_and_drawn_together(client: Client, photo: Path) -> None:
    prompts = [
        {"points": [[60, 45]], "labels": [1], "box": None},
        {"box": [20, 10, 90, 70]},
        {"points": [[10, 10], [100, 80]], "labels": [1, 0]},
    ]
    result, *files = client.predict(image=handle_file(photo), prompts=prompts, api_name="/compare_many")
    points = [found["prompt"]["points"] for found in result["objects"]]
    assert points == [[[60, 45]], [], [[10, 10], [100, 80]]]
    for model, file in zip(("sam", "sam_hq"), files, strict=True):
        masks = [decoded(found[model]["rle"]) for found in result["objects"]]
        assert np.array_equal(pixels(file) == 255, np.any(masks, axis=0))
    alone, *_ = client.predict(image=handle_file(photo), box=[20, 10, 90, 70], api_name="/compare")
    assert result["objects"][1] == alone["objects"][0]


def test_everything_in_a_picture(client: Client, photo: Path) -> None:
    loose = {"points_per_side": 3, "predicted_iou_threshold": 0, "stability_threshold": 0}
    result, *files = client.predict(image=handle_file(photo), api_name="/segment_everything", **loose)
    assert list(result) == ["model", "image", "sam", "sam_hq", "encoded", "milliseconds"]
    for branch in ("sam", "sam_hq"):
        masks = result[branch]
        assert masks and [set(mask) for mask in masks] == [
            {"rle", "bbox", "area", "predicted_iou", "stability", "point"}
        ] * len(masks)
        areas = [int(coco_mask.area(mask["rle"])) for mask in masks]
        assert areas == [mask["area"] for mask in masks] == sorted(areas, reverse=True)
        assert all(mask["bbox"] == list(map(int, coco_mask.toBbox(mask["rle"]))) for mask in masks)
        assert all(mask["point"][0] in (20, 60, 100) and mask["point"][1] in (15, 45, 75) for mask in masks)
    for file in files:
        with Image.open(file) as overlay:
            assert overlay.size[0] * 90 == overlay.size[1] * 120


def test_models_are_listed_and_the_active_one_answers(client: Client, photo: Path) -> None:
    models = client.predict(api_name="/models")
    keys = ["name", "parameters", "hq_parameters", "source", "available", "active"]
    assert all(list(model) == keys for model in models)
    (active,) = [model for model in models if model["active"]]
    assert active["available"] is True
    assert active["parameters"] > active["hq_parameters"] > 0
    for name in ({}, {"model": active["name"]}):
        result, *_ = client.predict(image=handle_file(photo), points=[[60, 45]], **name, api_name="/compare")
        assert result["model"] == active["name"]
