"""Masks that a box gives without any model: what a checkpoint has to beat on boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks.runs import Mask

GRABCUT_ITERATIONS = 5

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def filled_box(size_hw: tuple[int, int], box_xyxy: Box) -> Mask:
    """All of the box.

    Args:
        size_hw: the picture's height and width in pixels.
        box_xyxy: whole pixels inside the picture; the right and bottom edges lie one past the last pixel.

    Returns:
        bool (H, W), as from the other baselines.
    """
    x0, y0, x1, y1 = box_xyxy
    mask = np.zeros(size_hw, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def inscribed_ellipse(size_hw: tuple[int, int], box_xyxy: Box) -> Mask:
    """The pixels of the box whose centers lie in the ellipse that touches its four sides."""
    x0, y0, x1, y1 = box_xyxy
    # From the box's center, in units of half its sides.
    xs = (np.arange(x0, x1) + 0.5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
    ys = (np.arange(y0, y1) + 0.5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
    mask = np.zeros(size_hw, np.bool_)
    mask[y0:y1, x0:x1] = xs**2 + ys[:, None] ** 2 <= 1
    return mask


def grabcut(pixels: Pixels, box_xyxy: Box) -> Mask:
    """OpenCV's GrabCut (Rother et al., SIGGRAPH 2004), started from the box, in uint8 (H, W, 3) pixels.

    Empty where it takes all of the box for background, and where it cannot start because the box is the
    whole picture, which leaves it no background to learn from.
    """
    x0, y0, x1, y1 = box_xyxy
    if filled_box(_size_hw(pixels), box_xyxy).all():
        return np.zeros(_size_hw(pixels), np.bool_)
    labels = np.zeros(_size_hw(pixels), np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))  # the models of its colors, for its own use
    cv2.setRNGSeed(0)  # it clusters the colors from a random start
    cv2.grabCut(
        np.ascontiguousarray(pixels[..., ::-1]),  # OpenCV has blue first
        labels,
        (x0, y0, x1 - x0, y1 - y0),
        background,
        foreground,
        GRABCUT_ITERATIONS,
        cv2.GC_INIT_WITH_RECT,
    )
    mask: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return mask


def baseline_masks(pixels: Pixels, box_xyxy: Box) -> dict[str, Mask]:
    """Every baseline by its name in the table; arguments as in `grabcut` and `filled_box`.

    GrabCut is there twice: as it is, and with the filled box in place of an empty answer, as a person who
    gets nothing would take it.
    """
    box, cut = filled_box(_size_hw(pixels), box_xyxy), grabcut(pixels, box_xyxy)
    return {
        "filled box": box,
        "inscribed ellipse": inscribed_ellipse(_size_hw(pixels), box_xyxy),
        "GrabCut": cut,
        "GrabCut, else the box": cut if cut.any() else box,
    }


def _size_hw(pixels: Pixels) -> tuple[int, int]:
    height, width, _ = pixels.shape
    return height, width
