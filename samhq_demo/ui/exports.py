"""Files made of the masks on the screen: what the page's Export downloads."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from samhq_demo.export.coco import coco_json
from samhq_demo.export.cutout import cutout
from samhq_demo.export.overlays import overlays
from samhq_demo.export.shown import ShownObject, parse_shown
from samhq_demo.export.svg import outlines_svg
from samhq_demo.measures import STAGE_SECONDS
from samhq_demo.pictures import Picture
from samhq_demo.results.comparison import Branch
from samhq_demo.ui.served import write_mask, write_once

_ENDINGS = {
    "mask": "png",
    "cutout": "png",
    "overlays": "png",
    "svg": "svg",
    "coco-rle": "json",
    "coco-polygons": "json",
}
_OF_ONE_OBJECT = {"mask", "cutout"}
MAX_STEM_BYTES = 120  # names of 255 bytes are the most that file systems take
# What Windows, macOS or Linux takes in no name.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Export:
    """One file that a visitor wants of what is on the screen.

    Attributes:
        kind: a key of _ENDINGS.
        branch: whose masks are in it; overlays show both.
        soft_edge: of a cutout.
    """

    kind: str
    branch: Branch
    soft_edge: bool
    objects: tuple[ShownObject, ...]

    @classmethod
    def from_json(cls, asked: Mapping[str, Any], *, size_wh: tuple[int, int]) -> Export:
        """Read an `ExportRequest` about a picture of `size_wh`; ValueError says what is wrong with it."""
        kind, branch = asked.get("what"), asked.get("branch")
        if not isinstance(kind, str) or kind not in _ENDINGS:
            raise ValueError(f"What to export must be one of {', '.join(_ENDINGS)}.")
        if branch not in ("sam", "sam_hq"):
            raise ValueError("branch must be sam or sam_hq.")
        objects = parse_shown(asked.get("objects"), size_wh=size_wh)
        return cls(kind, branch, asked.get("soft_edge") is True, objects)

    def file_name(self, picture_name: str) -> str:
        """What the file is called, after the picture's own name."""
        parts = [
            self.objects[0].name if self.kind in _OF_ONE_OBJECT else "",
            "" if self.kind == "overlays" else self.branch,
            self.kind if self.kind not in ("mask", "svg") else "",
        ]
        return f"{_file_name(picture_name, parts)}.{_ENDINGS[self.kind]}"


def write_export(export: Export, *, picture: Picture, picture_name: str) -> Path:
    """Write the file where Gradio serves it.

    Args:
        picture_name: of the picture's file, for a dataset.
    """
    kind = export.kind
    if kind == "mask":
        with STAGE_SECONDS.labels("export").time():
            return write_mask(export.objects[0].by(export.branch).runs, name=kind)
    write = partial(_write, export, picture=picture, picture_name=picture_name)
    key = _key(export, picture=picture, picture_name=picture_name)
    with STAGE_SECONDS.labels("export").time():
        return write_once(f"{kind}.{_ENDINGS[kind]}", write, key=key)


def _key(export: Export, *, picture: Picture, picture_name: str) -> str:
    """Stands for all that the file depends on, so that it is made once."""
    made_of = pickle.dumps((export, picture.content_id, picture_name))
    return hashlib.blake2b(made_of, digest_size=16).hexdigest()


def _write(export: Export, path: Path, *, picture: Picture, picture_name: str) -> None:
    kind, branch, objects = export.kind, export.branch, export.objects
    if kind == "cutout":
        cut = cutout(picture.pixels, objects[0].by(branch).runs, soft_edge=export.soft_edge)
        Image.fromarray(cut).save(path, compress_level=4)
    elif kind == "overlays":
        Image.fromarray(overlays(picture.pixels, objects)).save(path, compress_level=4)
    elif kind == "svg":
        path.write_text(outlines_svg(objects, branch=branch, size_wh=picture.size_wh), encoding="utf-8")
    else:
        dataset = coco_json(
            objects,
            branch=branch,
            file_name=picture_name,
            size_wh=picture.size_wh,
            segmentation="rle" if kind == "coco-rle" else "polygons",
        )
        path.write_text(json.dumps(dataset), encoding="utf-8")


def _file_name(picture_name: str, words: Sequence[str]) -> str:
    """The picture's own name without its ending, as it is, and words of letters, digits and dashes."""
    stem = _NOT_IN_NAMES.sub("-", Path(picture_name).stem)
    shortened = stem.encode("utf-8", "replace")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    clean = [re.sub(r"[^\w]+", "-", word).strip("-")[:60] for word in words]
    return "-".join(word for word in (shortened, *clean) if word) or "samhq"
