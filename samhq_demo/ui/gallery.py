"""The examples on the page: a button with a small picture for each, in an order that fits what answers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from samhq_demo.service import CompareService
from samhq_demo.ui.examples import Example, in_order, thumbnail


class Gallery:
    """Made inside a Blocks. `buttons`: one a place, from the left; which example is there can change."""

    def __init__(self, service: CompareService, examples: Sequence[Example]) -> None:
        self._service = service
        self._examples = tuple(examples)
        self._built = self._order()
        # Buttons, so that keys and screen readers find them.
        with gr.Row(elem_id="examples", visible=bool(examples)), tempfile.TemporaryDirectory() as folder:
            self.buttons = tuple(
                gr.Button(
                    example.title,
                    icon=thumbnail(example.file, Path(folder) / f"{number}.jpg"),
                    size="sm",
                    min_width=0,
                    elem_id=f"example-{number}",
                    elem_classes=_kind(example),
                )
                for number, example in enumerate(self._built)
            )
        self._icons: dict[str, str] = {}
        for example, button in zip(self._built, self.buttons, strict=True):
            assert button.icon is not None, "each was made with one"
            self._icons[example.title] = button.icon["path"]
        for button in self.buttons:
            # Gradio's own copies, which would go with the visitors' old files.
            button.keep_in_cache.update(self._icons.values())

    def _order(self) -> tuple[Example, ...]:
        return in_order(self._examples, small=self._service.status().is_small)

    def in_new_order(self) -> list[Any]:
        """-> buttons, where another model has taken over since the page was built."""
        order = self._order()
        if order == self._built:
            return [gr.skip() for _ in self.buttons]
        return [
            gr.Button(example.title, icon=self._icons[example.title], elem_classes=_kind(example))
            for example in order
        ]


def _kind(example: Example) -> list[str]:
    """The style sheet writes on the small picture which of the two it is."""
    return ["photo" if example.is_photo else "drawing"]
