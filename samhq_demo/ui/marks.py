"""A prompt as an SVG that lies over the picture.

Drawn over it and not into it: a new picture at every click would take longer, and clicks that fall while the
browser swaps one for the other would be lost.
"""

from __future__ import annotations

from samhq_demo.drawing import BACKGROUND_RGB, BOX_RGB, MARK_SHARE, OBJECT_RGB, Rgb
from samhq_demo.prompts import PointLabel, PointXY, Prompt


def marks_svg(prompt: Prompt, *, size_wh: tuple[int, int], corner_xy: PointXY | None = None) -> str:
    """The marks in picture pixels, fitted into any box as `object-fit: contain` fits the picture itself."""
    width, height = size_wh
    if not width or not height:
        return ""
    radius = max(size_wh) * MARK_SHARE
    marks = []
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = prompt.box_xyxy
        place = f'x="{x0:g}" y="{y0:g}" width="{x1 - x0:g}" height="{y1 - y0:g}" fill="none"'
        marks.append(f'<rect {place} stroke="white" stroke-width="4"/>')
        marks.append(f'<rect {place} stroke="{_css(BOX_RGB)}" stroke-width="2"/>')
    for xy, label in zip(prompt.points, prompt.labels, strict=True):
        of_object = label == PointLabel.OBJECT
        colour = OBJECT_RGB if of_object else BACKGROUND_RGB
        marks.append(_dot(xy, radius, colour, label="object" if of_object else "background"))
        marks.append(_sign(xy, radius, upright=of_object))
    if corner_xy is not None:
        marks.append(_dot(corner_xy, radius * 0.75, BOX_RGB, label="corner"))
    return (
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="xMidYMid meet" aria-hidden="true">'
        f"{''.join(marks)}</svg>"
    )


def _dot(xy: PointXY, radius: float, colour_rgb: Rgb, *, label: str) -> str:
    x, y = xy
    return (
        f'<circle data-mark="{label}" cx="{x:g}" cy="{y:g}" r="{radius * 0.9:.4g}" fill="{_css(colour_rgb)}" '
        f'stroke="white" stroke-width="2"/>'
    )


def _sign(xy: PointXY, radius: float, *, upright: bool) -> str:
    (x, y), arm = xy, radius * 0.42
    bars = f"M{x - arm:.6g} {y:.6g}h{2 * arm:.4g}"
    if upright:
        bars += f"M{x:.6g} {y - arm:.6g}v{2 * arm:.4g}"
    return f'<path d="{bars}" stroke="white" stroke-width="1.5"/>'


def _css(colour_rgb: Rgb) -> str:
    return "rgb({}, {}, {})".format(*colour_rgb)
