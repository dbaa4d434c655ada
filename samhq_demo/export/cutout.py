"""The object alone: the picture's pixels inside a mask, transparent around it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from samhq_demo.masks.runs import Mask, Runs

# The spread of a soft edge is 1 pixel in pictures up to this long side, and grows with it.
_SIDE_PER_PIXEL = 1500


def cutout(pixels: NDArray[np.uint8], mask: Runs, *, soft_edge: bool) -> NDArray[np.uint8]:
    """The object as (h, w, 4) uint8 RGBA, cropped to the box around it.

    No pixel of the background is in it: what lies outside the mask is black where it is wholly transparent,
    and has the colors of the object beside it where the edge fades, lest the old background shine through on
    a new one. Raises ValueError for an empty mask and one that is not of the picture's size.

    Args:
        pixels: (H, W, 3) uint8, RGB.
        soft_edge: false: alpha is 255 in the mask, else 0. True: it fades across the mask's edge, half on
            either side, within about 2 pixels in a picture of 1,500, and the crop has room for that. Where
            the border of the picture cuts the object nothing fades: the object goes on there.
    """
    if mask.size_hw != pixels.shape[:2]:
        (height, width), (mask_height, mask_width) = pixels.shape[:2], mask.size_hw
        raise ValueError(
            f"The mask is {mask_width} x {mask_height} pixels and the picture {width} x {height}: "
            "they must be of one size."
        )
    x, y, width, height = mask.bbox_xywh
    if not width:
        raise ValueError("The mask is empty, so there is nothing to cut out: choose an object with a mask.")
    spread = max(1, round(max(mask.size_hw) / _SIDE_PER_PIXEL)) if soft_edge else 0
    # Pillow's blur reaches three times its radius.
    room = 3 * spread
    crop = np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]
    rgba = _only(pixels[crop], mask.mask()[crop])
    if spread:
        _soften(rgba, spread)
    left, top, right, bottom = Image.fromarray(rgba).getbbox(alpha_only=True) or (0, 0, 0, 0)
    return rgba[top:bottom, left:right]


def _only(pixels: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """RGBA of the same size: the pixels in the mask, opaque, and transparent black."""
    rgba = np.empty((*mask.shape, 4), np.uint8)
    rgba[:, :, :3] = pixels
    rgba[:, :, 3] = 255
    # All four channels of a pixel as one number: much faster than to index by the mask.
    rgba.view(np.uint32)[:, :, 0] *= mask.astype(np.bool_, copy=False)
    return rgba


def _soften(rgba: NDArray[np.uint8], spread: int) -> None:
    """Blur opaque and clear pixels into each other, in place; the colors of the opaque ones stay sharp."""
    # Clear pixels are black, which makes the colors premultiplied ones: blurring mixes the object's alone.
    blurred = np.asarray(Image.fromarray(rgba).filter(ImageFilter.GaussianBlur(spread)))
    outside = (blurred[:, :, 3] > 0) & (rgba[:, :, 3] == 0)
    colors = blurred[outside].astype(np.uint16)
    rgba[:, :, 3] = blurred[:, :, 3]
    rgba[outside, :3] = np.minimum(colors[:, :3] * np.uint16(255) // colors[:, 3:], 255)
