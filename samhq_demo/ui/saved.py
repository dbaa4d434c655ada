"""Prompts as the page saves them: JSON that can be kept, and loaded again over a picture of the same size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.parsing import parse_each
from samhq_demo.prompts.prompt import MAX_OBJECTS
from samhq_demo.prompts.refinement import CANDIDATES
from samhq_demo.prompts.request import Request
from samhq_demo.ui.records import request_of, settings_json, with_masks
from samhq_demo.ui.viewer.wire import Choice, FileMask, PromptsReply
from samhq_demo.ui.viewer.wire import SavedObject as SavedObjectJson

MAX_NUMBER = 9999
_COLOR = re.compile("#[0-9a-fA-F]{6}")
MAX_LENGTH = 15_000_000  # characters: as many as a request may bring, see `bodies`


def read_prompts(text: Any, *, size_wh: tuple[int, int]) -> PromptsReply:
    """The text of a `SavedFile` -> its objects and settings for the viewer.

    Raises ValueError (one sentence) where it is none, or of a picture of another size than `size_wh`.
    """
    saved = _parsed(text)
    image = saved.get("image")
    wanted = {"width": size_wh[0], "height": size_wh[1]}
    if image is not None and image != wanted:
        raise ValueError(
            f"These prompts are of another picture: this one is {size_wh[0]} x {size_wh[1]} pixels."
        )
    objects, settings = saved.get("objects"), saved.get("settings")
    if not isinstance(objects, list) or not 1 <= len(objects) <= MAX_OBJECTS:
        raise ValueError(f"The file must hold a list of 1 to {MAX_OBJECTS} objects.")
    read = parse_each(
        objects, partial(SavedObject.from_json, settings=settings, size_wh=size_wh), name="Object {}"
    )
    return {"objects": [one.to_json() for one in read], "settings": settings_json(read[0].request)}


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object of a saved file.

    Attributes:
        mask_name, truth_name: what the files of its masks were called.
        truth_how: how that of the truth was read.
        choice: which candidate of each branch was on the screen, 0 the best.
        number, color: which object it was and how it was drawn, "#rrggbb"; None where the file does not say.
    """

    name: str
    request: Request
    mask_name: str
    truth_name: str
    truth_how: str
    choice: Choice
    number: int | None
    color: str | None

    @classmethod
    def from_json(cls, item: Any, *, settings: Any, size_wh: tuple[int, int]) -> SavedObject:
        """Read a record with its name; ValueError where it is none, or not of a picture of `size_wh`."""
        if not isinstance(item, Mapping):
            raise ValueError("Each of the saved objects must be an object.")
        given = item.get("truth")
        truth: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        record = {**item, "void": {"rle": truth["void"]} if truth.get("void") else None}
        request = with_masks(request_of(item, settings=settings), record, partial(_mask, size_wh=size_wh))
        for prompt in (request.prompt, *(step.prompt for step in request.refine_from)):
            prompt.within(size_wh, has_mask_prompt=True)  # for its coordinates; background alone may stand
        choice = item.get("choice")
        return cls(
            name=_name(item),
            request=request,
            mask_name=_name(item.get("mask")),
            truth_name=_name(truth),
            truth_how=str(truth.get("how") or ""),
            choice=_choice(choice if isinstance(choice, Mapping) else {}),
            number=_number(item.get("number")),
            color=_color(item.get("color")),
        )

    def to_json(self) -> SavedObjectJson:
        """As the viewer's `objects` are; see `viewer_message`."""
        request = self.request
        truth = _mask_json(self.truth_name, request.ground_truth)
        if truth is not None:
            truth["void"] = None if request.void is None else request.void.rle()
            truth["how"] = self.truth_how
        return {
            "name": self.name,
            "number": self.number,
            "color": self.color,
            "prompt": request.prompt.to_json(),
            "steps": [step.to_json() for step in request.refine_from],
            "choice": self.choice,
            "mask": _mask_json(self.mask_name, request.mask_prompt),
            "truth": truth,
        }


def _parsed(text: Any) -> Mapping[str, Any]:
    if isinstance(text, str) and len(text) <= MAX_LENGTH:
        try:
            saved = json.loads(text)
        except (ValueError, RecursionError):
            saved = None
        if isinstance(saved, Mapping):
            return saved
    raise ValueError("The file holds no saved prompts: choose one that this page saved.")


def _mask(item: Any, *, size_wh: tuple[int, int]) -> Runs | None:
    if item is None:
        return None
    if not isinstance(item, Mapping):
        raise ValueError("A saved mask must be an object with a name and an rle.")
    return parse_rle(item.get("rle"), size_wh=size_wh)


def _mask_json(name: str, mask: Runs | None) -> FileMask | None:
    return None if mask is None else {"name": name, "rle": mask.rle()}


def _name(item: Any) -> str:
    return str(item.get("name") or "") if isinstance(item, Mapping) else ""


def _number(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_NUMBER:
        raise ValueError(f"An object's number must be 1 to {MAX_NUMBER}.")
    return value


def _color(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise ValueError("An object's color must be like #56b4e9.")
    return value


def _choice(item: Mapping[str, Any]) -> Choice:
    wanted = {branch: item.get(branch, 0) for branch in ("sam", "sam_hq")}
    for index in wanted.values():
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < CANDIDATES:
            raise ValueError(f"The choice of a candidate must be 0 to {CANDIDATES - 1}.")
    return {"sam": wanted["sam"], "sam_hq": wanted["sam_hq"]}
