"""Everything that was found, over the picture: each mask in a color of its own."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import replace

from samhq_demo.export.drawing import Pixels, Rgb, View, with_mask
from samhq_demo.results.everything import FoundMask

# The golden section of the color circle: however many there are, neighbors in the list look different.
_TURN = 0.61803398875
_SATURATION, _VALUE = 0.75, 0.95


def everything_overlay(pixels: Pixels, masks: Sequence[FoundMask]) -> Pixels:
    """The picture at a size for a screen, with the first mask at the bottom and the last on top.

    Args:
        pixels: (H, W, 3) uint8, of the masks' size.

    Returns:
        (h, w, 3) uint8.
    """
    view = View.of(pixels)
    for place, mask in enumerate(masks):
        view = replace(view, pixels=with_mask(view, mask.runs, color_rgb=color_of(place)))
    return view.pixels


def color_of(place: int) -> Rgb:
    """The color of the mask at this place in the list."""
    red, green, blue = colorsys.hsv_to_rgb(place * _TURN % 1, _SATURATION, _VALUE)
    return round(255 * red), round(255 * green), round(255 * blue)
