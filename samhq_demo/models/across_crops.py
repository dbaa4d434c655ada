"""What of all crops' masks is everything in a picture: each thing once, without small regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from samhq_demo.masks.boxes import BoxXYXY, nms_by_span, pixel_box
from samhq_demo.masks.regions import without_small_regions
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.results.everything import FoundMask, largest_first


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A mask in the picture, and the number of pixels of its crop."""

    mask: FoundMask
    box_xyxy: BoxXYXY
    crop_area: int


def finished(found: Sequence[Placed], options: EverythingOptions, *, crops: int) -> tuple[FoundMask, ...]:
    """One branch's masks of all crops, without duplicates and small regions."""
    if crops > 1:
        keep = nms_by_span(
            [placed.box_xyxy for placed in found],
            [np.float32(1) / np.float32(placed.crop_area) for placed in found],
            [placed.mask.stays for placed in found],
            iou_threshold=options.crop_nms_threshold,
        )
        masks = [replace(found[place].mask, stays=stays) for place, stays in keep]
    else:
        masks = [placed.mask for placed in found]
    if options.min_area:
        masks = _cleaned(masks, options)
    return largest_first(masks)


def _cleaned(masks: Sequence[FoundMask], options: EverythingOptions) -> list[FoundMask]:
    """Without small regions; of duplicates that this makes, one that it left as it was stays."""
    cleaned = [replace(mask, runs=without_small_regions(mask.runs, options.min_area)) for mask in masks]
    keep = nms_by_span(
        [pixel_box(mask.runs) for mask in cleaned],
        [float(after.runs is before.runs) for before, after in zip(masks, cleaned, strict=True)],
        [mask.stays for mask in cleaned],
        iou_threshold=max(options.box_nms_threshold, options.crop_nms_threshold),
    )
    return [replace(cleaned[place], stays=stays) for place, stays in keep]
