"""Which models there are, which one answers, and when it is loaded.

torch and transformers are imported in a thread behind the page, never before it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from samhq_demo.background import in_background, try_for
from samhq_demo.cache import BoundedCache
from samhq_demo.failures import LoadFailures
from samhq_demo.memory import NoRoomError
from samhq_demo.model_status import ModelDescription, Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.settings import AUTO, Settings, on_zero_gpu
from samhq_demo.weights.catalog import FALLBACK, LIGHT, PREFERRED, Catalog
from samhq_demo.weights.download import Download
from samhq_demo.weights.folders import weights_bytes
from samhq_demo.weights.names import COUNTED, NAMES, TINY_FOLDER, Source
from samhq_demo.weights.pickles import PICKLES
from samhq_demo.weights.published_sam import published_sam_folder

if TYPE_CHECKING:
    from samhq_demo.models.answering import Answerer
    from samhq_demo.models.pair import ModelPair

logger = logging.getLogger(__name__)

FALLBACK_LEARNED = "free photos, objects pasted onto photos and drawn shapes"


class ModelLibrary:
    """The models by name: loads each once, downloads what is wanted, decides which one answers."""

    def __init__(self, settings: Settings) -> None:
        """Look at the settings and what is on this machine; no network, no torch.

        Raises:
            ValueError: a setting names no model or no folder.
        """
        self._settings = settings
        # Of the bundled checkpoint; None where they are not written down.
        self.photo_scores = PhotoScores.from_file(TINY_FOLDER / "scores.json")
        self._catalog = Catalog.of(settings)
        self._sources, self._baseline = self._catalog.sources, self._catalog.baseline
        self._lock = threading.Lock()
        # Bounded once torch is here and says what memory there is. Who answers by itself stays.
        self._loaded: BoundedCache[Answerer] = BoundedCache(
            max_bytes=0, is_pinned=lambda name: name == self._active
        )
        self._counts = dict(COUNTED)
        self._failures = LoadFailures()
        self._downloads: dict[str, Download] = {}
        self._preparations: list[Callable[[str], None]] = []
        wishes = self._catalog.wishes
        self._wanted = next(filter(self.available, wishes), wishes[0])
        self._active = self._wanted if self.available(self._wanted) else FALLBACK

    def start(self) -> None:
        """Load the model that answers, and fetch the wanted one, in the background."""
        if on_zero_gpu():
            self._load_ahead()
        else:
            in_background(self._load_active, name="load")
        if not self.available(self._wanted):
            self.fetch(self._wanted)

    def when_loaded(self, prepare: Callable[[str], None]) -> None:
        """Have `prepare(name)` run in the background for the model that answers, once that is loaded.

        Also for one that takes over, before it does. Not on ZeroGPU, where only what a visitor asks for can
        borrow the GPU.
        """
        if on_zero_gpu():
            return
        self._preparations.append(prepare)

        def prepare_active() -> None:
            with contextlib.suppress(ValueError):  # `pair` has told
                try_for(self.pair(None).name, prepare)

        in_background(prepare_active, name="prepare")

    def describe(self) -> list[ModelDescription]:
        """Every model that may be asked for."""
        return [self._describe(name) for name in self._sources if self._may_ask(name)]

    def _describe(self, name: str) -> ModelDescription:
        source = self._sources[name]
        total, own = self._counts.get(name, (0, 0))
        if name == FALLBACK:
            where = f"comes with this app; learned from {FALLBACK_LEARNED}"
        else:
            where = source.repo_id if source.repo_id is not None else f"the local folder {source.name}"
        return ModelDescription(
            name=name,
            parameters=total,
            hq_parameters=own,
            source=where,
            available=self.available(name),
            active=name == self._active,
            # Where SAM does not come with SAM-HQ, both are fetched.
            download_bytes=4 * (total if source.repo_id in PICKLES else 2 * total - own),
        )

    def available(self, name: str) -> bool:
        """Whether the SAM-HQ weights of a name are on this machine. Uses no network."""
        return self._sources[name].weights_folder() is not None

    def status(self) -> ServiceStatus:
        active = self._active
        failure = self._failures.get(active)
        if failure is not None:
            return ServiceStatus(None, False, failure)
        ready = active in self._loaded
        message = f"{active} answers" if ready else f"{active} is being loaded"
        if active != self._wanted:
            message += f"; {self._why_not(self._wanted)}"
        elif active == LIGHT and self._settings.model == AUTO:
            message += f", as there is no GPU here, where {PREFERRED} takes several times as long"
        advice = self._advice() if self.is_small(active) else ""
        return ServiceStatus(active, ready, message + ".", advice, self._reason(self._wanted))

    def is_loaded(self, name: str | None) -> bool:
        """Whether a model can answer without being loaded first; None: the one that answers."""
        return self.name(name) in self._loaded

    def outlook(self, name: str | None) -> Outlook:
        """What becomes of a model that was chosen; None: of the one that the settings want.

        Raises:
            ValueError: there is no such model.
        """
        chosen, status = name or self._wanted, self.status()
        self._check(chosen)
        is_loading = status.model is not None and not status.ready
        if self.available(chosen):
            taking_over = name is None and self._active != chosen and chosen not in self._failures
            return Outlook(True, not is_loading and not taking_over)
        download = self._downloads.get(chosen)
        is_coming = download is not None and download.state in {"waiting", "downloading"}
        rest = f"{self._active} answers {'until it is here' if is_coming else 'instead'}."
        message = f"{_capital(self._why_not(chosen))}; {rest}"
        return Outlook(False, not is_loading and not is_coming, message, self._reason(chosen))

    def is_bundled(self) -> bool:
        """Whether the bundled checkpoint answers, with its own SAM: then an answer can be kept beforehand."""
        return self._active == FALLBACK and (self._baseline is None or self._wanted != FALLBACK)

    def is_small(self, name: str) -> bool:
        """Whether a model is smaller than `base`; one of someone's own is counted once it is loaded."""
        if name in NAMES:
            return name == FALLBACK
        total, _ = self._counts.get(name, COUNTED[PREFERRED])
        return total < COUNTED[PREFERRED][0]

    def _advice(self) -> str:
        """That another model is sharper, the one on its way or `base`, and the next step towards it."""
        better = LIGHT if self._wanted == LIGHT else PREFERRED
        sharper = f"{better} is sharper"
        if not self._may_ask(better):
            return f"{sharper}, and not offered here."
        if self.available(better):
            return f"{sharper}: choose it under Model."
        download = self._downloads.get(better)
        if download is None:
            return f"{sharper}: choose it under Model, and it is downloaded."
        if download.state not in {"refused", "cut off"}:
            takes_over = self._wanted == better
            return f"{sharper} and {'takes over' if takes_over else 'can be chosen'} once it is here."
        return f"{sharper}: let this machine reach the Hugging Face Hub, then choose it under Model."

    def _why_not(self, name: str) -> str:
        failure, download = self._failures.get(name), self._downloads.get(name)
        if failure is not None:
            return f"{name} does not: {self._reason(name)}"
        if download is None:
            return f"the weights of {name} are not on this machine"
        if download.state == "downloading":
            return f"{name} is being downloaded ({download.progress:.0%})"
        if download.state == "waiting":
            return f"{name} is about to be downloaded"
        if download.state == "done":
            return f"{name} is being loaded"
        return f"{name} could not be downloaded: {self._reason(name)}"

    def _reason(self, name: str) -> str:
        """Why a download or a load failed; empty where none did."""
        failure, download = self._failures.get(name), self._downloads.get(name)
        if failure is None and download is not None and download.state in {"refused", "cut off"}:
            failure = download.reason or download.state
        return (failure or "").rstrip(".")

    def name(self, name: str | None) -> str:
        """The name itself, if visitors may ask for it; for None that of the model that answers now.

        Raises:
            ValueError: they may not, or there is no such model.
        """
        if name:
            self._check(name)
        return name or self._active

    def pair(self, name: str | None) -> ModelPair:
        """The loaded pair of a name; see `answerer`."""
        return self.answerer(name).pair

    def answerer(self, name: str | None) -> Answerer:
        """The loaded pair of a name, ready to answer; None is the one that answers. Waits while it loads.

        Whether visitors may ask for it was looked at by `name`: who began with the model that answered
        goes on with it.

        Raises:
            ValueError: there is no such model, its weights are not here, or they cannot be read.
        """
        chosen = name or self._active
        if chosen not in self._sources:
            self._check(chosen)
        loaded = self._loaded.find(chosen)
        if loaded is not None:
            return loaded
        if not self.available(chosen):
            self.fetch(chosen)
            here = ", ".join(n for n in self._sources if self._may_ask(n) and self.available(n))
            raise ValueError(f"Not now: {self._why_not(chosen)}; on this machine: {here}.")
        return self._loaded.get(chosen, lambda: self._load_once(chosen))[0]

    def _may_ask(self, name: str) -> bool:
        """Whether visitors may ask for a model. For the one that answers anyway they always may."""
        return name in self._catalog.offered or name == self._active

    def _check(self, name: str) -> None:
        if not self._may_ask(name):
            offered = ", ".join(n for n in self._sources if self._may_ask(n))
            if name in self._sources:
                raise ValueError(f"{name} is not offered here; there are {offered}.")
            raise ValueError(f"There is no model {name!r}; there are {offered}.")

    def _load_once(self, name: str) -> Answerer:
        """Load a pair; what failed fails again at once, with the same words, until its files change."""
        folder = self._sources[name].weights_folder()
        if folder is None:
            raise ValueError(f"Not now: the weights of {name} have just been taken away; put them back.")
        if (sentence := self._failures.lasting(name, folder)) is not None:
            raise ValueError(sentence)
        try:
            answerer = self._load(self._sources[name], folder)
        except NoRoomError as error:  # later there may be room
            logger.warning("%s", error)
            raise
        except ValueError as error:
            self._failures.note(name, str(error), folder)
            logger.warning("%s", error)
            raise
        self._failures.forget(name)
        return answerer

    def fetch(self, name: str) -> None:
        """Start downloading a model's weights, unless that is under way. Returns at once.

        Raises:
            ValueError: nobody may ask for this model.
        """
        if name not in self._catalog.wishes:
            self._check(name)
        source = self._sources[name]
        if source.repo_id is None:
            return
        with self._lock:
            download = self._downloads.get(name)
            if download is None:
                repos = [r for r in (source.repo_id, self._sam_repo(source)) if r is not None]
                download = self._downloads[name] = Download(repos, revisions=self._catalog.revisions)
            under_way = download.state in {"downloading", "done"}
            download.start()
        if name == self._wanted and not under_way:
            in_background(lambda: self._answer_with(name, download), name=f"await {name}")

    def wait_for_weights(self) -> str:
        """The name of the model that the settings want, fetched first where it is not on this machine.

        With "auto" that is the one that answers, and nothing is waited for.

        Raises:
            ValueError: it could not be fetched.
        """
        name = self._active if self._settings.model == AUTO else self._wanted
        if not self.available(name):
            self.fetch(name)
            self._downloads[name].wait()
            if not self.available(name):
                raise ValueError(f"{self._why_not(name)}.")
        return name

    def _sam_repo(self, source: Source) -> str | None:
        """The Hub's SAM that belongs to a SAM-HQ; None where the Hub has none."""
        return self._baseline.repo_id if self._baseline is not None else source.sam_repo_id

    def _answer_with(self, name: str, download: Download) -> None:
        download.wait()
        if download.state != "done":
            logger.warning("%s", self._why_not(name))
            self._wish_for_next(name)
            return
        with contextlib.suppress(ValueError):  # `pair` has told
            self.pair(name)
        if name not in self._loaded:
            return
        for prepare in self._preparations:
            try_for(name, prepare)
        self._active = name
        logger.info("%s answers from now on", name)

    def _wish_for_next(self, name: str) -> None:
        """Fetch what is wanted most after a model that could not be had."""
        wishes = self._catalog.wishes
        if name == self._wanted and name != wishes[-1]:
            self._wanted = wishes[wishes.index(name) + 1]
            self.fetch(self._wanted)

    def _load_ahead(self) -> None:
        """Load what is here and has room: ZeroGPU's card gets what this thread loads before the launch."""
        self._load_active()
        for name in self._sources:
            folder = self._sources[name].weights_folder()
            if folder is None or name in self._loaded or not self._may_ask(name):
                continue
            if self._loaded.nbytes + weights_bytes(folder) <= self._loaded.max_bytes:
                try_for(name, self.pair)

    def _load_active(self) -> None:
        try:
            self.pair(self._active)
        except ValueError:
            pass  # `pair` has told
        except Exception as error:
            self._failures.note(self._active, f"{self._active} could not be loaded: {error}", None)
            logger.exception("%s could not be loaded", self._active)

    def _load(self, source: Source, folder: Path) -> Answerer:
        # The one place where torch comes in, in a thread behind the page.
        from samhq_demo.models.answering import Answerer
        from samhq_demo.models.checkpoints import count_parameters, load_pair
        from samhq_demo.models.compute import choose_compute
        from samhq_demo.models.gpu_memory import with_room

        compute = choose_compute(device=self._settings.device, dtype=self._settings.dtype)
        baseline = self._sam_folder(source, folder)
        self._loaded.max_bytes = compute.model_bytes()
        self._make_room(source.name, weights_bytes(folder))
        pair = with_room(
            lambda: load_pair(
                folder, name=source.name, compute=compute, baseline=baseline, pickle_of=source.repo_id
            ),
            make_room=lambda: self._loaded.make_room(self._loaded.max_bytes),
        )
        self._counts[source.name] = count_parameters(pair)
        return Answerer(pair)

    def _make_room(self, name: str, nbytes: int) -> None:
        """Let go of models that were not used for long, until one more fits.

        Raises:
            NoRoomError: it would not fit beside the one that answers, and is not what the settings want.
        """
        room = self._loaded.max_bytes - self._loaded.pinned_bytes()
        if nbytes > room and name not in {self._active, *self._catalog.wishes}:
            raise NoRoomError(
                f"{name} needs {nbytes / 1e9:.1f} GB of memory, and beside {self._active} there are "
                f"{max(room, 0) / 1e9:.1f} GB for models: choose a smaller one."
            )
        self._loaded.make_room(nbytes)

    def _sam_folder(self, source: Source, folder: Path) -> Path | None:
        """Where the SAM to compare with lies; None where it is taken out of the SAM-HQ checkpoint."""
        if self._baseline is not None and source.name == self._wanted:
            found = self._baseline.weights_folder()
            if found is None:
                raise ValueError(
                    f"The baseline {self._baseline.name} in SAMHQ_BASELINE is not on this machine."
                )
            return found
        return published_sam_folder(source, folder, revisions=self._catalog.revisions)


def _capital(sentence: str) -> str:
    """With a capital where it begins with a word; a model's name stays as it is."""
    return sentence[:1].upper() + sentence[1:] if sentence.startswith("the ") else sentence
