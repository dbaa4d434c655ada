"""What one visitor has on the page: a value, edited by copy, kept by Gradio for that visitor alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from samhq_demo.prompts import PointLabel, PointXY, Prompt

Tool = Literal["object", "background", "box"]
TOOLS: tuple[Tool, ...] = ("object", "background", "box")
MAX_STEPS_BACK = 500


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor's picture, prompt and choices; no pixels and no embeddings.

    picture_id, file, size_wh: the picture's content id, the visitor's own file of it, and its size; None,
        None and (0, 0) while there is none.
    arrivals: counts pictures, so that the same picture sent again is news.
    corner_xy: where a box was begun, while its second corner is awaited.
    past: earlier prompts, oldest first.
    model: None is the one that answers; multimask: None is automatic.
    """

    picture_id: str | None = None
    file: Path | None = None
    size_wh: tuple[int, int] = (0, 0)
    arrivals: int = 0
    prompt: Prompt = Prompt()
    corner_xy: PointXY | None = None
    past: tuple[Prompt, ...] = ()
    model: str | None = None
    multimask: bool | None = None
    hq_token_only: bool = False

    @property
    def has_picture(self) -> bool:
        return self.picture_id is not None

    @property
    def asks_for_an_object(self) -> bool:
        """Whether the prompt says enough for an answer: background points alone do not."""
        named = self.prompt.box_xyxy is not None or PointLabel.OBJECT in self.prompt.labels
        return self.has_picture and named

    def with_picture(
        self, picture_id: str, *, file: Path, size_wh: tuple[int, int], prompt: Prompt | None = None
    ) -> Session:
        """Another picture, with its own prompt (none by default) and no past; the choices stay."""
        return replace(
            self.without_picture(),
            picture_id=picture_id,
            file=file,
            size_wh=size_wh,
            arrivals=self.arrivals + 1,
            prompt=prompt or Prompt(),
        )

    def without_picture(self) -> Session:
        return replace(
            self, picture_id=None, file=None, size_wh=(0, 0), prompt=Prompt(), corner_xy=None, past=()
        )

    def clicked(self, xy: PointXY, tool: Tool) -> Session:
        """A click at (x, y) picture pixels. A box takes two: the first only marks a corner.

        Raises ValueError for a point too many or a box without area; see `Prompt`.
        """
        if tool != "box":
            label = PointLabel.OBJECT if tool == "object" else PointLabel.BACKGROUND
            return self._with_prompt(self.prompt.with_point(*xy, label))
        if self.corner_xy is None:
            return replace(self, corner_xy=xy)
        return self._with_prompt(self.prompt.with_box((*self.corner_xy, *xy)))

    def undone(self) -> Session:
        """One step back: a begun box first, else the last edit; the same where nothing is left."""
        if self.corner_xy is not None:
            return replace(self, corner_xy=None)
        if not self.past:
            return self
        return replace(self, prompt=self.past[-1], past=self.past[:-1])

    def cleared(self) -> Session:
        """Without a prompt; `undone` brings it back."""
        cleared = replace(self, corner_xy=None)
        return cleared if self.prompt == Prompt() else cleared._with_prompt(Prompt())

    def with_choices(self, *, model: str | None, multimask: bool | None, hq_token_only: bool) -> Session:
        return replace(self, model=model, multimask=multimask, hq_token_only=hq_token_only)

    def _with_prompt(self, prompt: Prompt) -> Session:
        past = (*self.past, self.prompt)[-MAX_STEPS_BACK:]
        return replace(self, prompt=prompt, corner_xy=None, past=past)
