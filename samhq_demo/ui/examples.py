"""The pictures with prompts that the page offers, read from examples/examples.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from samhq_demo.prompts.prompt import Prompt
from samhq_demo.results.json_types import ObjectComparisonJson

# Twice the size in which the page shows it, for dense screens.
THUMBNAIL_WH = (192, 144)


@dataclass(frozen=True, slots=True)
class Example:
    """A picture's file and what to ask of it.

    Attributes:
        truth: the true mask's file, where the truth is known.
        is_thin: whether the object has thin parts, where SAM-HQ gains most.
        answer: the file with the bundled checkpoint's answer, where that is kept.
        source, license: whose the picture is, in words with links as in Markdown.
    """

    title: str
    file: Path
    prompt: Prompt
    truth: Path | None = None
    is_photo: bool = False
    is_thin: bool = False
    answer: Path | None = None
    source: str = ""
    license: str = ""

    @property
    def object_name(self) -> str:
        """Of a title such as "House: one click" what the prompt is for."""
        return self.title.partition(":")[0]

    def bundled_answer(self) -> ObjectComparisonJson | None:
        """What the bundled checkpoint answers, as the API writes an object; None where it is not kept."""
        return None if self.answer is None else json.loads(self.answer.read_text(encoding="utf-8"))


def read_examples(folder: Path) -> tuple[Example, ...]:
    """The examples of a folder's `examples.json`, in its order; none where there is no such file.

    Raises ValueError where an entry's prompt is wrong.
    """
    listing = folder / "examples.json"
    if not listing.is_file():
        return ()
    return tuple(
        Example(
            title=entry["title"],
            file=folder / entry["file"],
            prompt=Prompt.from_json(entry["prompt"]),
            truth=folder / entry["truth"] if entry.get("truth") else None,
            is_photo=entry.get("kind") == "photo",
            is_thin=entry.get("thin", False),
            answer=folder / entry["answer"] if entry.get("answer") else None,
            source=entry.get("source", ""),
            license=entry.get("license", ""),
        )
        for entry in json.loads(listing.read_text(encoding="utf-8"))
    )


def in_order(examples: Iterable[Example], *, small: bool) -> tuple[Example, ...]:
    """The examples as they are offered where a model answers that is `small`, or one that is not.

    A small model gets the folder's own order. Larger ones know photos: those come first, and of them those
    with thin parts.
    """
    if small:
        return tuple(examples)
    return tuple(sorted(examples, key=lambda one: (not one.is_photo, not (one.is_photo and one.is_thin))))


def thumbnail(file: Path, target: Path) -> Path:
    """Write a small JPEG of a picture to `target`, cut to one shape for all, and return it."""
    with Image.open(file) as image:
        ImageOps.fit(image.convert("RGB"), THUMBNAIL_WH).save(target, quality=85)
    return target
