"""Segments everything in a picture: prompts a grid of points and keeps confident, stable, distinct masks.

What the official `SamAutomaticMaskGenerator` does, of segment-anything 1.0 for SAM and of segment-anything-hq
0.3 for SAM-HQ, whose generator has one mask a point: the best candidate with the HQ mask added. Here both
models share the encoder pass, and most of the work is left out where it cannot change the result. A
candidate's score comes from the tokens alone, so only those that pass are decoded to logits; of duplicates,
as far as these tell them, no masks are made; and a mask is computed where it can be and nowhere else.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.masks.boxes import ALWAYS, BoxXYXY, Spans, is_cut_off, nms_as_needed, pixel_box, shifted
from samhq_demo.masks.runs import Runs
from samhq_demo.models.across_crops import Placed, finished
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.gpu_memory import in_halves, with_room
from samhq_demo.models.held_logits import BoxBounds, HeldLogits
from samhq_demo.models.many_prompts import ManyAttended
from samhq_demo.models.pair import DECODERS_AT_ONCE, ModelPair
from samhq_demo.models.sam_hq import MASK_REACH
from samhq_demo.models.upsampling import FullMask
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import Crop, EverythingOptions
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.results.comparison import Branch
from samhq_demo.results.everything import FoundMask, StoppedError

BRANCHES: tuple[Branch, ...] = ("sam_hq", "sam")  # the slower one first

# Of each point, for every value of the embedding: until the scores are known, and until there are masks.
# Measured with tiny and ViT-B: 6 to 7, and 24 for SAM's masks and 44 for SAM-HQ's.
_ATTEND_BYTES, _MASK_BYTES = 12, 64
# On a CPU what a step computes should stay in its cache, but each step has a cost of its own. Of tiny, which
# has 1,600 places, steps of 8 to 33 points take the same time a point; this gives 20.
_VALUES_AT_ONCE = {"cpu": 2**22}
_MOST_POINTS_AT_ONCE = 128
# On a CPU those at work, and as many so that no core waits where the oldest takes longer.
_IN_FLIGHT = 2 * DECODERS_AT_ONCE

Found = dict[Branch, tuple[FoundMask, ...]]


def find_everything(
    pair: ModelPair,
    picture: Picture,
    embedding: ImageEmbedding,
    options: EverythingOptions,
    *,
    on_progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Found:
    """Both branches' masks of all that is in a picture, each the largest first.

    Args:
        embedding: the whole picture's; crops are encoded here.
        on_progress: told the share of the points that are done, up to 1.
        should_stop: asked some times a second.

    Raises:
        StoppedError: it should.
    """
    crops = options.crops(picture.size_wh)
    total = len(BRANCHES) * sum(len(options.points(crop)) for crop in crops)
    done = 0

    def count(points: int) -> None:
        nonlocal done
        done += points
        on_progress(done / total)
        if should_stop():
            raise StoppedError

    found: dict[Branch, list[Placed]] = {branch: [] for branch in BRANCHES}
    for crop in crops:
        count(0)
        seen = embedding if crop.layer == 0 else pair.encode(_cropped(picture, crop))
        for branch, placed in _in_crop(pair, seen, crop, options, size_wh=picture.size_wh, count=count):
            found[branch] += placed
    return {branch: finished(found[branch], options, crops=len(crops)) for branch in BRANCHES}


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A mask that passed the filters. runs: None where they were let go, to be made again if it stays.

    Attributes:
        box_xyxy: in pixels of the crop.
    """

    stability: float
    box_xyxy: BoxXYXY
    runs: Runs | None

    @property
    def nbytes(self) -> int:
        return 0 if self.runs is None else self.runs.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A mask that is sure enough; it is made, or its logits are held.

    Attributes:
        place: of its point in the grid.
        choice: which of SAM's masks, 1 to 3.
        rank: of its score among the three, 0 the highest.
        bounds: of its box, in pixels of the crop.
    """

    place: int
    choice: int
    rank: int
    predicted_iou: float
    bounds: BoxBounds
    of: _Made | HeldLogits


def _cropped(picture: Picture, crop: Crop) -> Picture:
    x0, y0, x1, y1 = crop.box_xyxy
    return Picture.from_pixels(picture.pixels[y0:y1, x0:x1])


def _in_crop(
    pair: ModelPair,
    embedding: ImageEmbedding,
    crop: Crop,
    options: EverythingOptions,
    *,
    size_wh: tuple[int, int],
    count: Callable[[int], None],
) -> Iterator[tuple[Branch, list[Placed]]]:
    """Each branch's masks in one crop, without duplicates, the highest predicted IoU first."""
    finders = {
        branch: _Finder(pair, branch, embedding, crop=crop, options=options, size_wh=size_wh)
        for branch in BRANCHES
    }
    pending: deque[tuple[Branch, range, Future[list[_Candidate]]]] = deque()

    def collect() -> None:
        branch, places, candidates = pending.popleft()
        finders[branch].take(candidates.result())
        count(len(places))

    try:
        for places in finders["sam"].batches():
            for branch in BRANCHES:
                pending.append((branch, places, pair.executor.submit(finders[branch].candidates, places)))
                while len(pending) >= _IN_FLIGHT:
                    collect()
        while pending:
            collect()
    finally:
        for *_, left in pending:
            left.cancel()
    # Masks are made of what was held: side by side.
    kept = [(branch, pair.executor.submit(finders[branch].kept)) for branch in BRANCHES]
    for branch, placed in kept:
        yield branch, placed.result()


