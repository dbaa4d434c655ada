"""What is asked: boxes, seeded clicks, and clicks in the errors as RITM's evaluation places them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from samhq_demo.evaluation.options import THRESHOLDS, EvaluationOptions
from samhq_demo.evaluation.prompting import (
    Questioner,
    Times,
    box_around,
    click_inside,
    random_clicks,
    with_correction,
)
from samhq_demo.evaluation.truths import TrueObject
from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.service import CompareService
from tests.support.data_sets import BLOB, STRIPE, bar, disc, picture_of
from tests.support.refusals import refusal


def ritm_click(
    true: np.ndarray, given: np.ndarray, clicked: list[tuple[int, int]], ignored: np.ndarray
) -> tuple[tuple[int, int], bool]:
    """The next click after RITM's paper, by OpenCV's distances: (x, y) and whether it is on the object."""
    free = np.ones(true.shape, bool)
    for x, y in clicked:
        free[y, x] = False
    depths = []
    for wrong in (true & ~given & ~ignored, ~true & given & ~ignored):
        padded = np.pad(wrong, 1).astype(np.uint8)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        depths.append(depth[1:-1, 1:-1] * free)
    is_object = depths[0].max() > depths[1].max()
    chosen = depths[0] if is_object else depths[1]
    y, x = (places[0] for places in np.nonzero(chosen == chosen.max()))
    return (int(x), int(y)), bool(is_object)


@pytest.mark.parametrize("seed", range(12))
def test_a_correction_goes_where_ritm_puts_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = disc((60, 60), 35)
    given = disc(tuple(rng.integers(40, 90, 2)), int(rng.integers(10, 50)))
    void = bar((50, 0, 60, 120)) if seed % 3 == 0 else np.zeros_like(true)
    item = TrueObject("one", Runs.from_mask(true), Runs.from_mask(void) if seed % 3 == 0 else None)
    prompt = click_inside(item.truth)
    for _ in range(4):
        clicked = [(int(x), int(y)) for x, y in prompt.points]
        expected, is_object = ritm_click(true, given, clicked, void)
        prompt = with_correction(prompt, Runs.from_mask(given), item)
        label = PointLabel.OBJECT if is_object else PointLabel.BACKGROUND
        assert (prompt.points[-1], prompt.labels[-1]) == (expected, label)


def test_nothing_is_asked_where_nothing_is_wrong() -> None:
    item = TrueObject("one", Runs.from_mask(BLOB), Runs.from_mask(STRIPE))
    prompt = click_inside(item.truth)
    assert with_correction(prompt, Runs.from_mask(BLOB | STRIPE), item) == prompt


def test_a_box_is_tight_and_ends_past_the_last_pixel() -> None:
    assert box_around(Runs.from_mask(bar((3, 4, 5, 9)))) == Prompt(box_xyxy=(3, 4, 5, 9))
    assert box_around(Runs.from_mask(bar((3, 4, 4, 5)))) == Prompt(box_xyxy=(3, 4, 4, 5))


def test_random_clicks_are_different_pixels_of_the_object_and_the_same_each_time() -> None:
    truth = Runs.from_mask(STRIPE)
    first, again = (random_clicks(truth, 5, np.random.default_rng(4)) for _ in range(2))
    assert first == again != random_clicks(truth, 5, np.random.default_rng(5))
    assert len(set(first.points)) == 5
    assert all(STRIPE[int(y), int(x)] for x, y in first.points)
    assert random_clicks(Runs.from_mask(bar((3, 4, 4, 5))), 5, np.random.default_rng(0)).points == ((3, 4),)


OBJECTS = (TrueObject("blob", Runs.from_mask(BLOB)), TrueObject("stripe", Runs.from_mask(STRIPE)))
PICTURE = Picture.from_pixels(picture_of(BLOB, STRIPE))


def test_boxes_are_answered_with_the_single_mask(service: CompareService) -> None:
    times = Times()
    answers = list(
        Questioner(service, None, EvaluationOptions()).ask(PICTURE, OBJECTS, name="a", times=times)
    )
    for item, (sam, sam_hq) in zip(OBJECTS, answers, strict=True):
        assert sam.prompt == sam_hq.prompt == box_around(item.truth)
        assert sam.runs != sam_hq.runs
    assert times.encode >= 0
    assert times.decode > 0


def test_a_seed_belongs_to_picture_and_object(service: CompareService) -> None:
    def points(seed: int, name: str) -> list[object]:
        options = EvaluationOptions("clicks", clicks=3, seed=seed)
        asked = Questioner(service, None, options).ask(PICTURE, OBJECTS, name=name, times=Times())
        return [sam.prompt.points for sam, _ in asked]

    assert points(1, "a") == points(1, "a")
    assert points(1, "a") != points(2, "a")
    assert points(1, "a") != points(1, "b")


def test_interactive_clicks_follow_each_branch_and_end(service: CompareService) -> None:
    options = EvaluationOptions("interactive", clicks=4)
    asked = Questioner(service, None, options).ask(PICTURE, OBJECTS, name="a", times=Times())
    for item, answers in zip(OBJECTS, asked, strict=True):
        for answer in answers:
            assert 1 <= len(answer.click_ious) <= 4
            assert answer.prompt.points[0] == click_inside(item.truth).points[0]
            assert len(answer.prompt.points) == len(answer.click_ious)
            assert answer.click_ious[-1] == answer.score.iou
            assert len(answer.click_ious) == 4 or answer.score.iou >= THRESHOLDS[-1]


def test_more_objects_than_a_request_takes_are_all_answered(service: CompareService) -> None:
    many = [
        TrueObject(str(n), Runs.from_mask(bar((4 * n, 0, 4 * n + 3, 20), size_wh=(160, 120))))
        for n in range(35)
    ]
    for options in (EvaluationOptions(), EvaluationOptions("interactive", clicks=1)):
        asked = Questioner(service, None, options).ask(PICTURE, many, name="a", times=Times())
        assert len(list(asked)) == 35


def test_options_that_do_not_go_together_are_refused() -> None:
    assert "goes without clicks" in refusal(EvaluationOptions, clicks=3)
    assert "from 1 to 20, not 21" in refusal(EvaluationOptions, "interactive", clicks=21)
    assert "no kind of prompt 'mask'" in refusal(EvaluationOptions, "mask")
    assert "not 0.5 and 0.1" in refusal(EvaluationOptions, least_share=0.5, largest_share=0.1)
    assert EvaluationOptions("interactive").clicks == 20
    assert EvaluationOptions("clicks").clicks == 1
