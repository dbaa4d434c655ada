"""Bars of seconds on a logarithmic axis, as an SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

COLORS = ("#c0562f", "#8f6bb3", "#b08d2a", "#2f7d5b")  # the last way's is the last
WIDTH, LEFT, RIGHT = 860, 250, 90
BAR, GAP, TOP, BOTTOM = 17, 16, 64, 34


def bars(title: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """Groups of bars, one group a row and one bar a way in it.

    Args:
        rows: row -> way -> seconds, more than 0; every way has its color in all rows.
    """
    ways = list(dict.fromkeys(way for row in rows.values() for way in row))
    colors = dict(zip(ways, (*COLORS[: len(ways) - 1], COLORS[-1]), strict=True))
    values = [seconds for row in rows.values() for seconds in row.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def at(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - low) / (high - low)

    y, drawn = TOP, []
    for row, measured in rows.items():
        drawn.append(_text(LEFT - 10, y + BAR * len(measured) / 2 + 4, row, anchor="end"))
        for way, seconds in measured.items():
            long = max(1.0, at(seconds) - LEFT)
            drawn.append(
                f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR - 2}" fill="{colors[way]}"/>'
            )
            drawn.append(_text(LEFT + long + 6, y + BAR - 5, f"{seconds:.3g} s"))
            y += BAR
        y += GAP
    height = y - GAP + BOTTOM
    ticks = [(at(10.0**power), f"{10.0**power:g} s") for power in range(low, high + 1)]
    return "\n".join(
        [*_head(title, height), *_axis(ticks, y - GAP + 4), *_legend(colors), *drawn, "</svg>\n"]
    )


def _head(title: str, height: float) -> Sequence[str]:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
        _text(12, 22, title, weight="600"),
    )


def _axis(ticks: Sequence[tuple[float, str]], bottom: float) -> Sequence[str]:
    drawn = []
    for x, label in ticks:
        drawn.append(f'<path d="M{x:.1f} {TOP - 8}V{bottom:.1f}" stroke="#d9d9d9"/>')
        drawn.append(_text(x, bottom + 18, label, anchor="middle"))
    return drawn


def _legend(colors: Mapping[str, str]) -> Sequence[str]:
    drawn, x = [], float(LEFT)
    for way, color in colors.items():
        drawn.append(f'<rect x="{x:.0f}" y="34" width="12" height="12" fill="{color}"/>')
        drawn.append(_text(x + 18, 45, way))
        x += 40 + 7.2 * len(way)
    return drawn


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="#222222">'
        f"{escape(words)}</text>"
    )
