"""Draws masks and prompts on a picture scaled to the screen. Knows no model and no page."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from samhq_demo.masks.runs import Mask, Runs
from samhq_demo.prompts.prompt import PointLabel, PointXY, Prompt

Pixels = NDArray[np.uint8]
Rgb = tuple[int, int, int]


def rgb(color: str) -> Rgb:
    """Of "#rrggbb"."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


# Larger gains nothing on most screens and costs time at every click; smaller, and marks hide what they mark.
MAX_SIDE = 1600
MIN_SIDE = 800

# Orange and blue, green and vermilion: pairs that color-blind people can tell apart (Okabe and Ito 2008).
# Brighter than the page's, so that no object has the color of a caption.
SAM_RGB: Rgb = (245, 130, 0)
SAM_HQ_RGB: Rgb = (0, 125, 235)
OBJECT_RGB: Rgb = (0, 158, 115)
BACKGROUND_RGB: Rgb = (213, 74, 0)
BOX_RGB: Rgb = (0, 158, 115)
_WHITE: Rgb = (255, 255, 255)

# A point's radius as a share of the picture's long side.
MARK_SHARE = 0.015

_OPACITY = 0.55
_SUPERSAMPLING = 4


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A picture's pixels as shown: (h, w, 3) uint8; size_wh is the picture's own size."""

    pixels: Pixels
    size_wh: tuple[int, int]

    @classmethod
    def of(cls, pixels: Pixels, *, max_side: int = MAX_SIDE) -> View:
        """From a picture's (H, W, 3) uint8 pixels."""
        height, width = pixels.shape[:2]
        shown_wh = shown_size((width, height), max_side=max_side)
        if shown_wh == (width, height):
            return cls(pixels, (width, height))
        image = Image.fromarray(pixels)
        larger = shown_wh[0] > width
        resample = Image.Resampling.BICUBIC if larger else Image.Resampling.LANCZOS
        resized = image.resize(shown_wh, resample, reducing_gap=None if larger else 2.0)
        return cls(np.asarray(resized), (width, height))

    @property
    def shown_wh(self) -> tuple[int, int]:
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    def from_picture(self, xy: PointXY) -> PointXY:
        (x, y), (width, height) = xy, self.size_wh
        return x * self.shown_wh[0] / width, y * self.shown_wh[1] / height


def shown_size(size_wh: tuple[int, int], *, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """The (width, height) of the view of a picture of `size_wh`; its long side keeps to the two bounds."""
    longest = max(size_wh)
    scale = min(max(longest, MIN_SIDE), max_side) / longest
    return max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale))


def with_mask(view: View, mask: Runs, *, color_rgb: Rgb) -> Pixels:
    """The view tinted where the mask is, its edge drawn in the full color.

    Args:
        mask: at the picture's own size. Thin parts fade rather than vanish in a smaller view.

    Returns:
        A new (h, w, 3) uint8 array.
    """
    thickness = max(1, round(max(view.shown_wh) / 400))
    left, top, right, bottom = window = _window(mask, view, margin=thickness + 1)
    pixels = view.pixels.copy()
    if left == right or top == bottom:
        return pixels
    coverage = _coverage(mask.mask(), view, window)
    near = pixels[top:bottom, left:right]
    tinted = Image.fromarray(near)
    tinted.paste(color_rgb, mask=coverage.point([round(level * _OPACITY) for level in range(256)]))
    near[:] = np.asarray(tinted)
    _draw_edge(near, np.asarray(coverage) > 127, color_rgb, thickness=thickness)
    return pixels


def with_prompt(pixels: Pixels, prompt: Prompt, *, view: View) -> Pixels:
    """A copy of `pixels`, (h, w, 3) uint8 of the view's size, with the points and the box drawn on it."""
    image = Image.fromarray(pixels.copy())
    radius = round(max(view.shown_wh) * MARK_SHARE)
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = prompt.box_xyxy
        _draw_box(image, view.from_picture((x0, y0)), view.from_picture((x1, y1)))
    for xy, label in zip(prompt.points, prompt.labels, strict=True):
        color = OBJECT_RGB if label == PointLabel.OBJECT else BACKGROUND_RGB
        sign = "+" if label == PointLabel.OBJECT else "-"
        _stamp(image, _marker(radius, color, sign), view.from_picture(xy))
    return np.asarray(image)


