"""One HTML file with the objects that SAM-HQ won and lost by most, their pictures, masks and prompts."""

from __future__ import annotations

import base64
import heapq
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from samhq_demo import handing_over
from samhq_demo.evaluation.folders import Item
from samhq_demo.evaluation.records import BranchRecord, ObjectRecord, PictureRecord
from samhq_demo.evaluation.truths import TrueObject
from samhq_demo.export.drawing import (
    OBJECT_RGB,
    SAM_HQ_RGB,
    SAM_RGB,
    Pixels,
    Rgb,
    View,
    with_mask,
    with_prompt,
)
from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.prompt import Prompt

_SIDE = 800
GONE = "Its files cannot be read any more."
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; }
body { margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
.row { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; }
figure { margin: 0; } img { width: 100%; height: auto; display: block; } figcaption { font-size: 13px; }
article { border-top: 1px solid #ccc; padding: 1rem 0; } h3 { margin: 0 0 .5rem; font-size: 1rem; }
.charts svg { max-width: 100%; height: auto; } pre { overflow-x: auto; background: #f5f5f5; padding: 1rem; }
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One object of the gallery."""

    picture: str
    item: ObjectRecord

    @property
    def gain(self) -> float:
        return self.item.sam_hq.iou - self.item.sam.iou


@dataclass(frozen=True, slots=True)
class ReadObject:
    """A picture and one of its true objects, read from their files."""

    picture: Picture
    truth: TrueObject


def choose(records: Iterable[PictureRecord], *, count: int) -> tuple[list[Chosen], list[Chosen]]:
    """The largest wins and the largest losses of SAM-HQ, each the largest first; no more are held at a time.

    Args:
        records: with their masks. Objects of equal gain come by the name of picture and object.
    """
    wins: list[tuple[float, str, str, Chosen]] = []
    losses: list[tuple[float, str, str, Chosen]] = []
    for record in records:
        for item in record.objects:
            chosen = Chosen(record.picture, item)
            for found, gain in ((wins, chosen.gain), (losses, -chosen.gain)):
                if gain > 0:
                    found.append((-gain, record.picture, item.name, chosen))
        for found in (wins, losses):
            found[:] = heapq.nsmallest(count, found, key=lambda one: one[:3])
    return [one[-1] for one in wins], [one[-1] for one in losses]


def gallery_html(
    wins: Iterable[Chosen],
    losses: Iterable[Chosen],
    *,
    items: Mapping[str, Item],
    title: str,
    report: str,
    charts: Iterable[str],
    settings: Mapping[str, Any],
    app: str,
) -> str:
    """The whole page; nothing in it is fetched from anywhere.

    Args:
        items: the pictures by their names, read again here; what cannot be read any more is left out.
        app: where the app runs; each object has a link that opens it there, and for doing that by hand its
            picture and a file of prompts.
    """
    parts = []
    for name, chosen in (("Largest wins of SAM-HQ", wins), ("Largest losses of SAM-HQ", losses)):
        articles = [_article(one, items.get(one.picture), settings=settings, app=app) for one in chosen]
        parts.append(f"<h2>{name}</h2>\n" + ("\n".join(articles) or "<p>There are none.</p>"))
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
            f"<h1>{escape(title)}</h1>\n<pre>{escape(report)}</pre>",
            f'<div class="charts">{"".join(charts)}</div>',
            *parts,
            f"<script>{handing_over.SCRIPT}</script>",
            "</body>\n</html>\n",
        ]
    )


def _article(chosen: Chosen, item: Item | None, *, settings: Mapping[str, Any], app: str) -> str:
    heading = f"<h3>{escape(heading_of(chosen))}</h3>"
    read = read_again(chosen, item)
    if item is None or read is None:
        return f"<article>{heading}<p>{GONE}</p></article>"
    links = _links(item, saved_prompts(chosen, read, settings), app=app)
    return f"<article>{heading}{figures_html(chosen, read)}{links}</article>"


def heading_of(chosen: Chosen) -> str:
    """Which object it is, and how much better SAM-HQ is there."""
    return f"{chosen.picture}: {chosen.item.name}, {100 * chosen.gain:+.1f} IoU"


def read_again(chosen: Chosen, item: Item | None) -> ReadObject | None:
    """The object's picture and truth; None where its files cannot be read any more."""
    if item is None:
        return None
    try:
        picture = read_picture(item.picture)
        truths = item.truths.read(picture.size_wh)
        return ReadObject(picture, next(one for one in truths if one.name == chosen.item.name))
    except (ValueError, StopIteration):
        return None


def figures_html(chosen: Chosen, read: ReadObject, *, side: int = _SIDE) -> str:
    """The truth and both answers over the picture; no side is longer than `side`."""
    picture = read.picture
    shown = View.of(picture.pixels, max_side=side)
    figures = [_figure(_truth_drawn(shown, read.truth.truth), "truth")]
    for name, answer, color in (
        ("SAM", chosen.item.sam, SAM_RGB),
        ("SAM-HQ", chosen.item.sam_hq, SAM_HQ_RGB),
    ):
        caption = f"{name}: IoU {100 * answer.iou:.1f}, boundary {100 * answer.boundary_iou:.1f}"
        figures.append(_figure(_answer_drawn(shown, answer, color, picture), caption))
    return f'<div class="row">{"".join(figures)}</div>'


def _truth_drawn(shown: View, truth: Runs) -> Pixels:
    return with_mask(shown, truth, color_rgb=OBJECT_RGB)


def _answer_drawn(shown: View, answer: BranchRecord, color: Rgb, picture: Picture) -> Pixels:
    assert answer.rle is not None, "the gallery's records have their masks"
    mask = parse_rle(answer.rle, size_wh=picture.size_wh)
    drawn = with_mask(shown, mask, color_rgb=color)
    return with_prompt(drawn, Prompt.from_json(answer.prompt), view=replace(shown, pixels=drawn))


def _figure(pixels: Pixels, caption: str) -> str:
    data = _data_url(_jpeg(pixels), "image/jpeg")
    words = escape(caption)
    return f'<figure><img alt="{words}" src="{data}"><figcaption>{words}</figcaption></figure>'


def _links(item: Item, saved: Mapping[str, Any], *, app: str) -> str:
    """To the app, and the two files that it loads: the picture's own, and the prompts."""
    name, stem = item.picture.name, item.picture.stem
    prompts = _data_url(json.dumps(saved).encode(), "application/json")
    shown = _data_url(item.picture.read_bytes(), "application/octet-stream")
    return (
        f'<p><a data-app href="{escape(app)}" target="_blank" rel="noopener">Open in the app</a>, '
        f'which has to run there; or give it <a download="{escape(name)}" href="{shown}">the picture</a> '
        f'and load <a download="{escape(stem)}.prompts.json" href="{prompts}">its prompt and truth</a> '
        "by hand.</p>"
    )


def saved_prompts(chosen: Chosen, read: ReadObject, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the page saves and loads: the prompt with the truth; after clicks of their own, one a branch."""
    sam, sam_hq = chosen.item.sam.prompt, chosen.item.sam_hq.prompt
    prompts = {chosen.item.name: sam}
    if sam != sam_hq:
        prompts = {f"{chosen.item.name}, SAM's clicks": sam, f"{chosen.item.name}, SAM-HQ's clicks": sam_hq}
    void = read.truth.void
    true = {
        "name": chosen.item.name,
        "rle": read.truth.truth.rle(),
        "void": None if void is None else void.rle(),
    }
    return {
        "image": {"width": read.picture.width, "height": read.picture.height},
        "objects": [{"name": name, "prompt": prompt, "truth": true} for name, prompt in prompts.items()],
        "settings": {
            "multimask": False if settings["prompt"] == "box" else None,
            "hq_token_only": settings["hq_token_only"],
        },
    }


def _jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=85)
    return file.getvalue()


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
