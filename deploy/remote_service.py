"""The service as a page sees it where the models are replicas of Ray Serve: same calls, same answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import ray
from numpy.typing import NDArray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException

from deploy.replica import Facts, SentPicture
from samhq_demo.background import in_background
from samhq_demo.cache import BoundedCache, Encoded
from samhq_demo.model_status import ModelDescription, Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Comparison
from samhq_demo.results.everything import Everything, StoppedError
from samhq_demo.results.preview import Preview
from samhq_demo.service import CompareService, NotEncodedError

NO_REPLICA = "None of the machines that compute can answer now: try again in a minute. Your work is kept."
BUSY = "Too many people ask at once: try again in a minute. Your work is kept."

_TRIES = 3  # each on another replica, as the router leaves out one that died
_ANSWER_SECONDS = 300.0
_FACTS_SECONDS = 2.0
# Of pixels that replicas may have to fetch, in the object store of this page's machine.
_SENT_BYTES = 256 * 2**20
_OWN_ERRORS = (ValueError, NotEncodedError, StoppedError)

Answer = TypeVar("Answer")


class NoReplicaError(ValueError):
    """No replica answers: one sentence, as it is told to whoever asked."""


class _Sent:
    """A picture in the object store, which counts as its pixels do."""

    def __init__(self, picture: Picture) -> None:
        self.nbytes = picture.nbytes
        self.picture = SentPicture(picture.content_id, picture.size_wh, ray.put(picture.pixels))


class RemoteService(CompareService):
    """Asks the replicas behind a handle; a picture always asks the same one, which has its embedding.

    Nothing of `CompareService` but its methods' names and meaning is used: nothing is computed here.
    """

    def __init__(self, handle: Any) -> None:
        """handle: a `DeploymentHandle` of `Replica`. Waits for its first word.

        Raises:
            NoReplicaError: there is none.
        """
        self._handle = handle
        self._sent: BoundedCache[_Sent] = BoundedCache(max_bytes=_SENT_BYTES)
        self._facts: Facts = self._asked("facts", "facts")
        self._are_fresh = True
        in_background(self._follow, name="facts")

    def models(self) -> list[ModelDescription]:
        return self._facts.models

    def status(self) -> ServiceStatus:
        """As the replicas said a moment ago; not ready while none of them answers."""
        return self._facts.status if self._are_fresh else ServiceStatus(None, False, NO_REPLICA)

    def photo_scores(self) -> PhotoScores | None:
        return self._facts.photo_scores

    def is_small(self, model: str) -> bool:
        return model in self._facts.small

    def is_bundled(self) -> bool:
        return self._facts.is_bundled

    def is_loaded(self, model: str | None) -> bool:
        return (model or self._facts.status.model) in self._facts.loaded

    def outlook(self, model: str | None) -> Outlook:
        found = self._facts.outlooks.get(model)
        if found is None:
            there = ", ".join(name for name in self._facts.outlooks if name)
            raise ValueError(f"There is no model {model!r}; there are {there}.")
        return found

    def fetch(self, model: str) -> None:
        """Nothing: replicas offer the models that their machines have."""

    def when_loaded(self, prepare: Callable[[str], None]) -> None:
        """At once, in the background: a replica that answers has its model loaded."""
        model = self._facts.status.model
        if model is not None:
            in_background(lambda: prepare(model), name="prepare")

    def wait_for_weights(self) -> str:
        return self._facts.status.model or ""

    @property
    def cache_bytes(self) -> int:
        """Of one replica."""
        return self._facts.cache_bytes

    @property
    def max_cache_bytes(self) -> int:
        """Of one replica."""
        return self._facts.max_cache_bytes

    def prepare(self, picture: Picture, *, model: str | None = None) -> Encoded:
        return self._asked("prepare", picture.content_id, self._send(picture), model)

    def progress(self, picture: Picture, *, model: str | None = None) -> float:
        return self._asked("progress", picture.content_id, self._send(picture), model)

    def encodes_before(self, content_id: str, *, model: str | None = None) -> int | None:
        return self._asked("encodes_before", content_id, content_id, model)

    def encodes_waiting(self, *, model: str | None = None) -> int:
        """Of one replica."""
        return self._asked("encodes_waiting", "encodes_waiting", model)

    def image_embedding(self, picture: Picture, *, model: str | None = None) -> NDArray[np.float32]:
        return self._asked("image_embedding", picture.content_id, self._send(picture), model)

    def compare(self, picture: Picture, request: Request, *, may_encode: bool = True) -> Comparison:
        return self._asked("compare", picture.content_id, self._send(picture), request, may_encode)

    def preview(self, picture: Picture, request: Request, *, may_encode: bool = True) -> Preview:
        return self._asked("preview", picture.content_id, self._send(picture), request, may_encode)

    def segment_everything(
        self,
        picture: Picture,
        options: EverythingOptions | None = None,
        *,
        model: str | None = None,
        on_progress: Callable[[float], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Everything:
        handle = self._handle.options(stream=True, session_id=picture.content_id)

        def ask() -> Everything:
            news = handle.segment_everything.remote(
                self._send(picture), options or EverythingOptions(), model
            )
            return _followed(news, on_progress=on_progress, should_stop=should_stop)

        return _retried(ask)

    def _send(self, picture: Picture) -> SentPicture:
        return self._sent.get(picture.content_id, lambda: _Sent(picture))[0].picture

    def _asked(self, method: str, key: str, *arguments: Any) -> Any:
        """What the replica says that has the key."""
        handle = self._handle.options(method_name=method, session_id=key)
        return _retried(lambda: handle.remote(*arguments).result(timeout_s=_ANSWER_SECONDS))

    def _follow(self) -> None:
        """Keep the facts fresh, each time from whichever replica answers."""
        pause, count = threading.Event(), 0
        while not pause.wait(_FACTS_SECONDS):
            count += 1
            try:
                self._facts = self._asked("facts", f"facts {count}")
                self._are_fresh = True
            except Exception:  # this thread must not end, whatever Ray says
                self._are_fresh = False


def _retried(ask: Callable[[], Answer]) -> Answer:
    """The answer, asked for again where a replica died; a replica's own errors as they were raised there."""
    for _ in range(_TRIES):
        try:
            return ask()
        except RayTaskError as error:
            if isinstance(error.cause, _OWN_ERRORS):
                raise error.cause from None
            raise
        except BackPressureError as error:
            raise NoReplicaError(BUSY) from error
        except RayActorError:
            continue
        except (TimeoutError, GetTimeoutError, RayError, RayServeException) as error:
            raise NoReplicaError(NO_REPLICA) from error
    raise NoReplicaError(NO_REPLICA)


def _followed(
    news: Iterator[Any], *, on_progress: Callable[[float], None], should_stop: Callable[[], bool]
) -> Everything:
    for one in news:
        if isinstance(one, Everything):
            return one
        if should_stop():
            news.cancel()  # type: ignore[attr-defined]
            raise StoppedError
        if one is not None:
            on_progress(one)
    raise NoReplicaError(NO_REPLICA)
