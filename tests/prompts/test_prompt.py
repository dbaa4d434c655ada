"""A prompt checks itself, is edited by copy, and survives the way through JSON."""

import json
import math

import numpy as np
import pytest

from samhq_demo.prompts.prompt import MAX_OBJECTS, MAX_POINTS, PointLabel, Prompt, parse_prompts
from tests.support.refusals import refusal

OBJECT, BACKGROUND = PointLabel.OBJECT, PointLabel.BACKGROUND


# Making


def test_values_are_stored_as_tuples_of_floats_and_labels():
    prompt = Prompt(points=[[1, 2], (3.5, 4)], labels=[1, 0], box_xyxy=[0, 1, 5, 6])
    assert prompt.points == ((1.0, 2.0), (3.5, 4.0))
    assert prompt.labels == (OBJECT, BACKGROUND)
    assert prompt.box_xyxy == (0.0, 1.0, 5.0, 6.0)
    assert all(type(value) is float for point in prompt.points for value in point)
    assert all(type(label) is PointLabel for label in prompt.labels)
    assert {prompt: "prompts are keys"}[prompt]


def test_numpy_numbers_and_arrays_are_taken():
    prompt = Prompt(np.array([[1, 2]], np.float32), np.array([1], np.int64), np.array([0, 0, 3, 4], np.uint8))
    assert prompt == Prompt(((1.0, 2.0),), (OBJECT,), (0.0, 0.0, 3.0, 4.0))
    json.dumps(prompt.to_json())


def test_swapped_corners_are_put_right():
    assert Prompt(box_xyxy=(9, 2, 1, 8)).box_xyxy == (1.0, 2.0, 9.0, 8.0)
    assert Prompt(box_xyxy=(1, 8, 9, 2)).box_xyxy == (1.0, 2.0, 9.0, 8.0)


@pytest.mark.parametrize("box", [(3, 1, 3, 8), (1, 8, 9, 8), (2, 2, 2, 2)])
def test_an_empty_box_is_refused(box):
    assert "is empty" in refusal(Prompt, box_xyxy=box)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 10**400, "7", None, True, [1], 1 + 2j])
def test_a_coordinate_that_is_no_finite_number_is_refused(bad):
    assert "Point 2 must be [x, y]" in refusal(Prompt, points=((1, 2), (bad, 3)), labels=(1, 1))
    assert "The box must be [x0, y0, x1, y1]" in refusal(Prompt, box_xyxy=(0, 0, bad, 3))


@pytest.mark.parametrize("points", ["ab", 5, {"x": 1}, b"12", np.array(3)])
def test_points_that_are_no_list_are_refused(points):
    assert "points must be a list of [x, y] pairs" in refusal(Prompt, points=points, labels=())


@pytest.mark.parametrize("point", [(1,), (1, 2, 3), 1, "12", {"x": 1, "y": 2}])
def test_a_point_without_exactly_two_numbers_is_refused(point):
    assert "Point 1 must be [x, y]" in refusal(Prompt, points=(point,), labels=(1,))


@pytest.mark.parametrize("box", [(), (1, 2, 3), (1, 2, 3, 4, 5), 4, "1234"])
def test_a_box_without_exactly_four_numbers_is_refused(box):
    assert "The box must be [x0, y0, x1, y1]" in refusal(Prompt, box_xyxy=box)


@pytest.mark.parametrize("label", [2, -1, 0.5, "1", None, True, math.nan])
def test_a_label_other_than_0_and_1_is_refused(label):
    assert "Label 2 must be 1 (object) or 0 (background)" in refusal(
        Prompt, points=((1, 2), (3, 4)), labels=(1, label)
    )


def test_a_label_is_needed_for_each_point():
    assert "2 points but 1 labels" in refusal(Prompt, points=((1, 2), (3, 4)), labels=(1,))
    assert "0 points but 1 labels" in refusal(Prompt, labels=(1,))


def test_the_number_of_points_is_bounded():
    full = Prompt(points=((1, 2),) * MAX_POINTS, labels=(OBJECT,) * MAX_POINTS)
    assert "257 points: a prompt takes at most 256" in refusal(full.with_point, 1, 2, OBJECT)


def test_a_message_stays_short_however_large_the_input_is():
    assert "points must be a list" in refusal(Prompt.from_json, {"points": "9\n" * 100_000})
    assert "Point 1" in refusal(Prompt.from_json, {"points": [list(range(100_000))]})
    assert "no key" in refusal(Prompt.from_json, {"k" * 100_000: 1})


# Editing


def test_editing_returns_a_copy_and_leaves_the_original():
    empty = Prompt()
    prompt = empty.with_point(1, 2, OBJECT).with_point(3, 4, BACKGROUND).with_box((5, 6, 0, 0))
    assert empty == Prompt()
    assert prompt == Prompt(((1, 2), (3, 4)), (OBJECT, BACKGROUND), (0, 0, 5, 6))
    assert prompt.without_box() == Prompt(((1, 2), (3, 4)), (OBJECT, BACKGROUND))


@pytest.mark.parametrize(
    ("index", "kept"), [(0, (2.0, 3.0)), (1, (1.0, 3.0)), (2, (1.0, 2.0)), (-1, (1.0, 2.0)), (-3, (2.0, 3.0))]
)
def test_a_point_is_taken_away_with_its_label(index, kept):
    labels = {1.0: OBJECT, 2.0: BACKGROUND, 3.0: OBJECT}
    prompt = Prompt(tuple((x, 0.0) for x in labels), tuple(labels.values())).without_point(index)
    assert tuple(x for x, _ in prompt.points) == kept
    assert prompt.labels == tuple(labels[x] for x in kept)


