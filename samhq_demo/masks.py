"""Pure arithmetic on masks: boolean arrays of shape (H, W). No model, no drawing."""

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from .overlap import Overlap
from .runs import Runs

Mask = NDArray[np.bool_]
BoxXYWH = tuple[int, int, int, int]


class Rle(TypedDict):
    """COCO's compressed run lengths; `size` is [height, width]."""

    size: list[int]
    counts: str


def mask_iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two (H, W) masks, 0 to 1; two empty masks agree (1.0)."""
    a, b = _pair(a, b)
    return _iou(a, b)


def boundary_iou(a: Mask, b: Mask, *, dilation_ratio: float = 0.02) -> float:
    """Boundary IoU of two (H, W) masks, 0 to 1; two empty masks agree (1.0). See `Overlap`."""
    a, b = _pair(a, b)
    overlap = Overlap.between(Runs.from_mask(a), Runs.from_mask(b), dilation_ratio=dilation_ratio)
    return overlap.boundary_iou


def stability_score(above: int, below: int) -> float:
    """SAM's stability, 0 to 1: pixels with logits over +1 (`above`) by those over -1 (`below`)."""
    return above / below if below else 0.0


def bbox_xywh(mask: Mask) -> BoxXYWH:
    """The box around a (H, W) mask as (x, y, width, height) in pixels; all 0 for an empty mask."""
    mask = _boolean(mask)
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return 0, 0, 0, 0
    y, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
    columns = np.flatnonzero(mask[y : y + height].any(axis=0))
    return int(columns[0]), y, int(columns[-1] - columns[0] + 1), height


def rle_encode(mask: Mask) -> Rle:
    """A (H, W) mask in COCO's compressed form, with `counts` as text so that it goes into JSON."""
    return _from_coco(coco_mask.encode(np.asfortranarray(_boolean(mask).view(np.uint8))))


def rle_decode(rle: Rle) -> Mask:
    """The (H, W) mask that `rle_encode` was given."""
    decoded: Mask = coco_mask.decode(_to_coco(rle)).view(np.bool_)
    return decoded


def rle_union(rles: Sequence[Rle]) -> Rle:
    """The union of one or more masks of one size, without decoding them."""
    return _from_coco(coco_mask.merge([_to_coco(rle) for rle in rles]))


def rle_area(rle: Rle) -> int:
    """The number of pixels in the mask."""
    return int(coco_mask.area(_to_coco(rle)))


def rle_bbox(rle: Rle) -> BoxXYWH:
    """The box around the mask as (x, y, width, height) in pixels; all 0 for an empty mask."""
    x, y, width, height = coco_mask.toBbox(_to_coco(rle))
    return int(x), int(y), int(width), int(height)


def _iou(a: Mask, b: Mask) -> float:
    intersection = int(np.count_nonzero(a & b))
    union = int(np.count_nonzero(a)) + int(np.count_nonzero(b)) - intersection
    return intersection / union if union else 1.0


def _pair(a: Mask, b: Mask) -> tuple[Mask, Mask]:
    a, b = _boolean(a), _boolean(b)
    if a.shape != b.shape:
        raise ValueError(f"The masks must be of the same shape (height, width), not {a.shape} and {b.shape}.")
    return a, b


def _boolean(mask: Mask) -> Mask:
    boolean: Mask = np.asarray(mask).astype(np.bool_, copy=False)
    if boolean.ndim != 2:
        raise ValueError(f"A mask must have the shape (height, width), not {boolean.shape}.")
    return boolean


def _to_coco(rle: Rle) -> dict[str, Any]:
    return {"size": rle["size"], "counts": rle["counts"].encode("ascii")}


def _from_coco(coco: dict[str, Any]) -> Rle:
    height, width = coco["size"]
    return {"size": [int(height), int(width)], "counts": coco["counts"].decode("ascii")}
