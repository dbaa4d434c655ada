"""Masks that a box gives without any model: what a checkpoint has to beat on boxes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from samhq_demo.masks import Mask

GRABCUT_ITERATIONS = 5

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def filled_box(pixels: Pixels, box_xyxy: Box) -> Mask:
    """All of the box.

    Args:
        pixels: uint8 (H, W, 3).
        box_xyxy: whole pixels inside the picture; the right and bottom edges lie one past the last pixel.

    Returns:
        bool (H, W), as from the other baselines.
    """
    x0, y0, x1, y1 = box_xyxy
    mask = np.zeros(pixels.shape[:2], np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def inscribed_ellipse(pixels: Pixels, box_xyxy: Box) -> Mask:
    """The pixels of the box whose centers lie in the ellipse that touches its four sides."""
    x0, y0, x1, y1 = box_xyxy
    # From the box's center, in units of half its sides.
    xs = (np.arange(x0, x1) + 0.5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
    ys = (np.arange(y0, y1) + 0.5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
    mask = np.zeros(pixels.shape[:2], np.bool_)
    mask[y0:y1, x0:x1] = xs**2 + ys[:, None] ** 2 <= 1
    return mask


def grabcut(pixels: Pixels, box_xyxy: Box) -> Mask:
    """OpenCV's GrabCut (Rother et al., SIGGRAPH 2004), started from the box.

    Where it finds nothing, or has no background to learn from because the box is the whole picture, the
    filled box stands in: that is what is known without it.
    """
    x0, y0, x1, y1 = box_xyxy
    box = filled_box(pixels, box_xyxy)
    if box.all():
        return box
    labels = np.zeros(pixels.shape[:2], np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # it clusters the colors from a random start
    try:
        cv2.grabCut(
            np.ascontiguousarray(pixels[..., ::-1]),  # OpenCV has blue first
            labels,
            (x0, y0, x1 - x0, y1 - y0),
            background,
            foreground,
            GRABCUT_ITERATIONS,
            cv2.GC_INIT_WITH_RECT,
        )
    except cv2.error:  # too few colors for its mixtures of Gaussians
        return box
    mask: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return mask if mask.any() else box


BASELINES: dict[str, Callable[[Pixels, Box], Mask]] = {
    "filled box": filled_box,
    "inscribed ellipse": inscribed_ellipse,
    "GrabCut": grabcut,
}
