"""Shown objects from masks, as the page would have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from samhq_demo.export.shown import ShownMask, ShownObject
from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import Prompt


def shown_object(
    sam: np.ndarray, sam_hq: np.ndarray | None = None, *, predicted_iou: float = 0.9, **changes: Any
) -> ShownObject:
    """An object with these masks; SAM-HQ's is SAM's where it is not given. predicted_iou is SAM's."""
    fields: dict[str, Any] = {
        "name": "Object 1",
        "color": "#56b4e9",
        "prompt": Prompt(),
        "sam": ShownMask(Runs.from_mask(sam), predicted_iou),
        "sam_hq": ShownMask(Runs.from_mask(sam if sam_hq is None else sam_hq), 1.05),
        **changes,
    }
    return ShownObject(**fields)
