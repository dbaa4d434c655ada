"""A prompt: points and a box in picture pixels. It is checked when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from numbers import Real
from typing import Any, TypedDict

from samhq_demo.parsing import is_finite_number, items_of, parse_each, short_repr

MAX_POINTS = 256
MAX_OBJECTS = 32

PointXY = tuple[float, float]
BoxXYXY = tuple[float, float, float, float]


class PointLabel(IntEnum):
    """What a point says about the object; the numbers are SAM's own."""

    BACKGROUND = 0
    OBJECT = 1


class PromptJson(TypedDict):
    """A prompt as it leaves Python; what comes in may leave out any key."""

    points: list[list[float]]
    labels: list[int]
    box: list[float] | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """One object asked for. Coordinates are pixels of the upright picture, origin top left, x first.

    Any sequences of numbers are taken and stored as tuples of floats. Raises ValueError (one sentence) for
    what is not finite, of the wrong length or number, a label other than 0 and 1, and a box without area.
    Whether the prompt asks for anything, and lies in the picture, is known only with it: see `within`.

    Attributes:
        points: up to MAX_POINTS (x, y) pairs.
        labels: one PointLabel a point, in the same order.
        box_xyxy: (x0, y0, x1, y1), put right where its corners came swapped; None: no box.
    """

    points: tuple[PointXY, ...] = ()
    labels: tuple[PointLabel, ...] = ()
    box_xyxy: BoxXYXY | None = None

    def __post_init__(self) -> None:
        points = _points(self.points)
        labels = _labels(self.labels)
        if len(points) != len(labels):
            raise ValueError(
                f"There are {len(points)} points but {len(labels)} labels: give one label for each point."
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "box_xyxy", None if self.box_xyxy is None else _box(self.box_xyxy))

    def with_point(self, x: float, y: float, label: PointLabel) -> "Prompt":
        return replace(self, points=(*self.points, (x, y)), labels=(*self.labels, label))

    def without_point(self, index: int) -> "Prompt":
        """Without the point at `index` (negative counts from the end); ValueError where there is none."""
        count = len(self.points)
        if not -count <= index < count:
            raise ValueError(f"There is no point {index} to take away: the prompt has {count} points.")
        before, after = slice(index % count), slice(index % count + 1, None)
        return replace(
            self,
            points=self.points[before] + self.points[after],
            labels=self.labels[before] + self.labels[after],
        )

    def with_box(self, box_xyxy: BoxXYXY) -> "Prompt":
        return replace(self, box_xyxy=box_xyxy)

    def without_box(self) -> "Prompt":
        return replace(self, box_xyxy=None)

    @property
    def is_single_point(self) -> bool:
        """One point and no box: the ambiguous case for which SAM's authors advise several candidates."""
        return len(self.points) == 1 and self.box_xyxy is None

    def has_candidates(self, multimask_output: bool | None, *, has_mask_input: bool) -> bool:
        """Whether several masks answer it: as is asked for, else where one point is all there is."""
        return self.is_single_point and not has_mask_input if multimask_output is None else multimask_output

    def within(self, size_wh: tuple[int, int], *, has_mask_prompt: bool = False) -> "Prompt":
        """This prompt fitted to a picture of `size_wh` pixels: a box that reaches over the edge is clipped.

        Raises ValueError for a prompt that asks for nothing, a point outside the picture, and a box that does
        not overlap it.
        """
        if self.box_xyxy is None and not has_mask_prompt and PointLabel.OBJECT not in self.labels:
            if self.points:
                raise ValueError(
                    "There are only background points: add a point on the object or a box around it."
                )
            raise ValueError("Nothing is asked for: give a point on the object, a box around it or a mask.")
        width, height = size_wh
        for number, (x, y) in enumerate(self.points, start=1):
            if not (0 <= x < width and 0 <= y < height):
                raise ValueError(
                    f"Point {number} at ({x:g}, {y:g}) is outside the picture: "
                    f"x must be from 0 to below {width} and y from 0 to below {height}."
                )
        if self.box_xyxy is None:
            return self
        return replace(self, box_xyxy=_clipped(self.box_xyxy, width, height))

    def to_json(self) -> PromptJson:
        return {
            "points": [[x, y] for x, y in self.points],
            "labels": [int(label) for label in self.labels],
            "box": None if self.box_xyxy is None else list(self.box_xyxy),
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> "Prompt":
        """Read {"points", "labels", "box"}, each of which may be absent or None; labels are then all 1."""
        if not isinstance(mapping, Mapping):
            raise ValueError(
                f"A prompt must be an object with the keys points, labels and box, not {short_repr(mapping)}."
            )
        unknown = [key for key in mapping if key not in ("points", "labels", "box")]
        if unknown:
            raise ValueError(
                f"A prompt has no key {short_repr(unknown[0])}: its keys are points, labels and box."
            )
        points = _points(() if mapping.get("points") is None else mapping["points"])
        labels = mapping.get("labels")
        return cls(
            points=points,
            labels=(PointLabel.OBJECT,) * len(points) if labels is None else labels,
            box_xyxy=mapping.get("box"),
        )


def parse_prompts(prompts: Any) -> tuple[Prompt, ...]:
    """Read a list of 1 to MAX_OBJECTS prompts in their JSON form; ValueError says which one is wrong."""
    items = items_of(prompts, rule="prompts must be a list of prompts")
    if not 1 <= len(items) <= MAX_OBJECTS:
        raise ValueError(f"There are {len(items)} prompts: give 1 to {MAX_OBJECTS}.")
    return parse_each(items, Prompt.from_json, name="Prompt {}")


def _points(value: Any) -> tuple[PointXY, ...]:
    items = items_of(value, rule="points must be a list of [x, y] pairs")
    if len(items) > MAX_POINTS:
        raise ValueError(f"There are {len(items)} points: a prompt takes at most {MAX_POINTS}.")
    points = []
    for number, item in enumerate(items, start=1):
        x, y = _numbers(item, 2, rule=f"Point {number} must be [x, y], two finite numbers")
        points.append((x, y))
    return tuple(points)


def _labels(value: Any) -> tuple[PointLabel, ...]:
    items = items_of(value, rule="labels must be a list of 0 and 1")
    if len(items) > MAX_POINTS:
        raise ValueError(f"There are {len(items)} labels: a prompt takes at most {MAX_POINTS} points.")
    return tuple(_label(item, number) for number, item in enumerate(items, start=1))


def _label(value: Any, number: int) -> PointLabel:
    if not isinstance(value, bool) and isinstance(value, Real) and value in (0, 1):
        return PointLabel(int(float(value)))
    raise ValueError(f"Label {number} must be 1 (object) or 0 (background), not {short_repr(value)}.")


def _box(value: Any) -> BoxXYXY:
    x0, y0, x1, y1 = _numbers(value, 4, rule="The box must be [x0, y0, x1, y1], four finite numbers")
    x0, x1 = sorted((x0, x1))
    y0, y1 = sorted((y0, y1))
    if x0 == x1 or y0 == y1:
        raise ValueError(
            f"The box {_box_text((x0, y0, x1, y1))} is empty: its corners must differ in both x and y."
        )
    return x0, y0, x1, y1


def _clipped(box_xyxy: BoxXYXY, width: int, height: int) -> BoxXYXY:
    x0, y0, x1, y1 = box_xyxy
    if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
        raise ValueError(
            f"The box {_box_text(box_xyxy)} does not overlap the picture, which is {width} x {height} pixels."
        )
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))


def _box_text(box_xyxy: BoxXYXY) -> str:
    return f"[{', '.join(f'{value:g}' for value in box_xyxy)}]"


def _numbers(value: Any, count: int, *, rule: str) -> tuple[float, ...]:
    items = items_of(value, rule=rule)
    if len(items) == count and all(is_finite_number(item) for item in items):
        return tuple(float(item) for item in items)
    raise ValueError(f"{rule}, not {short_repr(value)}.")
