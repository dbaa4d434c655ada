"""Objects' outlines as an SVG in picture pixels, for drawing programs and web pages."""

import re
from collections.abc import Sequence
from html import escape

from samhq_demo.export.shown import ShownObject
from samhq_demo.masks.outlines import Ring, outlines
from samhq_demo.results.comparison import Branch

# All that XML 1.0 has no place for, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def outlines_svg(objects: Sequence[ShownObject], *, branch: Branch, size_wh: tuple[int, int]) -> str:
    """One model's masks of `objects` as a transparent SVG of the picture's size, to be laid over the picture.

    Each object is one path in its color, with its name as the title; its holes are open. The outlines run
    exactly along the edges of pixels. An object with an empty mask is left out.
    """
    width, height = size_wh
    paths = []
    for shown in objects:
        rings = outlines(shown.by(branch).runs)
        if rings:
            paths.append(
                f'<path fill="{shown.color}" fill-opacity="0.6" fill-rule="evenodd" d="{_path(rings)}">'
                f"<title>{_text(shown.name)}</title></path>\n"
            )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n{"".join(paths)}</svg>\n'
    )


def _path(rings: Sequence[Ring]) -> str:
    return "".join(map(_closed, rings))


def _closed(ring: Ring) -> str:
    """To the first corner, then by turns across and down (a hole: down and across); "z" is the last side."""
    (x, y), *steps = ring.corners_xy[:1].tolist() + (ring.corners_xy[1:] - ring.corners_xy[:-1]).tolist()
    sides = (f"h{across}" if across else f"v{down}" for across, down in steps)
    return f"M{x} {y}{''.join(sides)}z"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
