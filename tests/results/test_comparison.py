"""An answer's values, and its public form."""

import json
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.results.comparison import Agreement, Candidate, Comparison, MaskPrediction, ObjectComparison

LEFT = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
MIDDLE = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0]], bool)
PROMPT = Prompt(((1, 1),), (PointLabel.OBJECT,))


def predicted(mask, *, ground_truth=None, candidates=None):
    prediction = MaskPrediction(
        Runs.from_mask(mask), predicted_iou=0.91, stability=0.96, candidates=candidates
    )
    return prediction.with_truth(None if ground_truth is None else Runs.from_mask(ground_truth))


def agreement(sam, sam_hq):
    return Agreement.between(Runs.from_mask(sam), Runs.from_mask(sam_hq))


def compared(*pairs):
    objects = tuple(
        ObjectComparison(
            prompt=PROMPT,
            sam=predicted(sam),
            sam_hq=predicted(sam_hq),
            agreement=agreement(sam, sam_hq),
        )
        for sam, sam_hq in pairs
    )
    milliseconds = {"total": 901.04, "encode": 812.0, "decode": 61.26}
    return Comparison(model="base", size_wh=(4, 3), objects=objects, encoded="now", milliseconds=milliseconds)


def test_a_prediction_measures_its_mask():
    prediction = predicted(MIDDLE)
    assert prediction.area == 5
    assert prediction.bbox_xywh == (1, 0, 2, 3)
    assert (prediction.runs.mask() == MIDDLE).all()
    assert prediction.true_iou is None
    assert prediction.true_boundary_iou is None


def test_a_prediction_has_true_scores_where_the_truth_is_known():
    assert predicted(MIDDLE, ground_truth=MIDDLE).true_iou == 1.0
    prediction = predicted(MIDDLE, ground_truth=LEFT)
    assert prediction.true_iou == 2 / 7
    assert prediction.true_boundary_iou == 2 / 7  # masks this small are all boundary
    assert prediction.to_json()["true_iou"] == 0.285714


def test_agreement_counts_what_each_has_alone():
    assert agreement(LEFT, MIDDLE) == Agreement(iou=2 / 7, boundary_iou=2 / 7, only_sam=2, only_sam_hq=3)


def test_json_has_exactly_the_documented_keys_in_their_order():
    answer = compared((LEFT, MIDDLE)).to_json()
    assert list(answer) == ["model", "image", "objects", "encoded", "milliseconds"]
    assert answer["model"] == "base"
    assert answer["image"] == {"width": 4, "height": 3}
    assert answer["encoded"] == "now"
    assert list(answer["milliseconds"].items()) == [("encode", 812.0), ("decode", 61.3), ("total", 901.0)]
    (entry,) = answer["objects"]
    assert list(entry) == ["prompt", "sam", "sam_hq", "agreement"]
    assert entry["prompt"] == {"points": [[1.0, 1.0]], "labels": [1], "box": None}
    keys = ["predicted_iou", "stability", "area", "bbox", "rle", "true_iou", "true_boundary_iou"]
    assert list(entry["sam"]) == list(entry["sam_hq"]) == keys
    assert list(entry["agreement"]) == ["iou", "boundary_iou", "only_sam", "only_sam_hq"]


def test_json_values_are_those_of_the_masks():
    (entry,) = compared((LEFT, MIDDLE)).to_json()["objects"]
    assert entry["sam"]["bbox"] == [0, 0, 2, 2]
    assert entry["sam"]["area"] == 4
    assert entry["sam"]["true_iou"] is None
    assert (coco_mask.decode(entry["sam_hq"]["rle"]) == MIDDLE).all()
    assert entry["agreement"]["iou"] == 0.285714


def test_candidates_are_listed_only_where_there_are_some():
    candidate = Candidate(Runs.from_mask(MIDDLE), predicted_iou=0.5, stability=0.25)
    assert "candidates" not in predicted(LEFT).to_json()
    (listed,) = predicted(LEFT, candidates=(candidate,)).to_json()["candidates"]
    assert list(listed) == ["predicted_iou", "stability", "area", "rle"]
    assert (listed["predicted_iou"], listed["stability"], listed["area"]) == (0.5, 0.25, 5)
    assert (coco_mask.decode(listed["rle"]) == MIDDLE).all()


def test_scores_from_a_model_become_plain_rounded_floats():
    iou: Any = np.float32(0.9)
    stability: Any = np.float32(1 / 3)
    candidate = Candidate(Runs.from_mask(LEFT), predicted_iou=iou, stability=stability)
    answer = MaskPrediction(
        Runs.from_mask(LEFT),
        predicted_iou=iou,
        stability=stability,
        candidates=(candidate,),
    ).to_json()
    for shown in (answer, answer["candidates"][0]):
        assert type(shown["predicted_iou"]) is float
        assert (shown["predicted_iou"], shown["stability"]) == (0.9, 0.333333)
    json.dumps(answer)


def test_a_comparison_goes_through_json_unchanged():
    answer = compared((LEFT, MIDDLE), (MIDDLE, MIDDLE)).to_json()
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(("which", "expected"), [("sam", LEFT | MIDDLE), ("sam_hq", MIDDLE)])
def test_the_union_holds_all_objects_of_one_model(which, expected):
    assert (compared((LEFT, MIDDLE), (MIDDLE, MIDDLE)).union(which).mask() == expected).all()


def test_the_union_of_no_objects_is_empty_at_the_pictures_size():
    union = compared().union("sam").mask()
    assert union.shape == (3, 4)
    assert not union.any()
