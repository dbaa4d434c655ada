"""Which models there are, which of them visitors may ask for, and which are wanted to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samhq_demo.machine import expects_gpu
from samhq_demo.settings import ALL, AUTO, Settings, on_space
from samhq_demo.weights.names import NAMES, Source, resolve
from samhq_demo.weights.pickles import PICKLES
from samhq_demo.weights.revisions import parse_revisions, pinned
from samhq_demo.weights.space import preloaded_pins, preloaded_repos

FALLBACK = "tiny"
LIGHT = "light"
PREFERRED = "base"


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models by name. Nothing here looks whether their weights are on this machine.

    Attributes:
        sources: where each comes from, those that nobody may ask for among them.
        offered: the names that visitors may ask for.
        wishes: those that are to answer where a request names none, the most wanted first.
        baseline: the SAM to compare the wanted one with; None: the one that fits it.
        revisions: what is wanted of a repository where it is not the newest.
    """

    sources: Mapping[str, Source]
    offered: frozenset[str]
    wishes: tuple[str, ...]
    baseline: Source | None
    revisions: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Catalog:
        """What the settings say.

        Raises:
            ValueError: one of them names no model or no folder.
        """
        sources = {name: resolve(name) for name in NAMES}
        wanted = None
        if settings.model != AUTO:
            wanted = resolve(settings.model, variable="SAMHQ_MODEL")
            sources[wanted.name] = wanted
        offered = _offered(settings, sources)
        wishes: tuple[str, ...]
        if wanted is not None:
            # Who starts the app decides what answers; that can then be asked for by its name too.
            wishes, offered = (wanted.name,), offered | {wanted.name}
        else:
            # Without a GPU a picture takes base's encoder many seconds.
            order = (PREFERRED,) if expects_gpu(settings.device) else (LIGHT, PREFERRED)
            wishes = tuple(name for name in order if name in offered)
            wishes = wishes or tuple(name for name in sources if name in offered)[:1]
        baseline = (
            None if settings.baseline is None else resolve(settings.baseline, variable="SAMHQ_BASELINE")
        )
        revisions = _revisions(settings, [*sources.values(), *([] if baseline is None else [baseline])])
        return cls(
            {name: pinned(source, revisions) for name, source in sources.items()},
            offered,
            wishes,
            None if baseline is None else pinned(baseline, revisions),
            revisions,
        )


def _revisions(settings: Settings, sources: Sequence[Source]) -> dict[str, str]:
    """Those in SAMHQ_REVISIONS, or that a Space preloads; ValueError for a repository of no model here."""
    pins = settings.revisions or (preloaded_pins() if on_space() else ())
    revisions = parse_revisions(pins)
    known = {repo for source in sources for repo in (source.repo_id, source.sam_repo_id) if repo}
    for repo in revisions:
        if repo not in known:
            raise ValueError(
                f"SAMHQ_REVISIONS has {repo}, which no model here comes from; there are "
                f"{', '.join(sorted(known - PICKLES.keys()))}."
            )
    return revisions


def _offered(settings: Settings, sources: dict[str, Source]) -> frozenset[str]:
    """The names in SAMHQ_MODELS, whose sources are added; without it what costs nobody a download."""
    if settings.models is None and on_space():
        here = preloaded_repos()
        return frozenset({FALLBACK, *(name for name, source in sources.items() if source.repo_id in here)})
    if settings.models is None or settings.models == (ALL,):
        return frozenset(sources)
    offered = set()
    for name in settings.models:
        source = sources.get(name) or resolve(name, variable="SAMHQ_MODELS")
        sources.setdefault(source.name, source)
        offered.add(source.name)
    return frozenset(offered)
