"""What the viewer in the browser asks: one object at a time, all that its answer depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.request import Request
from samhq_demo.ui.records import request_of, with_masks


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the browser.

    Attributes:
        picture_id: a ticket of the picture store; it comes back from the browser, so nobody must guess it.
        sequence: the question's number; `answer_queued` sends it back with the answer.
        object_id: the object in the browser that is asked for.
        request: what is asked, still without its masks; see `request_with_masks`.
        is_preview: the two masks for the screen are wanted soon; the rest is asked for once they are painted.
        mask, truth, void: a rough mask to start from, the true mask and the pixels that it leaves open, still
            unchecked; see `SentMasks.find`.
    """

    picture_id: str
    sequence: int
    object_id: int
    request: Request
    is_preview: bool = False
    mask: Any = None
    truth: Any = None
    void: Any = None

    @classmethod
    def from_json(cls, data: Any) -> Question:
        """Read a `QuestionJson`; ValueError says what is wrong with it."""
        if not isinstance(data, Mapping):
            raise ValueError("A question of the viewer must be an object.")
        return cls(
            picture_id=picture_id_of(data),
            sequence=number_of(data, "sequence"),
            object_id=number_of(data, "object"),
            request=request_of(data, settings=data),
            is_preview=data.get("is_preview") is True,
            mask=data.get("mask"),
            truth=data.get("truth"),
            void=data.get("void"),
        )

    def request_with_masks(self, read: Callable[[Any], Runs | None]) -> Request:
        """All that is asked, once `read` can make masks of what was sent."""
        return with_masks(self.request, {"mask": self.mask, "truth": self.truth, "void": self.void}, read)


def picture_id_of(data: Mapping[str, Any]) -> str:
    picture_id = data.get("picture")
    if not isinstance(picture_id, str):
        raise ValueError("The question names no picture: choose one first.")
    return picture_id


def number_of(mapping: Mapping[str, Any], key: str) -> int:
    value = mapping.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number.")
    return value
