"""A request checks itself when it is made, and the rest when the picture's size is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import MAX_OBJECTS, Prompt
from samhq_demo.prompts.refinement import MAX_REFINE_STEPS, RefineStep
from samhq_demo.prompts.request import Request

CLICK = Prompt(points=((3, 4),), labels=(1,))
BOX = Prompt(box_xyxy=(1, 2, 50, 6))
MASK = Runs.from_mask(np.eye(4, 8, dtype=bool))


def test_sequences_are_stored_as_tuples_so_that_equal_requests_are_one_key() -> None:
    request = Request([CLICK], refine_from=[RefineStep(BOX)], mask_prompt=MASK)
    same = Request((CLICK,), refine_from=(RefineStep(BOX),), mask_prompt=Runs.from_mask(MASK.mask()))
    assert {request: 1}[same] == 1
    assert request != Request((CLICK,), refine_from=(RefineStep(BOX),))


@pytest.mark.parametrize(
    ("prompts", "options", "sentence"),
    [
        ([], {}, "0 objects; give 1 to 32"),
        ([CLICK] * (MAX_OBJECTS + 1), {}, "33 objects; give 1 to 32"),
        ([CLICK, BOX], {"mask_prompt": MASK}, "A mask prompt goes with one object, not with 2"),
        ([CLICK, BOX], {"refine_from": [RefineStep(CLICK)]}, "refine_from goes with one object, not with 2"),
        ([BOX], {"refine_from": [RefineStep(CLICK)] * (MAX_REFINE_STEPS + 1)}, "There are 17 steps"),
        ([CLICK], {"model": 3}, "model must be a name that /models lists, or null, not 3"),
        ([CLICK], {"multimask_output": 1}, "multimask must be true, false or null, not 1"),
        ([CLICK], {"multimask_output": "x" * 500}, "multimask must be true, false or null, not 'xxx"),
        ([CLICK], {"hq_token_only": None}, "hq_token_only must be true or false, not None"),
    ],
)
def test_what_does_not_go_together_is_refused_when_it_is_made(
    prompts: list[Prompt], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        Request(prompts, **options)
    assert len(str(caught.value)) < 150


def test_boxes_are_clipped_to_the_picture_in_prompts_and_in_steps() -> None:
    fitted = Request([BOX], refine_from=[RefineStep(BOX)]).within((8, 4))
    boxes = [prompt.box_xyxy for prompt in (fitted.prompt, fitted.refine_from[0].prompt)]
    assert boxes == [(1, 2, 8, 4)] * 2
    assert fitted == fitted.within((8, 4))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request([Prompt()]), "^Nothing is asked for"),
        (Request([BOX, Prompt(points=((8, 1),), labels=(1,))]), r"^Point 1 at \(8, 1\) is outside"),
        (Request([BOX], mask_prompt=Runs.from_mask(MASK.mask().T)), "mask prompt is 4x8, the picture 8x4"),
        (Request([BOX], ground_truth=Runs.from_mask(MASK.mask().T)), "ground truth is 4x8, the picture 8x4"),
        (Request([BOX], refine_from=[RefineStep(Prompt())]), "^Step 1 of refine_from: Nothing is asked for"),
    ],
)
def test_what_does_not_fit_the_picture_is_refused(request_: Request, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        request_.within((8, 4))


@pytest.mark.parametrize("start", [{"mask_prompt": MASK}, {"refine_from": [RefineStep(BOX)]}])
def test_a_prompt_that_starts_from_something_may_be_empty_and_gets_one_mask(start: dict[str, Any]) -> None:
    assert Request([Prompt()], **start).within((8, 4)).prompt == Prompt()
    assert Request([CLICK]).has_candidates(CLICK)
    assert not Request([CLICK], **start).has_candidates(CLICK)
    assert Request([CLICK], multimask_output=True, **start).has_candidates(CLICK)
