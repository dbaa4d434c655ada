"""The pictures with prompts that the page offers, read from examples/examples.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from samhq_demo.prompts import Prompt

# Twice the size in which the page shows it, for dense screens.
THUMBNAIL_WH = (192, 144)


@dataclass(frozen=True, slots=True)
class Example:
    """A picture's file, what to ask of it, and its true mask's file where the truth is known."""

    title: str
    file: Path
    prompt: Prompt
    truth: Path | None = None

    @property
    def object_name(self) -> str:
        """Of a title such as "House: one click" what the prompt is for."""
        return self.title.partition(":")[0]


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
        )
        for entry in json.loads(listing.read_text(encoding="utf-8"))
    )


def thumbnail(file: Path, target: Path) -> Path:
    """Write a small JPEG of a picture to `target`, cut to one shape for all, and return it."""
    with Image.open(file) as image:
        ImageOps.fit(image.convert("RGB"), THUMBNAIL_WH).save(target, quality=85)
    return target
