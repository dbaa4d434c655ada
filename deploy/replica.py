"""One replica of the models on Ray Serve: a whole `CompareService`, its embeddings beside its decoders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, TypeVar

import numpy as np
import ray
from numpy.typing import NDArray

from samhq_demo.cache import Encoded
from samhq_demo.library import ModelLibrary
from samhq_demo.model_status import ModelDescription, Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Comparison
from samhq_demo.results.everything import Everything
from samhq_demo.results.preview import Preview
from samhq_demo.service import CompareService, NotEncodedError, build_service
from samhq_demo.settings import Settings

_NEWS_SECONDS = 0.25

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture on its way to a replica: what a click needs, and where the pixels can be had.

    Attributes:
        pixels: a reference to (H, W, 3) uint8 in Ray's object store; fetched only to encode them.
    """

    content_id: str
    size_wh: tuple[int, int]
    pixels: Any

    def without_pixels(self) -> Picture:
        """The same picture all in black, which takes no memory: enough where it is encoded already."""
        width, height = self.size_wh
        return Picture(np.broadcast_to(np.uint8(0), (height, width, 3)), self.content_id)

    def fetched(self) -> Picture:
        return Picture(ray.get(self.pixels), self.content_id)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page tells of the models without asking for an answer; the names are `CompareService`'s."""

    models: list[ModelDescription]
    status: ServiceStatus
    outlooks: Mapping[str | None, Outlook]
    small: frozenset[str]
    loaded: frozenset[str]
    is_bundled: bool
    photo_scores: PhotoScores | None
    cache_bytes: int
    max_cache_bytes: int


class Replica:
    """Answers for the pictures that the router sends here. Ready once the model that answers is loaded."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # In time, as torch is imported with the first model and then reads how many threads it has.
        os.environ.update(environment)
        self._service = build_service(_of_models_here(Settings.from_environment()))
        # Loads the model, so that no visitor waits for a replica that has just been added.
        self._service.prepare(Picture.from_pixels(np.zeros((64, 64, 3), np.uint8)))

    def facts(self) -> Facts:
        return _facts(self._service)

    def prepare(self, picture: SentPicture, model: str | None) -> Encoded:
        return self._service.prepare(picture.fetched(), model=model)

    def progress(self, picture: SentPicture, model: str | None) -> float:
        return self._service.progress(picture.without_pixels(), model=model)

    def encodes_before(self, content_id: str, model: str | None) -> int | None:
        return self._service.encodes_before(content_id, model=model)

    def encodes_waiting(self, model: str | None) -> int:
        return self._service.encodes_waiting(model=model)

    def image_embedding(self, picture: SentPicture, model: str | None) -> NDArray[np.float32]:
        return self._service.image_embedding(picture.fetched(), model=model)

    def compare(self, picture: SentPicture, request: Request, may_encode: bool) -> Comparison:
        return _answered(self._service.compare, picture, request, may_encode=may_encode)

    def preview(self, picture: SentPicture, request: Request, may_encode: bool) -> Preview:
        return _answered(self._service.preview, picture, request, may_encode=may_encode)

    async def segment_everything(
        self, picture: SentPicture, options: EverythingOptions, model: str | None
    ) -> AsyncIterator[float | Everything | None]:
        """The share that is done, several times a second, None before it begins; last what was found.

        Whoever cancels this stops it.
        """
        told: dict[str, float] = {}
        should_stop = Event()

        def find() -> Everything:
            return self._service.segment_everything(
                picture.fetched(),
                options,
                model=model,
                on_progress=lambda share: told.update(share=share),
                should_stop=should_stop.is_set,
            )

        finding = asyncio.ensure_future(asyncio.to_thread(find))
        try:
            while not (await asyncio.wait({finding}, timeout=_NEWS_SECONDS))[0]:
                yield told.get("share")
            if "share" in told:
                yield told["share"]
            yield finding.result()
        finally:
            should_stop.set()


def _answered(
    answer: Callable[..., Answer], picture: SentPicture, request: Request, *, may_encode: bool
) -> Answer:
    """Without the pixels where the picture is encoded, as it mostly is."""
    try:
        return answer(picture.without_pixels(), request, may_encode=False)
    except NotEncodedError:
        if not may_encode:
            raise
    return answer(picture.fetched(), request)


def _of_models_here(settings: Settings) -> Settings:
    """With the models alone whose weights are here: no page could tell which replica downloads one."""
    here = [model.name for model in ModelLibrary(settings).describe() if model.available]
    return replace(settings, models=tuple(here))


def _facts(service: CompareService) -> Facts:
    models = service.models()
    names = [model.name for model in models]
    return Facts(
        models=models,
        status=service.status(),
        outlooks={name: service.outlook(name) for name in (None, *names)},
        small=frozenset(filter(service.is_small, names)),
        loaded=frozenset(filter(service.is_loaded, names)),
        is_bundled=service.is_bundled(),
        photo_scores=service.photo_scores(),
        cache_bytes=service.cache_bytes,
        max_cache_bytes=service.max_cache_bytes,
    )
