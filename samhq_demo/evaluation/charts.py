"""The numbers as SVG: SAM's IoU against SAM-HQ's, means by class, IoU after each click."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from samhq_demo.evaluation.records import PictureRecord
from samhq_demo.evaluation.statistics import Row
from samhq_demo.palette import BRANCH_COLORS

_SIDE, _MARGIN, _TOP = 420, 56, 40
_BINS = 50
_NAMES = {"sam": "SAM", "sam_hq": "SAM-HQ"}


def scatter(records: Iterable[PictureRecord]) -> str:
    """Each object's IoU by SAM (across) and by SAM-HQ (up), counted in squares of 0.02: dark is many.

    Squares instead of points: the file stays small whatever the number of objects.
    """
    pairs = np.array([(item.sam.iou, item.sam_hq.iou) for record in records for item in record.objects])
    counts = np.zeros((_BINS, _BINS), int)
    at = np.minimum((pairs.reshape(-1, 2) * _BINS).astype(int), _BINS - 1)
    np.add.at(counts, (at[:, 0], at[:, 1]), 1)
    side = _SIDE / _BINS
    drawn = [
        f'<rect x="{_MARGIN + x * side:.1f}" y="{_TOP + _SIDE - (y + 1) * side:.1f}" width="{side:.1f}" '
        f'height="{side:.1f}" fill="{BRANCH_COLORS["sam_hq"]}" '
        f'fill-opacity="{0.25 + 0.75 * counts[x, y] / counts.max():.2f}"><title>{counts[x, y]}</title></rect>'
        for x, y in np.argwhere(counts)
    ]
    diagonal = f'<path d="M{_MARGIN} {_TOP + _SIDE}L{_MARGIN + _SIDE} {_TOP}" stroke="#888888"/>'
    return _chart(
        "IoU of each object: above the line SAM-HQ is better",
        [*_axes("SAM", "SAM-HQ"), diagonal, *drawn],
    )


def bars(title: str, rows: Sequence[Row]) -> str:
    """Both branches' mean IoU for each row; the thin line in each bar is the boundary IoU."""
    drawn, y = [], _TOP + 20
    for row in rows:
        drawn.append(_text(12, y - 5, f"{row.name} ({row.objects})"))
        for branch, means in (("sam", row.sam), ("sam_hq", row.sam_hq)):
            length, inner = means.iou * _SIDE, means.boundary_iou * _SIDE
            drawn.append(
                f'<rect x="12" y="{y}" width="{length:.1f}" height="16" fill="{BRANCH_COLORS[branch]}"/>'
                f'<path d="M12 {y + 8}h{inner:.1f}" stroke="#ffffff" stroke-width="2"/>'
            )
            label = f"{_NAMES[branch]} {100 * means.iou:.1f} / {100 * means.boundary_iou:.1f}"
            drawn.append(_text(18 + length, y + 13, label))
            y += 19
        y += 30
    return _chart(f"{title}: IoU / boundary IoU in %", drawn, width=12 + _SIDE + 150, height=y)


def click_curves(records: Iterable[PictureRecord], *, clicks: int) -> str:
    """Both branches' mean IoU after each click; a session that is over keeps its last IoU."""
    sums = {branch: np.zeros(clicks) for branch in _NAMES}
    number = 0
    for record in records:
        for item in record.objects:
            number += 1
            for branch, answer in (("sam", item.sam), ("sam_hq", item.sam_hq)):
                ious = np.array(answer.click_ious[:clicks])
                sums[branch] += np.pad(ious, (0, clicks - ious.size), mode="edge")
    drawn = []
    for place, (branch, total) in enumerate(sums.items()):
        xs = _MARGIN + _SIDE * np.arange(clicks) / max(1, clicks - 1)
        ys = _TOP + _SIDE * (1 - total / max(1, number))
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        color = BRANCH_COLORS[branch]
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        drawn.append(_text(_MARGIN + _SIDE - 130, _TOP + _SIDE - 40 + 20 * place, _NAMES[branch], fill=color))
    axes = _axes(f"clicks, 1 to {clicks}", "mean IoU", across=False)
    return _chart("Mean IoU after each click", [*axes, *drawn])


def _axes(across_name: str, up_name: str, *, across: bool = True) -> list[str]:
    bottom = _TOP + _SIDE
    drawn = [
        f'<rect x="{_MARGIN}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888888"/>'
    ]
    for tenth in range(0, 11, 2):
        at = _SIDE * tenth / 10
        drawn.append(_text(_MARGIN - 6, bottom - at + 4, f"{tenth / 10:g}", anchor="end"))
        if across:
            drawn.append(_text(_MARGIN + at, bottom + 18, f"{tenth / 10:g}", anchor="middle"))
    drawn.append(_text(_MARGIN + _SIDE / 2, bottom + 38, across_name, anchor="middle"))
    turn = f"rotate(-90 16 {_TOP + _SIDE / 2})"
    drawn.append(_text(16, _TOP + _SIDE / 2, up_name, anchor="middle", transform=turn))
    return drawn


def _chart(title: str, drawn: Iterable[str], *, width: float = 0, height: float = 0) -> str:
    width, height = width or _MARGIN + _SIDE + 20, height or _TOP + _SIDE + 50
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
            f'width="{width:.0f}" height="{height:.0f}" font-family="system-ui, sans-serif" font-size="13">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            _text(12, 22, title),
            *drawn,
            "</svg>\n",
        ]
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = "#222222", transform: str = ""
) -> str:
    turned = f' transform="{transform}"' if transform else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{turned}>{escape(words)}</text>'
    )
