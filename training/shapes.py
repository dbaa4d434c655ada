"""Outlines in unit coordinates: plain ones for SAM, thin and intricate ones for the HQ parts.

A shape is a list of strokes around the origin with a reach of about 1. `shape_mask` draws them.
The families in `HELD_OUT_PLAIN` and `HELD_OUT_THIN` are never drawn in training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Rng = np.random.Generator
Points = np.ndarray  # (N, 2), x right, y down


@dataclass(frozen=True, slots=True)
class Stroke:
    """A filled polygon (`width` 0) or a polyline of that width; `hole` takes away instead."""

    points: Points
    width: float = 0.0
    hole: bool = False


Shape = list[Stroke]


def _circle(radius: float = 1.0, *, n: int = 48, x: float = 0.0, y: float = 0.0) -> Points:
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)


def _closed(points: Points) -> Points:
    return np.concatenate([points, points[:1]])


def _regular(corners: int, *, radius: float = 1.0, turn: float = 0.0) -> Points:
    t = turn + np.linspace(0, 2 * math.pi, corners, endpoint=False)
    return radius * np.stack([np.cos(t), np.sin(t)], axis=1)


# ---- plain --------------------------------------------------------------------------------


def ellipse(rng: Rng) -> Shape:
    return [Stroke(_circle() * [1.0, rng.uniform(0.45, 1.0)])]


def rectangle(rng: Rng) -> Shape:
    h = rng.uniform(0.35, 1.0)
    return [Stroke(np.array([[-0.85, -h], [0.85, -h], [0.85, h], [-0.85, h]]) * 0.9)]


def triangle(rng: Rng) -> Shape:
    return [Stroke(_regular(3) * [1.0, rng.uniform(0.7, 1.1)] + rng.uniform(-0.15, 0.15, (3, 2)))]


def convex(rng: Rng) -> Shape:
    corners = int(rng.integers(5, 9))
    t = np.sort(rng.uniform(0, 2 * math.pi, corners) * 0.3) / 0.3
    t = (t + np.linspace(0, 2 * math.pi, corners, endpoint=False)) / 2
    return [Stroke(np.stack([np.cos(t), np.sin(t) * rng.uniform(0.6, 1.0)], axis=1))]


def blob(rng: Rng) -> Shape:
    t = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    r = np.ones_like(t)
    for k in range(2, 6):
        r += rng.normal(0, 0.45 / k) * np.cos(k * t + rng.uniform(0, 2 * math.pi))
    r = np.clip(r, 0.35, None)
    r /= r.max()
    return [Stroke(np.stack([r * np.cos(t), r * np.sin(t) * rng.uniform(0.7, 1.0)], axis=1))]


def star(rng: Rng) -> Shape:
    n = int(rng.integers(5, 8))
    t = np.linspace(0, 2 * math.pi, 2 * n, endpoint=False)
    r = np.where(np.arange(2 * n) % 2 == 0, 1.0, rng.uniform(0.5, 0.75))
    return [Stroke(np.stack([r * np.cos(t), r * np.sin(t)], axis=1))]


def ell(rng: Rng) -> Shape:
    a = rng.uniform(0.5, 0.9)
    p = np.array(
        [[-0.8, -0.8], [-0.8 + a, -0.8], [-0.8 + a, 0.8 - a], [0.8, 0.8 - a], [0.8, 0.8], [-0.8, 0.8]]
    )
    return [Stroke(p)]


def bottle(rng: Rng) -> Shape:
    neck = rng.uniform(0.18, 0.3)
    p = [[-0.5, 1], [0.5, 1], [0.5, -0.1], [neck, -0.4], [neck, -1], [-neck, -1], [-neck, -0.4], [-0.5, -0.1]]
    return [Stroke(np.array(p))]


def mug(rng: Rng) -> Shape:
    w = rng.uniform(0.5, 0.65)
    body = np.array([[-w, -0.8], [w, -0.8], [w * 0.9, 0.8], [-w * 0.9, 0.8]])
    return [Stroke(_closed(_circle(0.36, x=w + 0.08)), width=0.18), Stroke(body)]


def heart(_rng: Rng) -> Shape:
    t = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 17
    return [Stroke(np.stack([16 * np.sin(t) ** 3 / 17, y], axis=1))]


def plus(rng: Rng) -> Shape:
    a = rng.uniform(0.32, 0.45)
    arm = np.array([[-1, -a], [1, -a], [1, a], [-1, a]]) * 0.95
    return [Stroke(arm), Stroke(arm[:, ::-1])]


def house(rng: Rng) -> Shape:
    roof = rng.uniform(-0.25, 0.05)
    return [Stroke(np.array([[-0.75, 0.8], [0.75, 0.8], [0.75, roof], [0, -0.95], [-0.75, roof]]))]


def arrow(rng: Rng) -> Shape:
    a, neck = rng.uniform(0.2, 0.35), rng.uniform(-0.1, 0.2)
    p = [[-0.9, -a], [neck, -a], [neck, -0.75], [0.95, 0], [neck, 0.75], [neck, a], [-0.9, a]]
    return [Stroke(np.array(p))]


def pear(rng: Rng) -> Shape:
    top = rng.uniform(0.35, 0.5)
    sides = np.array([[-top, -0.5], [top, -0.5], [0.62, 0.35], [-0.62, 0.35]])
    return [Stroke(_circle(top, y=-0.5)), Stroke(sides), Stroke(_circle(0.62, y=0.35))]


# ---- thin and intricate -------------------------------------------------------------------


def _thin(rng: Rng) -> float:
    return float(rng.uniform(0.045, 0.11))


def wheel(rng: Rng) -> Shape:
    width = _thin(rng)
    spokes = int(rng.integers(4, 9))
    ends = _regular(spokes, radius=0.95)
    out = [Stroke(_closed(_circle(0.95)), width=width * 1.3)]
    return out + [Stroke(np.array([[0.0, 0.0], e]), width=width) for e in ends]


def grid(rng: Rng) -> Shape:
    width = _thin(rng)
    n, m = (int(v) for v in rng.integers(3, 6, 2))
    tall = rng.uniform(0.6, 0.9)
    rows = [Stroke(np.array([[-0.9, y], [0.9, y]]), width=width) for y in np.linspace(-tall, tall, n)]
    return rows + [Stroke(np.array([[x, -tall], [x, tall]]), width=width) for x in np.linspace(-0.9, 0.9, m)]


def tree(rng: Rng) -> Shape:
    out: Shape = []

    def branch(start: Points, angle: float, length: float, width: float, depth: int) -> None:
        end = start + length * np.array([math.cos(angle), math.sin(angle)])
        out.append(Stroke(np.array([start, end]), width=width))
        if depth:
            for _ in range(2 if depth > 1 else int(rng.integers(2, 4))):
                branch(
                    end, angle + rng.normal(0, 0.55), length * rng.uniform(0.6, 0.85), width * 0.75, depth - 1
                )

    branch(np.array([0.0, 0.95]), -math.pi / 2, 0.62, _thin(rng) * 1.5, 3)
    return out


def comb(rng: Rng) -> Shape:
    width = _thin(rng)
    out = [Stroke(np.array([[-0.95, -0.5], [0.95, -0.5]]), width=width * 2)]
    for x in np.linspace(-0.9, 0.9, int(rng.integers(5, 10))):
        out.append(Stroke(np.array([[x, -0.5], [x, rng.uniform(0.4, 0.8)]]), width=width))
    return out


def spiral(rng: Rng) -> Shape:
    t = np.linspace(0, 2 * math.pi * rng.uniform(1.6, 2.6), 120)
    r = 0.12 + 0.83 * t / t[-1]
    return [Stroke(np.stack([r * np.cos(t), r * np.sin(t)], axis=1), width=_thin(rng) * 1.2)]


def ring(rng: Rng) -> Shape:
    squeeze = [1.0, rng.uniform(0.5, 1.0)]
    return [Stroke(_closed(_circle(0.92) * squeeze), width=_thin(rng) * 1.5)]


def chair(rng: Rng) -> Shape:
    w = _thin(rng) * 1.1
    lines = [
        [[-0.5, -0.95], [-0.5, 0.95]],
        [[-0.5, 0.15], [0.55, 0.15]],
        [[0.55, 0.15], [0.6, 0.95]],
        [[-0.5, -0.3], [-0.2, -0.3]],
        [[-0.2, 0.15], [-0.1, 0.8]],
        [[-0.5, 0.55], [0.57, 0.55]],
    ]
    slats = [[[x, -0.9], [x, 0.15]] for x in np.linspace(-0.4, 0.4, int(rng.integers(2, 5)))]
    top = [[[-0.5, -0.9], [0.4, -0.9]]]
    return [Stroke(np.array(line), width=w) for line in lines + slats + top]


def spikes(rng: Rng) -> Shape:
    n = int(rng.integers(7, 13))
    t = np.linspace(0, 2 * math.pi, 2 * n, endpoint=False)
    r = np.where(np.arange(2 * n) % 2 == 0, rng.uniform(0.75, 1.0, 2 * n), rng.uniform(0.15, 0.3))
    return [Stroke(np.stack([r * np.cos(t), r * np.sin(t)], axis=1))]


def wire(rng: Rng) -> Shape:
    n = int(rng.integers(4, 8))
    x = np.linspace(-0.95, 0.95, n)
    knots = rng.uniform(-0.7, 0.7, n)
    fine = np.linspace(-0.95, 0.95, 90)
    t = np.interp(fine, x, np.arange(n))
    low = np.clip(t.astype(int), 0, n - 2)
    ease = (1 - np.cos((t - low) * math.pi)) / 2
    y = knots[low] * (1 - ease) + knots[low + 1] * ease
    return [Stroke(np.stack([fine, y], axis=1), width=_thin(rng) * 1.3)]


def frame(rng: Rng) -> Shape:
    """A plate with holes cut out: little of the box is object."""
    n = int(rng.integers(2, 4))
    out = [Stroke(np.array([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]))]
    cell = 1.8 / n
    for i in range(n):
        for j in range(n):
            c = np.array([-0.9 + (i + 0.5) * cell, -0.9 + (j + 0.5) * cell])
            out.append(Stroke(_circle(cell * rng.uniform(0.36, 0.44), x=c[0], y=c[1]), hole=True))
    return out


def snowflake(rng: Rng) -> Shape:
    width, out = _thin(rng), []
    for a in np.arange(6) * math.pi / 3:
        tip = np.array([math.cos(a), math.sin(a)])
        out.append(Stroke(np.array([[0.0, 0.0], tip * 0.98]), width=width))
        for side in (-0.8, 0.8):
            twig = np.array([math.cos(a + side), math.sin(a + side)]) * 0.32
            out.append(Stroke(np.array([tip * 0.55, tip * 0.55 + twig]), width=width * 0.8))
    return out


def ladder(rng: Rng) -> Shape:
    width, half = _thin(rng), rng.uniform(0.25, 0.4)
    out = [Stroke(np.array([[s * half, -0.97], [s * half, 0.97]]), width=width * 1.2) for s in (-1, 1)]
    rungs = np.linspace(-0.8, 0.8, int(rng.integers(5, 8)))
    return out + [Stroke(np.array([[-half, y], [half, y]]), width=width) for y in rungs]


def bicycle(rng: Rng) -> Shape:
    width = _thin(rng) * 0.9
    out = []
    for x in (-0.55, 0.55):
        out.append(Stroke(_closed(_circle(0.4, x=x, y=0.3)), width=width))
        for e in _regular(6, radius=0.4):
            out.append(Stroke(np.array([[x, 0.3], [x + e[0], 0.3 + e[1]]]), width=width * 0.6))
    body = [[-0.55, 0.3], [-0.2, -0.25], [0.3, -0.25], [0.0, 0.3], [-0.55, 0.3]]
    fork = [[0.55, 0.3], [0.28, -0.45], [0.45, -0.5]]
    seat = [[0.0, 0.3], [-0.25, -0.4], [-0.4, -0.42], [-0.1, -0.4]]
    return out + [Stroke(np.array(p), width=width) for p in (body, fork, seat)]


PLAIN: tuple[Callable[[Rng], Shape], ...] = (
    ellipse, rectangle, triangle, convex, blob, blob, star, ell, bottle, mug,
)  # fmt: skip
THIN: tuple[Callable[[Rng], Shape], ...] = (
    wheel, grid, tree, comb, spiral, ring, chair, spikes, wire, frame,
)  # fmt: skip
HELD_OUT_PLAIN: tuple[Callable[[Rng], Shape], ...] = (heart, plus, house, arrow, pear)
HELD_OUT_THIN: tuple[Callable[[Rng], Shape], ...] = (snowflake, ladder, bicycle)


def shape_mask(shape: Shape, *, size_wh: tuple[int, int], placing: np.ndarray) -> np.ndarray:
    """Coverage of a shape, float32 (H, W) in 0..1, antialiased by drawing at twice the size.

    `placing` is a 2x3 affine matrix from the shape's unit coordinates to canvas pixels.
    """
    over = 2
    image = Image.new("L", (size_wh[0] * over, size_wh[1] * over), 0)
    draw = ImageDraw.Draw(image)
    scale = math.sqrt(abs(np.linalg.det(placing[:, :2]))) * over
    for stroke in shape:
        points = (stroke.points @ placing[:, :2].T + placing[:, 2]) * over
        xy = [tuple(p) for p in points]
        if stroke.width:
            width = max(1, round(stroke.width * scale))
            draw.line(xy, fill=255, width=width, joint="curve")
            r = width / 2
            for x, y in (xy[0], xy[-1]):
                draw.ellipse([x - r, y - r, x + r, y + r], fill=255)
        else:
            draw.polygon(xy, fill=0 if stroke.hole else 255)
    small = image.resize(size_wh, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255
