"""How everything is asked for: the official grids and crops, and options that check themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from samhq_demo.prompts.everything import Crop, EverythingOptions
from testbed.official import official_amg


def test_the_defaults_are_the_official_ones() -> None:
    options = EverythingOptions()
    assert (options.points_per_side, options.crop_layers, options.min_area) == (32, 0, 0)
    assert (options.predicted_iou_threshold, options.stability_threshold) == (0.88, 0.95)
    assert (options.box_nms_threshold, options.crop_nms_threshold) == (0.7, 0.7)
    assert (options.stability_offset, options.crop_overlap) == (1.0, 512 / 1500)


@pytest.mark.parametrize("size_wh", [(1024, 683), (97, 1001), (33, 40)])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_crops_are_the_official_ones(size_wh: tuple[int, int], layers: int) -> None:
    boxes, of_layer = official_amg.generate_crop_boxes(size_wh[::-1], layers, 512 / 1500)
    crops = EverythingOptions(crop_layers=layers).crops(size_wh)
    assert crops == tuple(Crop(tuple(box), layer) for box, layer in zip(boxes, of_layer, strict=True))


def test_a_picture_of_a_few_pixels_has_no_empty_crops() -> None:
    crops = EverythingOptions(crop_layers=2).crops((5, 3))
    assert all(min(crop.size_wh) > 0 for crop in crops)
    assert {crop.layer for crop in crops} == {0, 1, 2}


def test_grids_are_the_official_ones() -> None:
    options = EverythingOptions(points_per_side=7, crop_layers=1, crop_points_downscale=2)
    for layer, grid in enumerate(official_amg.build_all_layer_point_grids(7, 1, 2)):
        points = options.points(Crop((10, 20, 210, 120), layer))
        np.testing.assert_allclose(points, grid * (200, 100), rtol=0, atol=1e-9)


def test_whole_numbers_may_come_as_floats_and_none_is_the_default() -> None:
    options = EverythingOptions.of(points_per_side=16.0, min_area=None)
    assert options == EverythingOptions(points_per_side=16)
    assert type(options.points_per_side) is int


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"points_per_side": "32"}, "points_per_side must be a whole number from 1 on, not '32'."),
        ({"crop_layers": -1}, "crop_layers must be a whole number from 0 on, not -1."),
        ({"memory_mb": 1}, "memory_mb must be a whole number from 16 on, not 1."),
        ({"stability_threshold": float("nan")}, "stability_threshold must be a number from 0 to 1, not nan."),
        ({"stability_offset": -1}, "stability_offset must be a number from 0 on, not -1."),
        (
            {"points_per_side": 3, "crop_layers": 2, "crop_points_downscale": 2},
            "The last of 2 crop layers would have no points: give more points_per_side than 3, "
            "fewer crop_layers or a smaller crop_points_downscale.",
        ),
        (
            {"points_per_side": 64, "crop_layers": 2},
            "points_per_side 64 with crop_layers 2 makes over 65,536 points: give fewer of either.",
        ),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        EverythingOptions(**wrong)
    assert str(caught.value) == sentence