class _Finder:
    """One branch at work on one crop."""

    def __init__(
        self,
        pair: ModelPair,
        branch: Branch,
        embedding: ImageEmbedding,
        *,
        crop: Crop,
        options: EverythingOptions,
        size_wh: tuple[int, int],
    ) -> None:
        self._pair, self._branch, self._embedding = pair, branch, embedding
        self._crop, self._options, self._size_wh = crop, options, size_wh
        self._points = options.points(crop)
        self._shared = pair.shared_picture(branch, embedding)
        values, device = embedding.sam_hq[0].numel(), pair.compute.decoder_device.type
        # On a CPU half of the memory is for the candidates' runs; a card has its own, and one step at a time.
        half = options.memory_mb * 2**20 // 2
        own = half // DECODERS_AT_ONCE if device == "cpu" else pair.compute.batch_bytes()
        share = own // values
        most = _VALUES_AT_ONCE.get(device, _MOST_POINTS_AT_ONCE * values) // values
        self._points_at_once = max(1, min(share // _ATTEND_BYTES, most, _MOST_POINTS_AT_ONCE))
        self._masks_at_once = max(1, share // _MASK_BYTES)
        self._part_hw = _part_of_places(embedding)
        # A card makes many masks at once, where their logits are.
        self._holds_logits = pair.compute.masks_device.type == "cpu" and not options.all_stabilities
        self._held: list[_Candidate] = []
        self._bytes_left = half // len(BRANCHES)

    def batches(self) -> Iterator[range]:
        """Places of points that are asked at once."""
        count = len(self._points)
        for start in range(0, count, self._points_at_once):
            yield range(start, min(start + self._points_at_once, count))

    def candidates(self, places: Sequence[int]) -> list[_Candidate]:
        """What is at some of the points, in their order, as far as it passes the filters by itself.

        Raises:
            NoRoomError: a GPU has no room for a single point.
        """
        return in_halves(self._candidates, places)

    def _candidates(self, places: Sequence[int]) -> list[_Candidate]:
        attended = self._attend(places)
        scores = self._pair.scores(self._branch, attended.iou_tokens()).numpy()
        chosen = self._chosen(scores)
        ranks = np.argsort(np.argsort(-scores[:, 1:], axis=1, kind="stable"), axis=1)
        found = []
        for (row, choice), seen in zip(chosen, self._seen(self._logits(attended, chosen)), strict=True):
            if seen is not None:
                rank, score = int(ranks[row, choice - 1]), float(scores[row, choice])
                found.append(_Candidate(places[row], choice, rank, score, *seen))
        return found

    def take(self, candidates: Sequence[_Candidate]) -> None:
        """Hold them, with the logits, or at least the runs, of as many as there is memory for."""
        for candidate in candidates:
            of: _Made | HeldLogits | None = candidate.of
            if isinstance(of, HeldLogits) and of.nbytes > self._bytes_left:
                of = self._make(of)
            if isinstance(of, _Made) and of.nbytes > self._bytes_left:
                of = replace(of, runs=None)
            if of is not None:
                self._bytes_left -= of.nbytes
                self._held.append(replace(candidate, of=of))

    def kept(self) -> list[Placed]:
        """Those of all candidates that pass the filters and are no duplicates, in the picture."""
        held, made = self._held, dict[int, _Made]()

        def measured(place: int) -> tuple[BoxXYXY, Spans] | None:
            of = held[place].of
            ready = self._make(of) if isinstance(of, HeldLogits) else of
            if ready is None:
                return None
            made[place] = ready
            return ready.box_xyxy, self._stays(ready)

        keep = nms_as_needed(
            [candidate.bounds.outer_xyxy for candidate in held],
            [candidate.bounds.inner_xyxy for candidate in held],
            [candidate.predicted_iou for candidate in held],
            measured,
            iou_threshold=self._options.box_nms_threshold,
        )
        return [self._placed(held[place], made[place], stays) for place, stays in keep]

    def _stays(self, made: _Made) -> Spans:
        return ((-math.inf, made.stability),) if self._options.all_stabilities else ALWAYS

    def _attend(self, places: Sequence[int]) -> ManyAttended:
        prompts = [
            Prompt(points=(tuple(self._points[place]),), labels=(PointLabel.OBJECT,)) for place in places
        ]
        transform = self._embedding.input_transform
        return self._pair.attend_many(self._branch, self._shared, transform, prompts)

    def _chosen(self, scores: NDArray[np.float32]) -> list[tuple[int, int]]:
        """(row, choice) of the candidates that are looked at; scores: (B, 4)."""
        threshold = self._options.predicted_iou_threshold
        passes = scores > threshold if threshold > 0 else np.ones_like(scores, np.bool_)
        passes[:, 0] = False  # the single mask, for prompts that leave no doubt
        if self._branch == "sam_hq":
            best = 1 + scores[:, 1:].argmax(axis=1, keepdims=True)
            passes &= np.arange(scores.shape[1]) == best
        return [(int(row), int(choice)) for row, choice in np.argwhere(passes)]

    def _logits(self, attended: ManyAttended, chosen: Sequence[tuple[int, int]]) -> Iterator[Tensor]:
        """The low-resolution logits of the choices, (N, h, w) each time, right where the picture is."""
        rows = sorted({row for row, _ in chosen})
        transform = self._embedding.input_transform
        height, width = transform.low_res_hw
        padding = (0, transform.low_res - width, 0, transform.low_res - height)
        for start in range(0, len(rows), self._masks_at_once):
            some = rows[start : start + self._masks_at_once]
            part = attended if len(some) == len(attended.tokens) else attended.some(some)
            logits = self._pair.masks(self._branch, self._embedding, part.attended(self._part_hw)).logits
            index = {row: at for at, row in enumerate(some)}
            at, choices = zip(*((index[row], choice) for row, choice in chosen if row in index), strict=True)
            masks = logits[list(at), list(choices), :height, :width]
            if self._branch == "sam_hq":
                masks += logits[list(at), 4, :height, :width]
            yield F.pad(masks, padding, mode="replicate")

    def _seen(self, logits: Iterable[Tensor]) -> Iterator[tuple[BoxBounds, _Made | HeldLogits] | None]:
        """What candidates have of themselves, of their logits (N, h, w) each time; None of one that goes."""
        transform, offset = self._embedding.input_transform, self._options.stability_offset
        if self._holds_logits:
            for one in itertools.chain.from_iterable(some.numpy() for some in logits):
                held = HeldLogits.of(one, offset=offset)
                yield transform.box_bounds(held), held
            return
        for full in transform.full_masks(logits, offset=offset):
            made = self._passed(full)
            yield None if made is None else (BoxBounds(made.box_xyxy, made.box_xyxy), made)

    def _make(self, held: HeldLogits) -> _Made | None:
        logits = torch.from_numpy(held.logits())
        return self._passed(self._embedding.input_transform.full_mask(logits, offset=held.offset))

    def _passed(self, full: FullMask) -> _Made | None:
        """The mask, if it is stable and whole."""
        # In the official precision: whether one passes can turn on it.
        stability = np.float32(full.above) / np.float32(full.below) if full.below else np.float32(0)
        if stability < np.float32(self._options.stability_threshold):
            return None
        box_xyxy = pixel_box(full.runs)
        corner = self._crop.box_xyxy[:2]
        if is_cut_off(shifted(box_xyxy, corner), crop_xyxy=self._crop.box_xyxy, size_wh=self._size_wh):
            return None
        return _Made(float(stability), box_xyxy, full.runs)

    def _placed(self, candidate: _Candidate, made: _Made, stays: Spans) -> Placed:
        runs = made.runs
        if runs is None:
            logits = with_room(
                lambda: list(self._logits(self._attend([candidate.place]), [(0, candidate.choice)]))
            )
            (full,) = self._embedding.input_transform.full_masks(logits)
            runs = full.runs
        width, height = self._size_wh
        x, y, *_ = self._crop.box_xyxy
        point = self._points[candidate.place]
        mask = FoundMask(
            runs.placed((x, y), size_hw=(height, width)),
            predicted_iou=candidate.predicted_iou,
            stability=made.stability,
            point_xy=(float(point[0]) + x, float(point[1]) + y),
            candidate=candidate.rank,
            stays=stays,
        )
        crop_w, crop_h = self._crop.size_wh
        return Placed(mask, shifted(made.box_xyxy, (x, y)), crop_w * crop_h)


def _part_of_places(embedding: ImageEmbedding) -> tuple[int, int]:
    """Rows and columns of the embedding, the upper left ones, that masks are made of: the rest is padding."""
    seen = embedding.input_transform.low_res_hw
    sides = embedding.sam_hq.shape[2:]
    rows, columns = (
        min(side, math.ceil((own + MASK_REACH) / 4)) for own, side in zip(seen, sides, strict=True)
    )
    return rows, columns
