"""Steps of a refinement as values: their JSON form, and what is wrong with a chain."""

from __future__ import annotations

from typing import Any

import pytest

from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.refinement import RefineStep, parse_refine_steps, steps_within

CLICK = Prompt(points=((3.0, 2.0),), labels=(1,))
CLICK_JSON = {"points": [[3.0, 2.0]], "labels": [1], "box": None}


def test_json_comes_back_as_the_same_step() -> None:
    step = RefineStep(CLICK, 1, 2)
    assert step.to_json() == {**CLICK_JSON, "sam_candidate": 1, "sam_hq_candidate": 2}
    assert parse_refine_steps([step.to_json()]) == (step,)


@pytest.mark.parametrize("value", [None, [], ()])
def test_no_steps_are_no_steps(value: Any) -> None:
    assert parse_refine_steps(value) == ()


def test_every_key_may_be_left_out_or_none() -> None:
    nothing = RefineStep(Prompt())
    keys = ("points", "labels", "box", "sam_candidate", "sam_hq_candidate")
    assert parse_refine_steps([{}, dict.fromkeys(keys)]) == (nothing, nothing)


def test_whole_floats_are_candidates_as_programs_write_them() -> None:
    (step,) = parse_refine_steps([{"sam_candidate": 2.0}])
    assert step.sam_candidate == 2
    assert isinstance(step.sam_candidate, int)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("click", "refine_from must be a list"),
        ({"points": [[3, 2]]}, "refine_from must be a list"),
        (5, "refine_from must be a list"),
        ([{}] * 17, "17 steps in refine_from"),
        ([{}, "click"], "Step 2 of refine_from: A step must be an object"),
        ([{"mask": 1}], "Step 1 of refine_from: A step has no key 'mask'"),
        ([{"points": [[3]]}], "Step 1 of refine_from: Point 1 must be"),
        ([{"sam_candidate": 3}], "Step 1 of refine_from: sam_candidate must be 0, the best, 1 or 2, not 3"),
        ([{"sam_candidate": -1}], "not -1"),
        ([{"sam_candidate": True}], "not True"),
        ([{"sam_hq_candidate": "1"}], "sam_hq_candidate must be .* not '1'"),
        ([{"sam_hq_candidate": 0.5}], "not 0.5"),
        ([{"sam_hq_candidate": float("nan")}], "not nan"),
        ([{"sam_hq_candidate": [1]}], r"not \[1\]"),
    ],
)
def test_what_is_no_chain_is_told_in_one_sentence(value: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        parse_refine_steps(value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_boxes_of_steps_are_clipped_to_the_picture() -> None:
    (step,) = steps_within(
        [RefineStep(Prompt(box_xyxy=(-5, 1, 50, 3)))], (10, 8), multimask_output=None, has_mask_prompt=False
    )
    assert step.prompt.box_xyxy == (0, 1, 10, 3)


def test_only_the_first_step_has_to_ask_for_something() -> None:
    steps = [RefineStep(CLICK), RefineStep(Prompt())]
    assert steps_within(steps, (10, 8), multimask_output=None, has_mask_prompt=False) == tuple(steps)
    with pytest.raises(ValueError, match="Step 1 of refine_from: Nothing is asked for"):
        steps_within(steps[1:], (10, 8), multimask_output=None, has_mask_prompt=False)


@pytest.mark.parametrize(
    ("prompt", "multimask", "has_mask_input", "expected"),
    [
        (CLICK, None, False, True),
        (CLICK, None, True, False),
        (CLICK, False, False, False),
        (CLICK, True, True, True),
        (Prompt(), None, True, False),
        (CLICK.with_box((1, 1, 4, 4)), None, False, False),
        (CLICK.with_box((1, 1, 4, 4)), True, False, True),
    ],
)
def test_candidates_are_there_to_choose_from_where_the_answer_has_them(
    prompt: Prompt, multimask: bool | None, has_mask_input: bool, expected: bool
) -> None:
    chosen = RefineStep(prompt, sam_candidate=1)
    how = {"multimask_output": multimask, "has_mask_input": has_mask_input}
    assert prompt.has_candidates(multimask, has_mask_input=has_mask_input) is expected
    if expected:
        assert chosen.within((10, 8), **how) == chosen
    else:
        with pytest.raises(ValueError, match="sam_candidate is 1, but the answer is a single mask"):
            chosen.within((10, 8), **how)
