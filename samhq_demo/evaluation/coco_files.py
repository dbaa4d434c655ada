"""COCO's JSON files: pictures with polygons or run lengths.

Such a file is read whole, as JSON is; it is the one thing that takes memory by the size of the set.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samhq_demo.evaluation.folders import DataSet, Item, Problem, inside
from samhq_demo.evaluation.truths import CocoObject, CocoObjects


def find_coco(folder: Path) -> DataSet:
    """The pictures of all COCO files in a folder or in its `annotations`."""
    files = [*sorted(folder.glob("*.json")), *sorted(folder.glob("annotations/*.json"))]
    items: list[Item] = []
    problems: list[Problem] = []
    for file in files:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            problems.append(Problem(file.name, f"It is no JSON file that can be read: {error}."))
            continue
        if _has_segmentations(content):
            _add(content, folder, file, items, problems, many=len(files) > 1)
    return DataSet("", tuple(items), tuple(problems))


def _has_segmentations(content: Any) -> bool:
    """Captions and key points come in files of the same form."""
    if not isinstance(content, dict):
        return False
    images, annotations = content.get("images"), content.get("annotations")
    if not (isinstance(images, list) and isinstance(annotations, list) and annotations):
        return False
    first = annotations[0]
    return isinstance(first, dict) and "segmentation" in first and "keypoints" not in first


def _add(
    content: Mapping[str, Any],
    folder: Path,
    file: Path,
    items: list[Item],
    problems: list[Problem],
    *,
    many: bool,
) -> None:
    """Crowds are left out: they are no object."""
    names = {one.get("id"): str(one.get("name")) for one in _dicts(content.get("categories"))}
    objects: dict[Any, list[CocoObject]] = defaultdict(list)
    for one in _dicts(content["annotations"]):
        if not one.get("iscrowd"):
            name = names.get(one.get("category_id"), "object")
            objects[one.get("image_id")].append(CocoObject(name, one.get("segmentation")))
    for image in _dicts(content["images"]):
        name = str(image.get("file_name") or "")
        try:
            size_wh = int(image["width"]), int(image["height"])
            picture = _picture(folder, file, name)
        except (KeyError, TypeError, ValueError) as error:
            sentence = str(error) if type(error) is ValueError else "Its width and height are not there."
            problems.append(Problem(f"{file.name}: {name or image.get('id')}", sentence))
            continue
        if found := objects.get(image.get("id")):
            group = file.stem if many else ""
            items.append(
                Item(f"{group}/{name}" if many else name, group, picture, CocoObjects(tuple(found), size_wh))
            )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _picture(folder: Path, file: Path, name: str) -> Path:
    """Beside the file or in a folder of a usual name: for `instances_val2017.json` also in `val2017`."""
    base = file.parent.parent if file.parent != folder else folder
    places = [base, file.parent, base / "images", base / file.stem, base / file.stem.rpartition("_")[2]]
    for place in places:
        if (path := inside(place, name)).is_file():
            return path
    raise ValueError("The picture is not there: put it beside the JSON file or into images/.")
