"""Asking both branches for a picture's objects: by boxes, by random clicks, by clicks in the errors."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from samhq_demo.evaluation.metrics import MaskScore, deepest
from samhq_demo.evaluation.options import THRESHOLDS, EvaluationOptions
from samhq_demo.evaluation.truths import TrueObject
from samhq_demo.masks.runs import Mask, Runs
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import MAX_OBJECTS, PointLabel, Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Branch, MaskPrediction, ObjectComparison
from samhq_demo.service import CompareService

T = TypeVar("T")

BRANCHES: tuple[Branch, ...] = ("sam", "sam_hq")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one branch made of one object.

    Attributes:
        prompt: the last one that it was asked.
        click_ious: after each click of an interactive session.
    """

    prompt: Prompt
    runs: Runs
    predicted_iou: float
    score: MaskScore
    click_ious: tuple[float, ...] = ()


@dataclass(slots=True)
class Times:
    """Milliseconds that one picture took; `encode` and `decode` are the service's."""

    encode: float = 0.0
    decode: float = 0.0


@dataclass(frozen=True, slots=True)
class Questioner:
    """Asks one service for the objects of one picture, as the options say."""

    service: CompareService
    model: str | None
    options: EvaluationOptions

    def ask(
        self, picture: Picture, objects: Sequence[TrueObject], *, name: str, times: Times
    ) -> Iterator[tuple[Answer, Answer]]:
        """SAM's answer and SAM-HQ's to each object, in order; name: the picture's.

        Args:
            times: what it took is added there.
        """
        if self.options.prompt == "interactive":
            for some in _in_batches(objects, MAX_OBJECTS // len(BRANCHES)):
                yield from self._interactive(picture, some, times)
            return
        for some in _in_batches(objects, MAX_OBJECTS):
            prompts = [self._prompt(item, name) for item in some]
            for item, found in zip(some, self._compare(picture, prompts, times), strict=True):
                yield (
                    _answer(found.prompt, found.sam, item),
                    _answer(found.prompt, found.sam_hq, item),
                )

    def _prompt(self, item: TrueObject, name: str) -> Prompt:
        if self.options.prompt == "box":
            return box_around(item.truth)
        assert self.options.clicks is not None, "it has a default"
        seed = [self.options.seed, zlib.crc32(name.encode()), zlib.crc32(item.name.encode())]
        return random_clicks(item.truth, self.options.clicks, np.random.default_rng(seed))

    def _compare(
        self, picture: Picture, prompts: Sequence[Prompt], times: Times
    ) -> tuple[ObjectComparison, ...]:
        """One request: the picture is encoded once, and prompts of one kind are decoded together."""
        request = Request(
            tuple(prompts),
            model=self.model,
            multimask_output=False if self.options.prompt == "box" else None,
            hq_token_only=self.options.hq_token_only,
        )
        found = self.service.compare(picture, request)
        times.encode += found.milliseconds["encode"]
        times.decode += found.milliseconds["decode"]
        return found.objects

    def _interactive(
        self, picture: Picture, objects: Sequence[TrueObject], times: Times
    ) -> Iterator[tuple[Answer, Answer]]:
        """All sessions take their next click together, as far as they have one."""
        sessions = [
            _Session(item, branch, click_inside(item.truth)) for item in objects for branch in BRANCHES
        ]
        while going := [one for one in sessions if not one.is_over(self.options)]:
            answers = self._compare(picture, [one.prompt for one in going], times)
            for session, found in zip(going, answers, strict=True):
                session.take(found)
        for sam, sam_hq in _in_batches(sessions, len(BRANCHES)):
            assert sam.answer is not None and sam_hq.answer is not None, "each was asked once at least"
            yield sam.answer, sam_hq.answer


@dataclass(slots=True)
class _Session:
    """The clicks of one branch on one object; the points alone are asked, no mask of before.

    Attributes:
        prompt: what is asked next.
        answer: the last one.
    """

    item: TrueObject
    branch: Branch
    prompt: Prompt
    answer: Answer | None = None

    def is_over(self, options: EvaluationOptions) -> bool:
        if self.answer is None:
            return False
        is_enough = len(self.prompt.points) > (options.clicks or 0) or self.answer.score.iou >= THRESHOLDS[-1]
        return is_enough or self.prompt == self.answer.prompt

    def take(self, found: ObjectComparison) -> None:
        """Take the branch's answer to the prompt, and find the next click."""
        made = found.sam if self.branch == "sam" else found.sam_hq
        before = () if self.answer is None else self.answer.click_ious
        self.answer = _answer(found.prompt, made, self.item, ious=before)
        self.prompt = with_correction(found.prompt, made.runs, self.item)


def box_around(truth: Runs) -> Prompt:
    """The tight box; its right and lower sides lie one past the last pixel."""
    x, y, width, height = truth.bbox_xywh
    return Prompt(box_xyxy=(x, y, x + width, y + height))


def click_inside(truth: Runs) -> Prompt:
    """A click on the deepest pixel of the object."""
    return Prompt(points=(deepest(truth.mask())[0],), labels=(PointLabel.OBJECT,))


def random_clicks(truth: Runs, count: int, rng: np.random.Generator) -> Prompt:
    """Different pixels of the object; all of them where it has no more than `count`."""
    places = _numbers_of_pixels(truth)
    chosen = places[rng.choice(places.size, min(count, places.size), replace=False)]
    xs, ys = np.divmod(chosen, truth.size_hw[0])
    points = tuple(zip(xs.tolist(), ys.tolist(), strict=True))
    return Prompt(points=points, labels=(PointLabel.OBJECT,) * len(points))


def with_correction(prompt: Prompt, answer: Runs, item: TrueObject) -> Prompt:
    """The prompt with one more click where the answer is wrong: the deepest pixel of all its errors.

    As in the evaluation of RITM (Sofiiuk et al. 2021): what is missing and what is too much are measured
    apart, the deeper of the two gets the click, what is too much where both are equal, and no pixel gets a
    second one. Where nothing but void and clicked pixels is wrong, the prompt stays as it is.
    """
    true, given = item.truth.mask(), answer.mask()
    wrong = true ^ given
    if item.void is not None:
        wrong &= ~item.void.mask()
    clicked = [(int(x), int(y)) for x, y in prompt.points]
    missing = _deepest_or_none(wrong & true, clicked)
    too_much = _deepest_or_none(wrong & given, clicked)
    if missing is not None and (too_much is None or missing[1] > too_much[1]):
        return prompt.with_point(*missing[0], PointLabel.OBJECT)
    return prompt if too_much is None else prompt.with_point(*too_much[0], PointLabel.BACKGROUND)


def _deepest_or_none(mask: Mask, clicked: list[tuple[int, int]]) -> tuple[tuple[int, int], float] | None:
    try:
        return deepest(mask, but_not=clicked)
    except ValueError:
        return None


def _numbers_of_pixels(truth: Runs) -> np.ndarray:
    """x * height + y of each pixel, (area,)."""
    return np.flatnonzero(truth.mask().T)


def _answer(
    prompt: Prompt, made: MaskPrediction, item: TrueObject, *, ious: tuple[float, ...] | None = None
) -> Answer:
    """ious: of the clicks before, in an interactive session."""
    score = MaskScore.of(made.runs, item.truth, void=item.void)
    return Answer(prompt, made.runs, made.predicted_iou, score, () if ious is None else (*ious, score.iou))


def _in_batches(items: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    return (items[at : at + count] for at in range(0, len(items), count))
