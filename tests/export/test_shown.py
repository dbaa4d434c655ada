"""What is on the screen comes from a browser, so that any of it may be anything."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from samhq_demo.export.shown import MAX_NAME, ShownMask, ShownObject, parse_shown
from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import MAX_OBJECTS, PointLabel, Prompt
from tests.support.drawn_masks import drawn
from tests.support.pixels import rle_encode

MASK = drawn(".##", ".#.")
SIZE_WH = (3, 2)


def sent(**changes: Any) -> dict[str, Any]:
    """An object as the page sends it."""
    entry = {
        "name": "Object 1",
        "color": "#56B4E9",
        "prompt": {"points": [[1.5, 0.5]], "labels": [1], "box": None},
        "sam": {"rle": dict(rle_encode(MASK)), "predicted_iou": 0.91},
        "sam_hq": {"rle": dict(rle_encode(~MASK)), "predicted_iou": 1.02},
        **changes,
    }
    return json.loads(json.dumps(entry))


def refusal(*objects: Any) -> str:
    with pytest.raises(ValueError) as caught:
        parse_shown(list(objects), size_wh=SIZE_WH)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def test_an_object_is_read() -> None:
    (shown,) = parse_shown([sent()], size_wh=SIZE_WH)
    assert shown == ShownObject(
        name="Object 1",
        color="#56b4e9",
        prompt=Prompt(points=((1.5, 0.5),), labels=(PointLabel.OBJECT,)),
        sam=ShownMask(Runs.from_mask(MASK), 0.91),
        sam_hq=ShownMask(Runs.from_mask(~MASK), 1.02),
    )
    assert (shown.by("sam").runs.mask() == MASK).all()
    assert (shown.by("sam_hq").runs.mask() == ~MASK).all()


def test_an_object_that_a_rough_mask_asked_for_has_no_points() -> None:
    (shown,) = parse_shown([sent(prompt={"points": [], "labels": [], "box": None})], size_wh=SIZE_WH)
    assert shown.prompt == Prompt()


@pytest.mark.parametrize("count", [0, MAX_OBJECTS + 1])
def test_as_many_objects_as_the_page_has_are_taken(count: int) -> None:
    assert len(parse_shown([sent()] * MAX_OBJECTS, size_wh=SIZE_WH)) == MAX_OBJECTS
    assert f"There are {count} objects" in refusal(*[sent()] * count)


def test_the_wrong_one_is_named() -> None:
    assert refusal(sent(), sent(color="blue")).startswith("Object 2: ")


@pytest.mark.parametrize("value", [None, {}, "objects", 5, True])
def test_objects_must_be_a_list(value: Any) -> None:
    with pytest.raises(ValueError, match="objects must be a list"):
        parse_shown(value, size_wh=SIZE_WH)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "name must be text"),
        ({"name": " \n"}, "name must be text"),
        ({"name": None}, "name must be text"),
        ({"name": 5}, "name must be text"),
        ({"name": "n" * (MAX_NAME + 1)}, "name must be text"),
        ({"color": "blue"}, "#56b4e9"),
        ({"color": "#56b4e"}, "#56b4e9"),
        ({"color": "#56b4e9\n"}, "#56b4e9"),
        ({"color": '#56b4e9" onload="'}, "#56b4e9"),
        ({"color": None}, "#56b4e9"),
        ({"color": [86, 180, 233]}, "#56b4e9"),
        ({"prompt": None}, "A prompt must be an object"),
        ({"prompt": {"points": [[1, 1]], "labels": [2]}}, "Label 1"),
        ({"prompt": {"points": [[3, 1]]}}, "outside the picture"),
        ({"prompt": {"box": [5, 5, 9, 9]}}, "does not overlap"),
        ({"sam": None}, "keys rle and predicted_iou"),
        ({"sam": {"rle": dict(rle_encode(MASK))}}, "keys rle and predicted_iou"),
        ({"sam": {"rle": dict(rle_encode(MASK.T)), "predicted_iou": 0.5}}, "[2, 3]"),
        ({"sam_hq": {"rle": {"size": [2, 3], "counts": "5"}, "predicted_iou": 0.5}}, "6 together"),
        ({"sam_hq": {"rle": dict(rle_encode(MASK)), "predicted_iou": None}}, "finite number"),
        ({"sam_hq": {"rle": dict(rle_encode(MASK)), "predicted_iou": "0.5"}}, "finite number"),
        ({"sam_hq": {"rle": dict(rle_encode(MASK)), "predicted_iou": True}}, "finite number"),
        ({"sam_hq": {"rle": dict(rle_encode(MASK)), "predicted_iou": float("nan")}}, "finite number"),
        ({"sam_hq": {"rle": dict(rle_encode(MASK)), "predicted_iou": 10**400}}, "finite number"),
        ({"more": 1}, "keys name, color, prompt, sam and sam_hq"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(sent(**changes))


@pytest.mark.parametrize("missing", ["name", "color", "prompt", "sam", "sam_hq"])
def test_nothing_may_be_missing(missing: str) -> None:
    entry = sent()
    del entry[missing]
    assert "keys name, color, prompt, sam and sam_hq" in refusal(entry)


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_what_is_no_object_is_refused(value: Any) -> None:
    assert "A shown object" in refusal(value)


def test_a_name_cut_within_a_character_can_be_written() -> None:
    (shown,) = parse_shown([sent(name="Cat \ud83d")], size_wh=SIZE_WH)
    assert shown.name == "Cat ?"
    (shown,) = parse_shown([sent(name="Cat \U0001f408")], size_wh=SIZE_WH)
    assert shown.name == "Cat \U0001f408"


def test_values_check_themselves_wherever_they_come_from() -> None:
    mask = ShownMask(Runs.from_mask(MASK), np.float32(0.5))
    assert type(mask.predicted_iou) is float
    with pytest.raises(ValueError, match="finite number"):
        ShownMask(Runs.from_mask(MASK), float("inf"))
