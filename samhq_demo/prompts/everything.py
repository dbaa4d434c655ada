"""How everything in a picture is asked for: grids of points over the whole and over crops, and filters."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq_demo.parsing import is_finite_number, short_repr

# Of all crops together. With ViT-B on two cores the points of the default, 1,024, take half a minute.
MAX_GRID_POINTS = 2**16
MIN_MEMORY_MB = 16

# Each whole number with its least value, each share of 1.
_COUNTS = {
    "points_per_side": 1,
    "crop_layers": 0,
    "min_area": 0,
    "crop_points_downscale": 1,
    "memory_mb": MIN_MEMORY_MB,
}
_SHARES = (
    "predicted_iou_threshold",
    "stability_threshold",
    "box_nms_threshold",
    "crop_nms_threshold",
    "crop_overlap",
)


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture that is segmented by itself: (x0, y0, x1, y1) in its pixels, x1 and y1 excluded.

    Attributes:
        layer: 0 is the whole picture; layer i has 2**i by 2**i crops.
    """

    box_xyxy: tuple[int, int, int, int]
    layer: int

    @property
    def size_wh(self) -> tuple[int, int]:
        x0, y0, x1, y1 = self.box_xyxy
        return x1 - x0, y1 - y0


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingOptions:
    """What the official `SamAutomaticMaskGenerator` (segment-anything 1.0) is told, with its defaults.

    Raises ValueError (one sentence) for a value out of its range, and where there are too many points.

    Attributes:
        points_per_side: a grid of so many points by so many asks for masks.
        predicted_iou_threshold: masks stay whose predicted IoU is over it; 0 keeps all.
        stability_threshold: masks stay that are at least so stable; 0 keeps all.
        stability_offset: how far the threshold of the logits is moved up and down to tell a mask's stability.
        box_nms_threshold: of two masks whose boxes have a larger IoU, that with the higher predicted IoU
            stays.
        crop_layers: how many layers of ever smaller crops are segmented besides the whole picture.
        crop_nms_threshold: the same between crops, where the mask of the smaller crop stays.
        crop_overlap: by which share of the picture's short side the crops of the first layer overlap.
        crop_points_downscale: a layer's grid has so many times fewer points a side than the layer before.
        min_area: holes and separate pieces of fewer pixels are removed; 0 removes none.
        all_stabilities: also what stays with a higher stability threshold: there a mask may be no duplicate
            any more, as a surer one is not stable enough. Each mask then says with which it stays.
        memory_mb: what may be held beside the models, the picture, its embedding and the masks that stay,
            whatever the number of points; but one point at a time is always decoded (with ViT-B some 160 MB).
            A GPU's own memory is not counted.
    """

    points_per_side: int = 32
    predicted_iou_threshold: float = 0.88
    stability_threshold: float = 0.95
    box_nms_threshold: float = 0.7
    crop_layers: int = 0
    min_area: int = 0
    stability_offset: float = 1.0
    crop_nms_threshold: float = 0.7
    crop_overlap: float = 512 / 1500
    crop_points_downscale: int = 1
    memory_mb: int = 512
    all_stabilities: bool = False

    def __post_init__(self) -> None:
        for name, least in _COUNTS.items():
            object.__setattr__(self, name, _count(getattr(self, name), name, least))
        for name in _SHARES:
            object.__setattr__(self, name, _share(getattr(self, name), name))
        if not is_finite_number(self.stability_offset) or self.stability_offset < 0:
            raise ValueError(
                f"stability_offset must be a number from 0 on, not {short_repr(self.stability_offset)}."
            )
        if self.points_per_side < self.crop_points_downscale**self.crop_layers:
            raise ValueError(
                f"The last of {self.crop_layers} crop layers would have no points: give more points_per_side "
                f"than {self.points_per_side}, fewer crop_layers or a smaller crop_points_downscale."
            )
        self._check_number_of_points()

    def _check_number_of_points(self) -> None:
        # Layer after layer, so that a huge number of layers is not counted to its end.
        total = 0
        for layer in range(self.crop_layers + 1):
            total += 4**layer * self.points_in_layer(layer) ** 2
            if total > MAX_GRID_POINTS:
                raise ValueError(
                    f"points_per_side {self.points_per_side} with crop_layers {self.crop_layers} makes over "
                    f"{MAX_GRID_POINTS:,} points: give fewer of either."
                )

    @classmethod
    def of(cls, **asked: Any) -> EverythingOptions:
        """From what a request says, where None stands for the default."""
        return cls(**{name: value for name, value in asked.items() if value is not None})

    def points_in_layer(self, layer: int) -> int:
        """The number of points on a side of the grid over each crop of a layer."""
        return int(self.points_per_side / self.crop_points_downscale**layer)

    def points(self, crop: Crop) -> NDArray[np.float64]:
        """The grid's points in a crop, row by row: (N, 2), (x, y) in the crop's pixels."""
        count = self.points_in_layer(crop.layer)
        at = np.linspace(1 / (2 * count), 1 - 1 / (2 * count), count)
        x, y = np.meshgrid(at, at)
        return np.stack([x.ravel(), y.ravel()], axis=1) * np.array(crop.size_wh)

    def crops(self, size_wh: tuple[int, int]) -> tuple[Crop, ...]:
        """The whole picture of `size_wh` pixels, then its crops layer by layer, column by column."""
        width, height = size_wh
        crops = [Crop((0, 0, width, height), 0)]
        for layer in range(1, self.crop_layers + 1):
            per_side = 2**layer
            overlap = int(self.crop_overlap * min(size_wh) * (2 / per_side))
            crop_w, crop_h = (math.ceil((overlap * (per_side - 1) + side) / per_side) for side in size_wh)
            for i, j in itertools.product(range(per_side), repeat=2):
                x0, y0 = (crop_w - overlap) * i, (crop_h - overlap) * j
                if x0 < width and y0 < height:  # of a few pixels there are not so many crops
                    crops.append(Crop((x0, y0, min(x0 + crop_w, width), min(y0 + crop_h, height)), layer))
        return tuple(crops)


DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(EverythingOptions)}
"""By name, for signatures that programs see."""


def _count(value: Any, name: str, least: int) -> int:
    # JSON has one kind of number, so 32.0 is a whole one.
    if is_finite_number(value) and value >= least and value == int(value):
        return int(value)
    raise ValueError(f"{name} must be a whole number from {least} on, not {short_repr(value)}.")


def _share(value: Any, name: str) -> float:
    if is_finite_number(value) and 0 <= value <= 1:
        return float(value)
    raise ValueError(f"{name} must be a number from 0 to 1, not {short_repr(value)}.")