@pytest.mark.parametrize("index", [1, -2])
def test_a_point_that_is_not_there_cannot_be_taken_away(index):
    assert f"no point {index}" in refusal(Prompt(((1, 2),), (OBJECT,)).without_point, index)


def test_only_one_point_without_a_box_is_a_single_point():
    one = Prompt().with_point(1, 2, OBJECT)
    assert one.is_single_point
    assert not Prompt().is_single_point
    assert not one.with_point(3, 4, OBJECT).is_single_point
    assert not one.with_box((0, 0, 5, 5)).is_single_point


# Against a picture


def test_a_prompt_inside_the_picture_is_left_as_it_is():
    prompt = Prompt(((0, 0), (99.9, 49.9)), (OBJECT, BACKGROUND), (0, 0, 100, 50))
    assert prompt.within((100, 50)) == prompt


@pytest.mark.parametrize("point", [(-0.1, 5), (5, -0.1), (100, 5), (5, 50), (1e300, 5)])
def test_a_point_outside_the_picture_is_refused(point):
    prompt = Prompt(((1, 1), point), (OBJECT, BACKGROUND))
    sentence = refusal(prompt.within, (100, 50))
    assert "Point 2" in sentence
    assert "outside the picture" in sentence
    assert "below 100" in sentence
    assert "below 50" in sentence


def test_a_box_over_the_edge_is_clipped():
    assert Prompt(box_xyxy=(-10, -5, 20, 999)).within((100, 50)).box_xyxy == (0.0, 0.0, 20.0, 50.0)
    assert Prompt(box_xyxy=(90, 40, 1e308, 45)).within((100, 50)).box_xyxy == (90.0, 40.0, 100.0, 45.0)


@pytest.mark.parametrize(
    "box", [(100, 0, 120, 50), (0, 50, 100, 60), (-9, 0, 0, 50), (0, -9, 100, 0), (200, 200, 300, 300)]
)
def test_a_box_that_does_not_overlap_the_picture_is_refused(box):
    sentence = refusal(Prompt(box_xyxy=box).within, (100, 50))
    assert "does not overlap the picture" in sentence
    assert "100 x 50" in sentence


def test_a_prompt_that_asks_for_nothing_is_refused():
    assert "Nothing is asked for" in refusal(Prompt().within, (100, 50))


def test_background_points_alone_are_refused():
    prompt = Prompt(((1, 2), (3, 4)), (BACKGROUND, BACKGROUND))
    assert "only background points" in refusal(prompt.within, (100, 50))


def test_a_box_or_a_mask_prompt_makes_background_points_enough():
    prompt = Prompt(((1, 2),), (BACKGROUND,))
    assert prompt.within((100, 50), has_mask_prompt=True) == prompt
    assert Prompt().within((100, 50), has_mask_prompt=True) == Prompt()
    boxed = prompt.with_box((0, 0, 9, 9))
    assert boxed.within((100, 50)) == boxed


# JSON


def test_json_has_the_documented_form():
    prompt = Prompt(((450, 600),), (OBJECT,))
    assert json.dumps(prompt.to_json()) == '{"points": [[450.0, 600.0]], "labels": [1], "box": null}'


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(),
        Prompt(((1, 2), (3.25, 4)), (OBJECT, BACKGROUND)),
        Prompt(((1, 2),), (OBJECT,), (0, 0, 5, 5)),
    ],
)
def test_json_there_and_back_gives_an_equal_prompt(prompt):
    assert Prompt.from_json(json.loads(json.dumps(prompt.to_json()))) == prompt


def test_labels_default_to_all_object():
    expected = Prompt(((1, 2), (3, 4)), (OBJECT, OBJECT))
    assert Prompt.from_json({"points": [[1, 2], [3, 4]]}) == expected
    assert Prompt.from_json({"points": [[1, 2], [3, 4]], "labels": None, "box": None}) == expected


def test_absent_and_null_points_are_none():
    assert Prompt.from_json({"box": [1, 2, 3, 4]}) == Prompt(box_xyxy=(1, 2, 3, 4))
    assert Prompt.from_json({"points": None, "box": [1, 2, 3, 4]}) == Prompt(box_xyxy=(1, 2, 3, 4))


@pytest.mark.parametrize("value", [None, [], "points", 3, [[1, 2]]])
def test_json_that_is_no_object_is_refused(value):
    assert "A prompt must be an object" in refusal(Prompt.from_json, value)


def test_an_unknown_key_is_refused_by_name():
    assert "'bbox'" in refusal(Prompt.from_json, {"bbox": [1, 2, 3, 4]})


def test_several_prompts_keep_their_order():
    prompts = parse_prompts([{"points": [[1, 2]]}, {"box": [1, 2, 3, 4]}])
    assert prompts == (Prompt(((1, 2),), (OBJECT,)), Prompt(box_xyxy=(1, 2, 3, 4)))


def test_the_number_of_prompts_is_bounded():
    one = {"points": [[1, 2]]}
    assert len(parse_prompts([one] * MAX_OBJECTS)) == MAX_OBJECTS
    assert "33 prompts: give 1 to 32" in refusal(parse_prompts, [one] * (MAX_OBJECTS + 1))
    assert "0 prompts: give 1 to 32" in refusal(parse_prompts, [])


@pytest.mark.parametrize("value", [None, {"points": [[1, 2]]}, "[]", 3])
def test_prompts_that_are_no_list_are_refused(value):
    assert "prompts must be a list of prompts" in refusal(parse_prompts, value)


def test_a_wrong_prompt_among_several_is_named_by_its_number():
    sentence = refusal(parse_prompts, [{"points": [[1, 2]]}, {"box": [1, 2, 1, 4]}])
    assert sentence.startswith("Prompt 2: The box")
