"""Prompts as the page saves them: JSON that can be kept, and loaded again over a picture of the same size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from samhq_demo.masks.runs import parse_rle
from samhq_demo.prompts.prompt import MAX_OBJECTS, Prompt
from samhq_demo.prompts.refinement import CANDIDATES, parse_refine_steps
from samhq_demo.ui.question import settings_of

MAX_LENGTH = 32_000_000  # characters: room for 32 objects with two ragged masks each


def read_prompts(text: Any, *, size_wh: tuple[int, int]) -> dict[str, Any]:
    """The text of a saved file -> {"objects", "settings"} for the viewer.

    Raises ValueError (one sentence) where it is none, or of a picture of another size than `size_wh`.
    """
    saved = _parsed(text)
    image = saved.get("image")
    wanted = {"width": size_wh[0], "height": size_wh[1]}
    if image is not None and image != wanted:
        raise ValueError(
            f"These prompts are of another picture: this one is {size_wh[0]} x {size_wh[1]} pixels."
        )
    objects = saved.get("objects")
    if not isinstance(objects, list) or not 1 <= len(objects) <= MAX_OBJECTS:
        raise ValueError(f"The file must hold a list of 1 to {MAX_OBJECTS} objects.")
    settings = saved.get("settings")
    return {
        "objects": [_object(item, size_wh=size_wh) for item in objects],
        "settings": settings_of(settings if isinstance(settings, Mapping) else {}),
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


def _object(item: Any, *, size_wh: tuple[int, int]) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise ValueError("Each of the saved objects must be an object.")
    prompt = Prompt.from_json(item.get("prompt") or {})
    steps = parse_refine_steps(item.get("steps") or ())
    mask, truth = (_mask(item.get(key), size_wh=size_wh) for key in ("mask", "truth"))
    prompt.within(size_wh, has_mask_prompt=True)  # for its coordinates; background alone may stand
    for step in steps:
        step.prompt.within(size_wh, has_mask_prompt=True)
    choice = item.get("choice")
    return {
        "name": str(item.get("name") or ""),
        "prompt": prompt.to_json(),
        "steps": [step.to_json() for step in steps],
        "choice": _choice(choice if isinstance(choice, Mapping) else {}),
        "mask": mask,
        "truth": truth,
    }


def _mask(item: Any, *, size_wh: tuple[int, int]) -> dict[str, Any] | None:
    if item is None:
        return None
    if not isinstance(item, Mapping):
        raise ValueError("A saved mask must be an object with a name and an rle.")
    return {"name": str(item.get("name") or ""), "rle": parse_rle(item.get("rle"), size_wh=size_wh).rle()}


def _choice(item: Mapping[str, Any]) -> dict[str, int]:
    wanted = {model: item.get(model, 0) for model in ("sam", "sam_hq")}
    for index in wanted.values():
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < CANDIDATES:
            raise ValueError(f"The choice of a candidate must be 0 to {CANDIDATES - 1}.")
    return wanted
