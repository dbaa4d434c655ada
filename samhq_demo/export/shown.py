"""The objects on a visitor's screen, with both models' masks. Everything a browser sends is checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.parsing import is_finite_number, items_of, parse_each, short_repr
from samhq_demo.prompts.prompt import MAX_OBJECTS, Prompt
from samhq_demo.results.comparison import Branch

# Of an object, on the page and in files.
MAX_NAME = 60

_COLOR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class ShownMask:
    """One model's mask of an object, at the picture's full size.

    Attributes:
        predicted_iou: SAM's own estimate of the mask's IoU; it can pass 1. ValueError where it is not finite.
    """

    runs: Runs
    predicted_iou: float

    def __post_init__(self) -> None:
        score = self.predicted_iou
        if not is_finite_number(score):
            raise ValueError(f"predicted_iou must be a finite number, not {short_repr(score)}.")
        object.__setattr__(self, "predicted_iou", float(score))

    @classmethod
    def from_json(cls, mapping: Any, *, size_wh: tuple[int, int]) -> "ShownMask":
        """Read {"rle", "predicted_iou"}, for a picture of `size_wh` pixels."""
        fields = _fields(mapping, "A shown mask", ("rle", "predicted_iou"))
        return cls(parse_rle(fields["rle"], size_wh=size_wh), fields["predicted_iou"])


@dataclass(frozen=True, slots=True)
class ShownObject:
    """One object on the screen: its name and color there, what was asked, and both models' answers.

    Attributes:
        name: 1 to MAX_NAME characters, not only blanks.
        color: "#rrggbb". ValueError for any other.
    """

    name: str
    color: str
    prompt: Prompt
    sam: ShownMask
    sam_hq: ShownMask

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or len(self.name) > MAX_NAME:
            raise ValueError(
                f"An object's name must be text of 1 to {MAX_NAME} characters, not {short_repr(self.name)}."
            )
        if not isinstance(self.color, str) or not _COLOR.fullmatch(self.color):
            raise ValueError(f"An object's color must be like #56b4e9, not {short_repr(self.color)}.")
        # Half of a surrogate pair, which JavaScript leaves where it cuts a text, cannot be written to a file.
        object.__setattr__(self, "name", self.name.encode("utf-8", "replace").decode("utf-8"))
        object.__setattr__(self, "color", self.color.lower())

    def by(self, branch: Branch) -> ShownMask:
        """That branch's mask."""
        return self.sam if branch == "sam" else self.sam_hq

    @classmethod
    def from_json(cls, mapping: Any, *, size_wh: tuple[int, int]) -> "ShownObject":
        """Read {"name", "color", "prompt", "sam", "sam_hq"} for a picture of `size_wh` pixels.

        Raises ValueError (one sentence) for anything else, for masks not of the picture's size and for a
        prompt that lies outside it.
        """
        fields = _fields(mapping, "A shown object", ("name", "color", "prompt", "sam", "sam_hq"))
        return cls(
            name=fields["name"],
            color=fields["color"],
            # Whether the prompt asks for enough is no question here: it was answered.
            prompt=Prompt.from_json(fields["prompt"]).within(size_wh, has_mask_prompt=True),
            sam=ShownMask.from_json(fields["sam"], size_wh=size_wh),
            sam_hq=ShownMask.from_json(fields["sam_hq"], size_wh=size_wh),
        )


def parse_shown(objects: Any, *, size_wh: tuple[int, int]) -> tuple[ShownObject, ...]:
    """Read a list of 1 to MAX_OBJECTS objects in their JSON form; ValueError says which one is wrong."""
    items = items_of(objects, rule="objects must be a list of shown objects")
    if not 1 <= len(items) <= MAX_OBJECTS:
        raise ValueError(f"There are {len(items)} objects with masks: 1 to {MAX_OBJECTS} can be exported.")
    return parse_each(items, partial(ShownObject.from_json, size_wh=size_wh), name="Object {}")


def _fields(mapping: Any, noun: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if isinstance(mapping, Mapping) and set(mapping) == set(keys):
        return mapping
    raise ValueError(
        f"{noun} must be an object with the keys {', '.join(keys[:-1])} and {keys[-1]}, "
        f"not {short_repr(mapping)}."
    )
