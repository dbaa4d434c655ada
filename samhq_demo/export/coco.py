"""Objects as a COCO detection dataset of one picture, for tools that read COCO."""

from collections.abc import Sequence
from typing import Any, Literal

from samhq_demo.export.shown import ShownObject
from samhq_demo.masks.outlines import outlines
from samhq_demo.masks.runs import Runs
from samhq_demo.masks.simple_rings import simple_rings
from samhq_demo.results.comparison import Branch

Segmentation = Literal["rle", "polygons"]

_IMAGE_ID = 1


def coco_json(
    objects: Sequence[ShownObject],
    *,
    branch: Branch,
    file_name: str,
    size_wh: tuple[int, int],
    segmentation: Segmentation,
) -> dict[str, Any]:
    """One model's masks of `objects` as the content of a COCO annotation file, plain values for `json.dump`.

    An annotation's category is its object's name; objects of one name share one. `bbox` is [x, y, width,
    height] and `area` counts pixels, both of the mask itself. `score`, which is COCO's key for results, is
    the model's predicted IoU as it was: it can pass 1. An object with an empty mask has a category and no
    annotation, as COCO has no form for a mask of nothing.

    "rle": compressed run lengths, exact for every mask. `iscrowd` is 0 with them too, unlike in COCO's own
    files: each is one object, and training code leaves out what is marked as a crowd.
    "polygons": the mask's outer rings along the edges of its pixels, each a valid polygon. pycocotools fills
    them to the very pixels of the mask, as long as it has no holes: COCO's polygons know none, so holes are
    filled, and the description in `info` says how many.

    `licenses` is empty, as nobody told this app whose picture it is; readers want the key.

    Args:
        file_name, size_wh: the picture's.
    """
    width, height = size_wh
    names = list(dict.fromkeys(shown.name for shown in objects))
    category_ids = {name: number for number, name in enumerate(names, start=1)}
    annotations: list[dict[str, Any]] = []
    for shown in objects:
        mask = shown.by(branch).runs
        if not mask.area:
            continue
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": _IMAGE_ID,
                "category_id": category_ids[shown.name],
                "bbox": list(mask.bbox_xywh),
                "area": mask.area,
                "iscrowd": 0,
                "segmentation": mask.rle() if segmentation == "rle" else _polygons(mask),
                "score": shown.by(branch).predicted_iou,
            }
        )
    filled = _filled(objects, branch=branch) if segmentation == "polygons" else ""
    return {
        "info": {"description": f"{'SAM' if branch == 'sam' else 'SAM-HQ'}'s masks of {file_name}{filled}"},
        "licenses": [],
        "images": [{"id": _IMAGE_ID, "file_name": file_name, "width": width, "height": height}],
        "categories": [{"id": category_ids[name], "name": name} for name in names],
        "annotations": annotations,
    }


def _filled(objects: Sequence[ShownObject], *, branch: Branch) -> str:
    """What the polygons do not say of the masks; empty where they say all."""
    holes = sum(ring.is_hole for shown in objects for ring in outlines(shown.by(branch).runs))
    if not holes:
        return ""
    return (
        f"; polygons cannot hold holes, so {holes} {'hole is' if holes == 1 else 'holes are'} filled in them"
    )


def _polygons(mask: Runs) -> list[list[int]]:
    """[[x0, y0, x1, y1, ...], ...], one for each outer ring."""
    return [ring.corners_xy.ravel().tolist() for ring in simple_rings(mask)]
