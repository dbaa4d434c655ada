"""What the viewer in the browser asks: one object at a time, all that its answer depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.refinement import RefineStep, parse_refine_steps


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the browser.

    picture_id: a ticket of the picture store; it comes back from the browser, so nobody must guess it.
    sequence: the question's number; `answer_queued` sends it back with the answer.
    object_id: the object in the browser that is asked for.
    refine_from: earlier prompts whose answers are fed back, oldest first.
    is_sketch: the two masks for the screen are wanted soon; the rest is asked for once they are painted.
    mask, truth: a rough mask to start from and the true mask, still unchecked; see `SentMasks.find`.
    """

    picture_id: str
    sequence: int
    object_id: int
    prompt: Prompt
    model: str | None = None
    multimask: bool | None = None
    hq_token_only: bool = False
    refine_from: tuple[RefineStep, ...] = ()
    is_sketch: bool = False
    mask: Any = None
    truth: Any = None

    @classmethod
    def from_json(cls, data: Any) -> Question:
        """Read what the browser sent; ValueError says what is wrong with it."""
        if not isinstance(data, Mapping):
            raise ValueError("A question of the viewer must be an object.")
        return cls(
            picture_id=picture_id_of(data),
            sequence=_number(data, "sequence"),
            object_id=_number(data, "object"),
            prompt=Prompt.from_json(data.get("prompt") or {}),
            refine_from=parse_refine_steps(data.get("steps") or ()),
            is_sketch=data.get("is_sketch") is True,
            mask=data.get("mask"),
            truth=data.get("truth"),
            **settings_of(data),
        )

    def how(self) -> dict[str, Any]:
        """What the service is asked by name for a preview and for a comparison alike, but for the masks."""
        return {
            "model": self.model,
            "multimask": self.multimask,
            "hq_token_only": self.hq_token_only,
            "refine_from": self.refine_from,
        }


def picture_id_of(data: Mapping[str, Any]) -> str:
    picture_id = data.get("picture")
    if not isinstance(picture_id, str):
        raise ValueError("The question names no picture: choose one first.")
    return picture_id


def settings_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """How it is asked: {"model", "multimask", "hq_token_only"}; ValueError for one of another type."""
    model, multimask = data.get("model"), data.get("multimask")
    if not (model is None or isinstance(model, str)):
        raise ValueError("model must be a name or null.")
    if not (multimask is None or isinstance(multimask, bool)):
        raise ValueError("multimask must be true, false or null.")
    return {"model": model, "multimask": multimask, "hq_token_only": data.get("hq_token_only") is True}


def mask_of(rle: Any, *, size_wh: tuple[int, int]) -> Runs | None:
    """The mask of a browser's run lengths; None for None. ValueError where they are wrong."""
    return None if rle is None else parse_rle(rle, size_wh=size_wh)


def _number(mapping: Mapping[str, Any], key: str) -> int:
    value = mapping.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number.")
    return value