def _window(mask: Runs, view: View, *, margin: int) -> tuple[int, int, int, int]:
    """The part of the view around the mask, (left, top, right, bottom): much less work for a small object."""
    x, y, width, height = mask.bbox_xywh
    if not width:
        return 0, 0, 0, 0
    left, top = view.from_picture((x, y))
    right, bottom = view.from_picture((x + width, y + height))
    return (
        max(0, math.floor(left) - margin),
        max(0, math.floor(top) - margin),
        min(view.shown_wh[0], math.ceil(right) + margin),
        min(view.shown_wh[1], math.ceil(bottom) + margin),
    )


def _coverage(mask: Mask, view: View, window: tuple[int, int, int, int]) -> Image.Image:
    """Gray: how much of each pixel in a window of the view the mask covers."""
    left, top, right, bottom = window
    x_scale, y_scale = (size / shown for size, shown in zip(view.size_wh, view.shown_wh, strict=True))
    x0, y0 = left * x_scale, top * y_scale
    x1, y1 = min(right * x_scale, view.size_wh[0]), min(bottom * y_scale, view.size_wh[1])
    first_x, first_y = math.floor(x0), math.floor(y0)
    near = mask[first_y : math.ceil(y1), first_x : math.ceil(x1)]
    # In rows from the start: Pillow is slow at taking in columns, as decoded run lengths lie in memory.
    image = Image.fromarray(np.ascontiguousarray(near, np.bool_).view(np.uint8) * np.uint8(255))
    return image.resize(
        (right - left, bottom - top),
        Image.Resampling.BOX if x_scale > 1 else Image.Resampling.NEAREST,
        box=(x0 - first_x, y0 - first_y, x1 - first_x, y1 - first_y),
    )


def _draw_edge(pixels: Pixels, mask: Mask, color_rgb: Rgb, *, thickness: int) -> None:
    """Draw the inner edge in the color and a white line around it, so that it shows on any ground."""
    pixels[mask & ~_shrunk(mask, thickness)] = color_rgb
    pixels[~mask & ~_shrunk(~mask, max(1, thickness // 2))] = _WHITE


def _shrunk(mask: Mask, steps: int) -> Mask:
    """The mask less `steps` pixels at its edge; what lies outside the array counts as mask."""
    shrunk = mask.copy()
    for _ in range(steps):
        before = shrunk.copy()
        shrunk[1:] &= before[:-1]
        shrunk[:-1] &= before[1:]
        shrunk[:, 1:] &= before[:, :-1]
        shrunk[:, :-1] &= before[:, 1:]
    return shrunk


def _draw_box(image: Image.Image, start_xy: PointXY, end_xy: PointXY) -> None:
    draw = ImageDraw.Draw(image)
    line = max(2, round(max(image.size) / 320))
    x0, y0, x1, y1 = (round(place) for place in (*start_xy, *end_xy))
    x1, y1 = max(x0, min(x1, image.width - 1)), max(y0, min(y1, image.height - 1))
    draw.rectangle((x0, y0, x1, y1), outline=_WHITE, width=2 * line)
    inset = line // 2
    if x1 - x0 > 2 * inset and y1 - y0 > 2 * inset:
        draw.rectangle((x0 + inset, y0 + inset, x1 - inset, y1 - inset), outline=BOX_RGB, width=line)


def _stamp(image: Image.Image, marker: Image.Image, center_xy: PointXY) -> None:
    corner = (round(center_xy[0] - marker.width / 2), round(center_xy[1] - marker.height / 2))
    image.paste(marker, corner, marker)


@functools.lru_cache(maxsize=64)
def _marker(radius: int, color_rgb: Rgb, sign: str) -> Image.Image:
    """A round mark with a white ring and a sign in it, smooth at its edge; RGBA."""
    fine = radius * _SUPERSAMPLING
    marker = Image.new("RGBA", (2 * fine, 2 * fine), (*color_rgb, 0))
    draw = ImageDraw.Draw(marker)
    draw.ellipse((0, 0, 2 * fine - 1, 2 * fine - 1), fill=_WHITE)
    ring = round(fine * 0.2)
    draw.ellipse((ring, ring, 2 * fine - 1 - ring, 2 * fine - 1 - ring), fill=color_rgb)
    arm, half = fine * 0.42, fine * 0.11
    if sign:
        draw.rectangle((fine - arm, fine - half, fine + arm, fine + half), fill=_WHITE)
    if sign == "+":
        draw.rectangle((fine - half, fine - arm, fine + half, fine + arm), fill=_WHITE)
    return marker.resize((2 * radius + 1, 2 * radius + 1), Image.Resampling.LANCZOS)
