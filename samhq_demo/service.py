"""Pictures and prompts in, comparisons out; owns the cache and waits for the models."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samhq_demo.cache import BoundedCache, Encoded
from samhq_demo.library import ModelLibrary
from samhq_demo.line import Line
from samhq_demo.measures import EMBEDDINGS, STAGE_SECONDS
from samhq_demo.memory import keep_freed_memory
from samhq_demo.model_status import ModelDescription, Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Comparison
from samhq_demo.results.everything import Everything
from samhq_demo.results.preview import Preview
from samhq_demo.settings import Settings

if TYPE_CHECKING:  # torch is imported behind the page, not before it
    from samhq_demo.models.answering import Answerer, Decode
    from samhq_demo.models.embedding import ImageEmbedding
    from samhq_demo.models.pair import DecodedPair, OnSam


# Of the last clicks, so that what follows a preview costs no decoding; some 2.4 MB each with ViT-B.
_DECODED_BYTES = 64 * 2**20
_ANSWERS_AT_ONCE = 4


class NotEncodedError(LookupError):
    """The picture is not encoded, or not any more, and it was not to be encoded."""


class CompareService:
    """Answers what SAM and SAM-HQ make of a picture. Safe under threads.

    Every `ValueError` is about the request and says in one sentence what was wrong and what would
    be right.

    Attributes:
        executor: makes answers while others are made. Like the pair's, it can be replaced: a profile wants
            one thing after the other.
    """

    def __init__(self, library: ModelLibrary, *, cache: BoundedCache[ImageEmbedding]) -> None:
        self._library = library
        # Threads, as numpy lets go of the interpreter while it works.
        self.executor: Executor = ThreadPoolExecutor(_ANSWERS_AT_ONCE, thread_name_prefix="answer")
        self._cache = cache
        self._decoded: BoundedCache[DecodedPair] = BoundedCache(max_bytes=_DECODED_BYTES)
        # Of pictures that are being encoded: (model, content id) -> the share that is done.
        self._progress: dict[tuple[str, str], float] = {}

    def models(self) -> list[ModelDescription]:
        """Every model that may be asked for, whether or not its weights are here."""
        return self._library.describe()

    def status(self) -> ServiceStatus:
        """Which model answers now, and why."""
        return self._library.status()

    def photo_scores(self) -> PhotoScores | None:
        """What the bundled checkpoint was measured to do on photos."""
        return self._library.photo_scores

    def is_small(self, model: str) -> bool:
        """Whether a model is smaller than `base`."""
        return self._library.is_small(model)

    def is_bundled(self) -> bool:
        """Whether the checkpoint that comes with the app answers, as it comes."""
        return self._library.is_bundled()

    def is_loaded(self, model: str | None) -> bool:
        """Whether a model can answer without being loaded first; None: the one that answers."""
        return self._library.is_loaded(model)

    def outlook(self, model: str | None) -> Outlook:
        """As in `ModelLibrary`."""
        return self._library.outlook(model)

    def fetch(self, model: str) -> None:
        """Start downloading a model's weights, unless that is under way. Returns at once."""
        self._library.fetch(model)

    def when_loaded(self, prepare: Callable[[str], None]) -> None:
        """As in `ModelLibrary`."""
        self._library.when_loaded(prepare)

    def wait_for_weights(self) -> str:
        """As in `ModelLibrary`."""
        return self._library.wait_for_weights()

    @property
    def cache_bytes(self) -> int:
        """Of the embeddings held now."""
        return self._cache.nbytes

    @property
    def max_cache_bytes(self) -> int:
        """Of the embeddings that may be held."""
        return self._cache.max_bytes

    def prepare(self, picture: Picture, *, model: str | None = None) -> Encoded:
        """Encode a picture ahead of its first prompt; waits until it is done."""
        return self._embedding(picture, model=model)[2]

    def progress(self, picture: Picture, *, model: str | None = None) -> float:
        """How much of a picture is encoded, 0 to 1; 0 also before that has begun and where it cannot be told.

        Returns at once, whatever is being loaded or computed.
        """
        key = (self._library.name(model), picture.content_id)
        return 1.0 if key in self._cache else self._progress.get(key, 0.0)

    def encodes_before(self, content_id: str, *, model: str | None = None) -> int | None:
        """How many pictures come before one at a model's encoder, the one that is in it among them.

        Returns at once. 0: it is being encoded; None: it is encoded, or nobody has asked for that.
        """
        line = self._line(model)
        return None if line is None else line.before(content_id)

    def encodes_waiting(self, *, model: str | None = None) -> int:
        """How many pictures are in a model's encoder or wait for it. Returns at once."""
        line = self._line(model)
        return 0 if line is None else len(line)

    def _line(self, model: str | None) -> Line | None:
        """Of the pictures at a model's encoder; None where the model is not loaded."""
        name = self._library.name(model)
        return self._library.pair(name).encoding if self.is_loaded(name) else None

    def image_embedding(self, picture: Picture, *, model: str | None = None) -> NDArray[np.float32]:
        """What SAM-HQ's encoder makes of a picture: (channels, height, width)."""
        _, embedding, _ = self._embedding(picture, model=model)
        found: NDArray[np.float32] = embedding.sam_hq[0].cpu().numpy()
        return found.copy()

    def compare(self, picture: Picture, request: Request, *, may_encode: bool = True) -> Comparison:
        """Both models' masks of every prompt's object.

        Args:
            may_encode: whether to encode the picture where that has not been done.

        Raises:
            ValueError: the request does not fit the picture, or the model's weights are not here.
            NotEncodedError: the picture would have to be encoded, and may not be.
        """
        began = time.perf_counter()
        request = request.within(picture.size_wh)
        answerer, embedding, encoded = self._embedding(picture, model=request.model, may_encode=may_encode)
        seen = time.perf_counter()
        decode = self._decoder(answerer, picture, embedding, request)
        with STAGE_SECONDS.labels("decode").time():
            objects = answerer.compare(embedding, request, decode=decode, executor=self.executor)
        return Comparison(
            model=answerer.pair.name,
            size_wh=picture.size_wh,
            objects=objects,
            encoded=encoded,
            milliseconds=_timings(began, seen),
        )

    def preview(self, picture: Picture, request: Request, *, may_encode: bool = True) -> Preview:
        """Both models' best masks at the size of a screen: the soonest answer to a request for one object.

        Arguments and errors are those of `compare`. Asked the same soon after, that takes no decoding but
        where there is a mask prompt.
        """
        if len(request.prompts) != 1:
            raise ValueError(f"A preview goes with one object, not with {len(request.prompts)}.")
        request = request.within(picture.size_wh)
        answerer, embedding, _ = self._embedding(picture, model=request.model, may_encode=may_encode)
        decode = self._decoder(answerer, picture, embedding, request)
        with STAGE_SECONDS.labels("decode").time():
            return answerer.preview(embedding, request, decode=decode)

    def segment_everything(
        self,
        picture: Picture,
        options: EverythingOptions | None = None,
        *,
        model: str | None = None,
        on_progress: Callable[[float], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Everything:
        """Both models' masks of all that is in a picture, asked for by no prompt.

        Args:
            options: None for the official generator's defaults.
            model: a name from `models`; None is the one that answers now.
            on_progress: told the share of the points that are done, up to 1, once the picture is encoded.
            should_stop: asked some times a second, in the calling thread like `on_progress`.

        Raises:
            ValueError: the model's weights are not here.
            StoppedError: it should stop.
        """
        began = time.perf_counter()
        answerer, embedding, encoded = self._embedding(picture, model=model)
        seen = time.perf_counter()
        with STAGE_SECONDS.labels("everything").time():
            found = answerer.find_everything(
                picture,
                embedding,
                options or EverythingOptions(),
                on_progress=on_progress,
                should_stop=should_stop,
            )
        return Everything(
            model=answerer.pair.name,
            size_wh=picture.size_wh,
            sam=found["sam"],
            sam_hq=found["sam_hq"],
            encoded=encoded,
            milliseconds=_timings(began, seen),
        )

    def _embedding(
        self, picture: Picture, *, model: str | None, may_encode: bool = True
    ) -> tuple[Answerer, ImageEmbedding, Encoded]:
        """What answers with that model, and the picture's embedding for it; waits for both."""
        name = self._library.name(model)
        key = (name, picture.content_id)
        if not may_encode:
            # Before the model is asked for: who may not encode does not wait until it is loaded either.
            found = self._cache.find(key)
            if found is None or not self._library.is_loaded(name):  # it may have made room for another
                raise NotEncodedError(f"This picture is not encoded for {name}, or that is not loaded.")
            EMBEDDINGS.labels("cached").inc()
            return self._library.answerer(name), found, "cached"
        answerer = self._library.answerer(name)

        def encode() -> ImageEmbedding:
            try:
                with STAGE_SECONDS.labels("encode").time():
                    return answerer.pair.encode(
                        picture, on_progress=lambda share: self._progress.update({key: share})
                    )
            finally:
                self._progress.pop(key, None)

        embedding, encoded = self._cache.get(key, encode)
        EMBEDDINGS.labels(encoded).inc()
        return answerer, embedding, encoded

    def _decoder(
        self, answerer: Answerer, picture: Picture, embedding: ImageEmbedding, request: Request
    ) -> Decode:
        """How the logits of a single prompt are had: those of before where the same was asked."""
        # The settings decide what earlier prompts hand on, but nothing of the prompt's own logits.
        settings = (request.multimask_output, request.hq_token_only) if request.refine_from else None
        key = (answerer.pair.name, picture.content_id, request.prompts, request.refine_from, settings)

        def decode(on_sam: OnSam | None) -> DecodedPair:
            compute = partial(answerer.decode, embedding, request, on_sam=on_sam)
            if request.mask_prompt is not None:  # a large thing to tell apart by
                return compute()
            return self._decoded.get(key, compute)[0]

        return decode


def _timings(began: float, seen: float) -> dict[str, float]:
    """The milliseconds of an answer that is done now: `seen` is when its picture was encoded."""
    done = time.perf_counter()
    return {
        "encode": 1000 * (seen - began),
        "decode": 1000 * (done - seen),
        "total": 1000 * (done - began),
    }


def build_service(settings: Settings) -> CompareService:
    """The service of these settings; its models load in the background.

    Raises:
        ValueError: a setting is wrong.
    """
    keep_freed_memory()
    library = ModelLibrary(settings)
    library.start()
    return CompareService(library, cache=BoundedCache(max_bytes=settings.cache_mb * 2**20))
