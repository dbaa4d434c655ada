"""The example that the page opens with, answered before anybody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samhq_demo.pictures import read_mask, read_picture
from samhq_demo.prompts.request import Request
from samhq_demo.results.json_types import ObjectComparisonJson
from samhq_demo.service import CompareService
from samhq_demo.ui.examples import Example, in_order


@dataclass(frozen=True, slots=True)
class Opened:
    """An example, and the answer to its prompt as the API writes an object; None while that is not known."""

    example: Example
    answer: ObjectComparisonJson | None


class Opening:
    """Which example a new visitor sees, and the answer to it. Safe under threads.

    A model's answer is computed in the background as soon as the model is loaded, which also leaves the
    picture encoded. Until then the bundled checkpoint's, which is kept beside the examples, is there.
    """

    def __init__(self, service: CompareService, examples: Sequence[Example]) -> None:
        self._service = service
        self._examples = tuple(examples)
        self._answered: dict[str, Opened] = {}  # by the model's name

    def answer_ahead(self) -> None:
        """Begin to answer for the model that answers, and for each that takes over. Returns at once."""
        if self._examples:
            self._service.when_loaded(self._answer)

    def now(self) -> Opened | None:
        """What a visitor who comes now sees; None where there are no examples."""
        if not self._examples:
            return None
        status = self._service.status()
        answered = self._answered.get(status.model or "")
        if answered is not None:
            return answered
        example = in_order(self._examples, small=status.is_small)[0]
        return Opened(example, example.bundled_answer() if self._service.is_bundled() else None)

    def _answer(self, model: str) -> None:
        example = in_order(self._examples, small=self._service.is_small(model))[0]
        picture = read_picture(example.file)
        truth = None if example.truth is None else read_mask(example.truth, size_wh=picture.size_wh)
        request = Request((example.prompt,), model=model, ground_truth=truth)
        answer = self._service.compare(picture, request).to_json()["objects"][0]
        self._answered[model] = Opened(example, answer)
