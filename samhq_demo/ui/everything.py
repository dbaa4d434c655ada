"""Everything in a picture, for the page: told as it goes on, stopped at a word or when its visitor leaves."""

from __future__ import annotations

import contextvars
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Any

from samhq_demo.prompts.everything import DEFAULTS, EverythingOptions
from samhq_demo.results.everything import Everything, FoundMask, StoppedError
from samhq_demo.service import CompareService
from samhq_demo.ui.place import at_encoder
from samhq_demo.ui.question import number_of, picture_id_of
from samhq_demo.ui.store import PictureStore
from samhq_demo.ui.viewer.wire import EveryMask, EverythingNews, Least, Stopped

# The API takes more; here others wait, and with ViT-B on two cores 32 by 32 points take half a minute.
MAX_POINTS_PER_SIDE = 64
MAX_CROP_LAYERS = 1
# Of each branch, the surest: more are not told apart on a screen.
MAX_MASKS = 1000
# A page on a busy machine takes long over each piece of news; one that has left is noticed at the next piece.
_PROGRESS_SECONDS = 0.5
_LONGEST_SILENCE_SECONDS = 2.0
_STOPS_KEPT = 1000

# What is asked for, and which of it is seen at first: the rest comes by moving a slider, without a question.
_ASKED: Least = {"predicted_iou": 0.7, "stability": DEFAULTS["stability_threshold"]}
_FIRST: Least = {"predicted_iou": DEFAULTS["predicted_iou_threshold"], "stability": _ASKED["stability"]}
# A small model is seldom sure of a mask.
_ASKED_OF_SMALL: Least = {"predicted_iou": 0.3, "stability": 0.5}
_FIRST_OF_SMALL: Least = {"predicted_iou": 0.5, "stability": 0.6}


@dataclass(frozen=True, slots=True)
class EverythingQuestion:
    """An `EverythingRequest` of the browser, as far as it can be checked without its picture.

    Attributes:
        sequence: the browser's number of it; with the picture's ticket, which nobody can guess, its name.
    """

    picture_id: str
    sequence: int
    model: str | None
    points_per_side: int
    crop_layers: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EverythingQuestion:
        """Raises ValueError, which says what is wrong with it."""
        model = data.get("model")
        if model is not None and not isinstance(model, str):
            raise ValueError("model must be a model's name, or null.")
        made = cls(
            picture_id_of(data),
            number_of(data, "sequence"),
            model,
            number_of(data, "points_per_side"),
            number_of(data, "crop_layers"),
        )
        if not 1 <= made.points_per_side <= MAX_POINTS_PER_SIDE:
            raise ValueError(f"points_per_side must be from 1 to {MAX_POINTS_PER_SIDE} here.")
        if not 0 <= made.crop_layers <= MAX_CROP_LAYERS:
            raise ValueError(f"crop_layers must be from 0 to {MAX_CROP_LAYERS} here.")
        return made

    def options(self, asked: Least) -> EverythingOptions:
        return EverythingOptions(
            points_per_side=self.points_per_side,
            crop_layers=self.crop_layers,
            predicted_iou_threshold=asked["predicted_iou"],
            stability_threshold=asked["stability"],
            all_stabilities=True,
        )


@dataclass(slots=True)
class _Search:
    """One search under way. share: of its points that are done; has_begun: once the picture is encoded."""

    should_stop: Event = field(default_factory=Event)
    share: float = 0.0
    has_begun: bool = False

    def note(self, share: float) -> None:
        self.share, self.has_begun = share, True


