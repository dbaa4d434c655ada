"""Segments of a photo at every scale, found without learning: a tree of regions that merge.

Nobody has outlined the free photos that `tiny` learns from, so their segments come from the picture
itself: a watershed of its gradients in color and texture cuts it into small regions, and neighbors
merge, the most alike first (Arbelaez et al. 2011, "Contour Detection and Hierarchical Image
Segmentation", has the idea of such a tree; colors and textures are compared as histograms). A region
that stays as it is for long while others merge around it is likely to be a thing that people see.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.segmentation import watershed

_COLOR_BINS, _TEXTURE_BINS = 10, 8
_ORIENTATIONS = 4


@dataclass(frozen=True, slots=True, eq=False)
class SegmentTree:
    """The regions of a picture: `count` leaves, then one node a merge, the whole picture last.

    Attributes:
        labels: int16 (H, W), the leaf that holds each pixel, from 0.
        merges: int16 (count - 1, 2), the two nodes that each merge joins; merge i makes node count + i.
        heights: float32 (count - 1,), how unlike the two were, never falling.
    """

    labels: np.ndarray
    merges: np.ndarray
    heights: np.ndarray

    @property
    def count(self) -> int:
        return len(self.merges) + 1

    def members(self) -> np.ndarray:
        """Which leaves each node holds, bool (2 * count - 1, count)."""
        held = np.zeros((2 * self.count - 1, self.count), bool)
        held[np.arange(self.count), np.arange(self.count)] = True
        for number, (first, second) in enumerate(self.merges, start=self.count):
            held[number] = held[first] | held[second]
        return held

    def persistence(self) -> np.ndarray:
        """How long each node stays as it is, float32 (2 * count - 1,): the rise until it merges."""
        born = np.concatenate([np.zeros(self.count, np.float32), self.heights])
        died = np.full(2 * self.count - 1, self.heights[-1] if len(self.heights) else 0, np.float32)
        for height, pair in zip(self.heights, self.merges, strict=True):
            died[pair] = height
        return died - born


def segment_tree(image: np.ndarray) -> SegmentTree:
    """The tree of a picture, uint8 (H, W, 3), of some 300 pixels: half a second."""
    lab = rgb2lab(image).astype(np.float32)
    texture = _texture(lab[..., 0])
    edges = _edges(lab, texture)
    labels = watershed(edges, markers=_markers(edges)).astype(np.int64) - 1
    return _merge(labels, edges=edges, lab=lab, texture=texture)


def _texture(lightness: np.ndarray) -> np.ndarray:
    """How much the lightness varies around each pixel, by direction, float32 (H, W, 4)."""
    dy, dx = (ndimage.gaussian_filter(lightness, 1.0, order=o) for o in ((1, 0), (0, 1)))
    angles = np.arange(_ORIENTATIONS) * np.pi / _ORIENTATIONS
    energy = [np.abs(dx * np.cos(a) + dy * np.sin(a)) for a in angles]
    return np.stack([ndimage.gaussian_filter(e, 2.5) for e in energy], axis=-1)


def _edges(lab: np.ndarray, texture: np.ndarray) -> np.ndarray:
    """How strongly color and texture change at each pixel, float32 (H, W)."""
    scaled = lab * np.array([0.6, 1.0, 1.0], np.float32)
    color = sum(
        weight
        * np.sqrt(sum(ndimage.gaussian_gradient_magnitude(scaled[..., c], sigma) ** 2 for c in range(3)))
        for sigma, weight in ((1.0, 0.5), (2.0, 1.0), (4.0, 1.5))
    )
    rough = np.sqrt(sum(ndimage.gaussian_gradient_magnitude(texture[..., k], 3.0) ** 2 for k in range(4)))
    # What is rough all over has strong gradients that are no borders.
    around = ndimage.gaussian_filter(texture.sum(-1), 6.0)
    return (color / (1 + 0.15 * around) + 3.0 * rough).astype(np.float32)


def _markers(edges: np.ndarray) -> np.ndarray:
    """One number for each hollow of the edges, int32 (H, W); the others 0."""
    smooth = ndimage.gaussian_filter(edges, 1.0)
    lowest = smooth <= ndimage.minimum_filter(smooth, size=7)
    return ndimage.label(lowest, structure=np.ones((3, 3)))[0]


def _histograms(labels: np.ndarray, values: np.ndarray, *, low: float, high: float, bins: int) -> np.ndarray:
    """The share of each value's bin among each label's pixels, float64 (labels, bins)."""
    at = (values - low) * (bins / (high - low)) - 0.5
    floor = np.floor(at)
    part = at - floor
    found = np.zeros((labels.max() + 1, bins))
    for step, weight in ((0, 1 - part), (1, part)):  # shared by the two nearest bins
        place = np.clip(floor + step, 0, bins - 1).astype(np.int64)
        flat = np.bincount((labels * bins + place).ravel(), weight.ravel(), minlength=found.size)
        found += flat.reshape(found.shape)
    return found


def _merge(labels: np.ndarray, *, edges: np.ndarray, lab: np.ndarray, texture: np.ndarray) -> SegmentTree:
    count = int(labels.max()) + 1
    areas = np.bincount(labels.ravel(), minlength=count).astype(float)
    spans = ((0, 100), (-60, 60), (-60, 60))
    sums = [
        _histograms(labels, lab[..., c], low=lo, high=hi, bins=_COLOR_BINS)
        for c, (lo, hi) in enumerate(spans)
    ]
    log = np.log1p(texture)
    sums += [
        _histograms(labels, log[..., k], low=0, high=3.0, bins=_TEXTURE_BINS) for k in range(_ORIENTATIONS)
    ]
    widths = [s.shape[1] for s in sums]
    features = list(np.concatenate(sums, axis=1))  # by node, summed over its pixels
    weights = np.repeat([1.0, 1.0, 1.0] + [0.5] * _ORIENTATIONS, widths)
    sizes = list(areas)
    borders = _borders(labels, edges)
    total = labels.size

    def unlike(a: int, b: int) -> float:
        pa, pb = features[a] / sizes[a], features[b] / sizes[b]
        chi = float((weights * (pa - pb) ** 2 / (pa + pb + 1e-9)).sum())
        strength, length = borders[a][b]
        small = min(sizes[a], sizes[b]) / total
        return (0.3 * strength / length + 0.5 * chi) * min(small, 0.1) ** 0.25

    heap = [(unlike(a, b), a, b) for a in range(count) for b in borders[a] if a < b]
    heapq.heapify(heap)
    gone: set[int] = set()
    merges: list[tuple[int, int]] = []
    heights: list[float] = []
    while heap and len(merges) < count - 1:
        height, a, b = heapq.heappop(heap)
        if a in gone or b in gone:
            continue
        node = count + len(merges)
        gone.update((a, b))
        merges.append((a, b))
        heights.append(max(height, heights[-1]) if heights else height)
        features.append(features[a] + features[b])
        sizes.append(sizes[a] + sizes[b])
        joined: dict[int, tuple[float, float]] = {}
        for old in (a, b):
            for other, (strength, length) in borders[old].items():
                if other not in (a, b):
                    had = joined.get(other, (0.0, 0.0))
                    joined[other] = (had[0] + strength, had[1] + length)
                    borders[other].pop(old, None)
        borders.append(joined)
        for other, border in joined.items():
            borders[other][node] = border
            heapq.heappush(heap, (unlike(node, other), node, other))
    return SegmentTree(
        labels.astype(np.int16), np.array(merges, np.int16).reshape(-1, 2), np.array(heights, np.float32)
    )


def _borders(labels: np.ndarray, edges: np.ndarray) -> list[dict[int, tuple[float, float]]]:
    """For each label its neighbors, with the edges summed along the border and the border's length."""
    count = int(labels.max()) + 1
    found: list[dict[int, tuple[float, float]]] = [{} for _ in range(count)]
    for here, there in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        a, b = labels[here], labels[there]
        strength = np.maximum(edges[here], edges[there])
        differ = a != b
        low, high = np.minimum(a, b)[differ], np.maximum(a, b)[differ]
        pair, inverse = np.unique(low * count + high, return_inverse=True)
        sums, lengths = np.bincount(inverse, strength[differ]), np.bincount(inverse)
        for key, total, length in zip(pair, sums, lengths, strict=True):
            i, j = divmod(int(key), count)
            had = found[i].get(j, (0.0, 0.0))
            found[i][j] = found[j][i] = (had[0] + float(total), had[1] + float(length))
    return found
