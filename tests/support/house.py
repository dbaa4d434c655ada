"""The example of a house, a plain shape that every model should find, and where examples are in the row."""

from __future__ import annotations

import json

import numpy as np

from samhq_demo.pictures import read_mask
from testbed.running_app import ROOT

EXAMPLES = json.loads((ROOT / "examples" / "examples.json").read_text())
HOUSE_AT, HEARTS_AT, ROCKET_AT = (
    next(at for at, example in enumerate(EXAMPLES) if example["file"] == file)
    for file in ("house.jpg", "hearts.jpg", "rocket.jpg")
)
HOUSE = ROOT / "examples" / "house.jpg"
SIZE_WH = (768, 576)
TRUTH = read_mask(ROOT / "examples" / "house.mask.png", size_wh=SIZE_WH).mask()


def inside(truth: np.ndarray) -> tuple[int, int]:
    """(x, y) well inside an object, apart from where its example clicks: the middle of its lower third."""
    rows = np.flatnonzero(truth.any(axis=1))
    y = int(rows[0] + 0.75 * (rows[-1] - rows[0]))
    x = int(np.median(np.flatnonzero(truth[y])))
    assert truth[y - 20 : y + 20, x - 20 : x + 20].all(), "the place must be well inside"
    return x, y