class EverythingFinder:
    """Finds everything for the page, one picture at a time. One instance serves all visitors."""

    def __init__(self, service: CompareService, *, store: PictureStore) -> None:
        self._service = service
        self._store = store
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="everything")
        self._running: dict[tuple[str, int], _Search] = {}
        # A word to stop may come before its search has had its turn.
        self._stopped: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._lock = Lock()

    def stop(self, asked: Mapping[str, Any]) -> Stopped:
        """{"picture", "sequence"} of a search: no more is computed for it. -> whether it was under way."""
        key = (picture_id_of(asked), number_of(asked, "sequence"))
        with self._lock:
            search = self._running.get(key)
            if search is None:
                self._stopped[key] = None
                while len(self._stopped) > _STOPS_KEPT:
                    self._stopped.popitem(last=False)
                return {"stopped": False}
        search.should_stop.set()
        return {"stopped": True}

    def search(self, asked: Mapping[str, Any]) -> Generator[EverythingNews, None, None]:
        """How far it is, several times a second, and last what was found, or that it was stopped.

        Whoever closes this stops it: their visitor has left.

        Raises:
            ValueError: what is asked is wrong, or the model is not here.
            UnknownPictureError: the server has the picture no more.
        """
        question = EverythingQuestion.from_json(asked)
        picture = self._store.picture(question.picture_id)
        is_small = self._service.is_small(question.model or self._service.status().model or "")
        least, first = (_ASKED_OF_SMALL, _FIRST_OF_SMALL) if is_small else (_ASKED, _FIRST)
        options = question.options(least)
        points = sum(len(options.points(crop)) for crop in options.crops(picture.size_wh))
        search = self._begin(question)
        waits_for = partial(at_encoder, self._service, picture.content_id, model=question.model)
        # In a thread of its own, as this one tells how far it is; in this context, as ZeroGPU wants.
        finding: Future[Everything] = self._executor.submit(
            contextvars.copy_context().run,
            lambda: self._service.segment_everything(
                picture,
                options,
                model=question.model,
                on_progress=search.note,
                should_stop=search.should_stop.is_set,
            ),
        )
        try:
            yield from _progress(search, finding, points=points, waits_for=waits_for)
            yield _found(finding.result(), least=least, first=first)
        except StoppedError:
            yield {"is_over": True}
        finally:
            search.should_stop.set()
            finding.cancel()
            self._running.pop((question.picture_id, question.sequence), None)

    def _begin(self, question: EverythingQuestion) -> _Search:
        key = (question.picture_id, question.sequence)
        search = _Search()
        with self._lock:
            if self._stopped.pop(key, ...) is None:
                search.should_stop.set()
            self._running[key] = search
        return search


def _progress(
    search: _Search, finding: Future[Everything], *, points: int, waits_for: Callable[[], str]
) -> Generator[EverythingNews, None, None]:
    told, told_at = None, 0.0
    while not finding.done():
        has_begun = search.has_begun
        news = (int(search.share * points), has_begun, "" if has_begun else waits_for())
        if news != told or time.monotonic() - told_at > _LONGEST_SILENCE_SECONDS:
            told, told_at = news, time.monotonic()
            done, _, work = news
            yield {"done": done, "points": points, "has_begun": has_begun, "work": work}
        wait([finding], _PROGRESS_SECONDS)


def _found(found: Everything, *, least: Least, first: Least) -> EverythingNews:
    return {
        "is_over": True,
        "sam": _masks(found.sam),
        "sam_hq": _masks(found.sam_hq),
        "left_out": sum(max(0, len(masks) - MAX_MASKS) for masks in (found.sam, found.sam_hq)),
        "least": least,
        "first": first,
        "milliseconds": found.milliseconds["total"],
    }


def _masks(masks: Sequence[FoundMask]) -> list[EveryMask]:
    """The surest of them, the largest first as they were."""
    surest = sorted(range(len(masks)), key=lambda place: -masks[place].predicted_iou)[:MAX_MASKS]
    return [_mask(masks[place]) for place in sorted(surest)]


def _mask(mask: FoundMask) -> EveryMask:
    return {
        "rle": mask.runs.rle(),
        "bbox": list(mask.runs.bbox_xywh),
        "area": mask.runs.area,
        "predicted_iou": float(mask.predicted_iou),
        "stability": float(mask.stability),
        "point": [float(at) for at in mask.point_xy],
        "candidate": mask.candidate,
        "stays": [[max(low, -1.0), high] for low, high in mask.stays],
    }
