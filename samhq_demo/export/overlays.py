"""Both models' masks over the picture, in one picture: the comparison to show to somebody else."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from samhq_demo.export.drawing import SAM_HQ_RGB, SAM_RGB, Pixels, Rgb, View, rgb, with_mask, with_prompt
from samhq_demo.export.shown import ShownObject
from samhq_demo.results.comparison import Branch

# The long side of one half, without its caption.
MAX_SIDE = 2048
# Wider than 3:2: two such pictures side by side would be a strip.
_WIDE = 1.6
_LONGEST_NAME = 40  # of an object, in characters: 32 of them have to fit

_GROUND: Rgb = (255, 255, 255)
_INK: Rgb = (30, 30, 30)
_FAINT_INK: Rgb = (95, 95, 95)
_BRANCHES: tuple[tuple[Branch, str, Rgb], ...] = (("sam", "SAM", SAM_RGB), ("sam_hq", "SAM-HQ", SAM_HQ_RGB))


def overlays(pixels: Pixels, objects: Sequence[ShownObject]) -> Pixels:
    """The picture twice, with SAM's masks on the left and SAM-HQ's on the right; of a wide one, SAM's above.

    Each mask is tinted in its object's color and edged, all prompts are drawn, and a caption above each half
    names the model, with its predicted IoU where there is one object. Below stand the objects' names, each
    beside its color.

    Args:
        pixels: (H, W, 3) uint8, of the size of the objects' masks.

    Returns:
        (h, w, 3) uint8; a half's long side is at most MAX_SIDE pixels.
    """
    view = View.of(pixels, max_side=MAX_SIDE)
    font = _font(view.shown_wh)
    captions = [
        _caption(name, _score_text(objects, branch), color, font=font) for branch, name, color in _BRANCHES
    ]
    width = max(view.shown_wh[0], *(caption.width for caption in captions))
    halves = [
        _half(_drawn(view, objects, branch), caption, width=width)
        for (branch, _, _), caption in zip(_BRANCHES, captions, strict=True)
    ]
    is_wide = view.shown_wh[0] > _WIDE * view.shown_wh[1]
    gap = captions[0].height // 4
    both = _joined(halves[0], halves[1], gap=gap, axis=0 if is_wide else 1)
    return _over(both, _legend(objects, font=font, width=both.shape[1]))


def _drawn(view: View, objects: Sequence[ShownObject], branch: Branch) -> Pixels:
    for shown in objects:
        view = replace(view, pixels=with_mask(view, shown.by(branch).runs, color_rgb=rgb(shown.color)))
    pixels = view.pixels
    for shown in objects:  # over all the masks, so that none hides a mark
        pixels = with_prompt(pixels, shown.prompt, view=view)
    return pixels


def _score_text(objects: Sequence[ShownObject], branch: Branch) -> str:
    if len(objects) != 1:
        return ""
    # The estimate can pass 1, which no IoU does: clamped for reading, as on the page.
    return f"predicted IoU {min(max(objects[0].by(branch).predicted_iou, 0.0), 1.0):.3f}"


def _font(shown_wh: tuple[int, int]) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, of a size to be read at the size of the whole; smaller over a narrow picture."""
    return ImageFont.load_default(max(14, round(min(max(shown_wh) / 36, shown_wh[0] / 18))))


def _caption(
    name: str, score: str, color_rgb: Rgb, *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> Image.Image:
    """A strip with a square in the model's color, its name and its score, as long as these need."""
    _, top, _, bottom = font.getbbox("SAM-HQ predicted")
    text_height = round(bottom - top)
    space = round(text_height * 0.6)
    name_at = space + text_height
    score_at = name_at + round(font.getlength(name)) + 2 * space
    strip = Image.new("RGB", (score_at + round(font.getlength(score)), text_height + 2 * space), _GROUND)
    draw = ImageDraw.Draw(strip)
    side = round(text_height * 0.65)
    square_at = (strip.height - side) // 2
    draw.rectangle((0, square_at, side, square_at + side), fill=color_rgb)
    draw.text((name_at, space - top), name, fill=_INK, font=font)
    draw.text((score_at, space - top), score, fill=_FAINT_INK, font=font)
    return strip


def _legend(
    objects: Sequence[ShownObject], *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> Pixels:
    """The objects' names with their colors, in as many lines as fit `width`; wider where one name is."""
    entries = [_entry(shown, font=font) for shown in objects]
    lines: list[list[Image.Image]] = [[]]
    for entry in entries:
        if lines[-1] and sum(each.width for each in (*lines[-1], entry)) > width:
            lines.append([])
        lines[-1].append(entry)
    height = entries[0].height
    legend = Image.new("RGB", (max(width, *(entry.width for entry in entries)), height * len(lines)), _GROUND)
    for row, line in enumerate(lines):
        at = 0
        for entry in line:
            legend.paste(entry, (at, row * height))
            at += entry.width
    return np.asarray(legend)


def _entry(shown: ShownObject, *, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Image.Image:
    name = shown.name if len(shown.name) <= _LONGEST_NAME else f"{shown.name[: _LONGEST_NAME - 1]}…"
    return _caption(name, "", rgb(shown.color), font=font)


def _over(above: Pixels, below: Pixels) -> Pixels:
    """One above the other, from the left, on a ground as wide as the wider."""
    width = max(above.shape[1], below.shape[1])
    whole = np.full((above.shape[0] + below.shape[0], width, 3), _GROUND, np.uint8)
    whole[: above.shape[0], : above.shape[1]] = above
    whole[above.shape[0] :, : below.shape[1]] = below
    return whole


def _half(drawn: Pixels, caption: Image.Image, *, width: int) -> Pixels:
    """The caption over the picture, both from the left, on a ground of `width` pixels."""
    height, strip = drawn.shape[0], np.asarray(caption)
    half = np.full((caption.height + height, width, 3), _GROUND, np.uint8)
    half[: caption.height, : caption.width] = strip
    half[caption.height :, : drawn.shape[1]] = drawn
    return half


def _joined(first: Pixels, second: Pixels, *, gap: int, axis: int) -> Pixels:
    """One after the other, downwards (axis 0) or to the right (1), with `gap` pixels of ground between."""
    shape = list(first.shape)
    shape[axis] = gap
    return np.concatenate((first, np.full(shape, _GROUND, np.uint8), second), axis=axis)
