"""Files made of the masks on the screen: what the page's "Take it away" downloads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from PIL import Image

from samhq_demo.export.coco import coco_json
from samhq_demo.export.cutout import cutout
from samhq_demo.export.overlays import overlays
from samhq_demo.export.shown import ShownObject, parse_shown
from samhq_demo.export.svg import outlines_svg
from samhq_demo.pictures import Picture
from samhq_demo.results.comparison import Branch
from samhq_demo.ui.served import new_file, write_mask

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


def write_taken(asked: Mapping[str, Any], *, picture: Picture, name: str) -> dict[str, str]:
    """Write the file asked for, and say where it is and what to call it: {"path", "name"}.

    asked: {"what": a key of _ENDINGS, "model": "sam" or "sam_hq", "soft_edge", "objects": as in `shown`}.
    name: of the picture's file. Raises ValueError for anything else.
    """
    what, model = asked.get("what"), asked.get("model")
    if what not in _ENDINGS:
        raise ValueError(f"What to take must be one of {', '.join(_ENDINGS)}.")
    if model not in ("sam", "sam_hq"):
        raise ValueError("model must be sam or sam_hq.")
    objects = parse_shown(asked.get("objects"), size_wh=picture.size_wh)
    branch = cast(Branch, model)
    path = _write(what, objects, branch, picture, name=name, soft_edge=asked.get("soft_edge") is True)
    of = objects[0].name if what in _OF_ONE_OBJECT else ""
    whose = "" if what == "overlays" else branch
    words = [of, whose, what if what not in ("mask", "svg") else ""]
    return {"path": str(path), "name": f"{_file_name(name, words)}.{_ENDINGS[what]}"}


def _write(
    what: str,
    objects: Sequence[ShownObject],
    branch: Branch,
    picture: Picture,
    *,
    name: str,
    soft_edge: bool,
) -> Path:
    path = new_file(f"{what}.{_ENDINGS[what]}")
    if what in _OF_ONE_OBJECT:
        mask = objects[0].by(branch).runs
        if what == "mask":
            return write_mask(mask, name=what)
        Image.fromarray(cutout(picture.pixels, mask, soft_edge=soft_edge)).save(path, compress_level=4)
    elif what == "overlays":
        Image.fromarray(overlays(picture.pixels, objects)).save(path, compress_level=4)
    elif what == "svg":
        path.write_text(outlines_svg(objects, branch=branch, size_wh=picture.size_wh), encoding="utf-8")
    else:
        dataset = coco_json(
            objects,
            branch=branch,
            file_name=name,
            size_wh=picture.size_wh,
            segmentation="rle" if what == "coco-rle" else "polygons",
        )
        path.write_text(json.dumps(dataset), encoding="utf-8")
    return path


def _file_name(picture: str, words: Sequence[str]) -> str:
    """The picture's own name without its ending, as it is, and words of letters, digits and dashes."""
    stem = _NOT_IN_NAMES.sub("-", Path(picture).stem)
    clean = [re.sub(r"[^\w]+", "-", word).strip("-")[:60] for word in words]
    whole = _shortened(stem, max_bytes=MAX_STEM_BYTES)
    return "-".join(word for word in (whole, *clean) if word) or "samhq"


def _shortened(text: str, *, max_bytes: int) -> str:
    return text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore")
