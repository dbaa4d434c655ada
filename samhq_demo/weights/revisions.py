"""Which revision of a repository on the Hub is wanted: SAMHQ_REVISIONS, such as owner/name@v1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from samhq_demo.weights.names import Source
from samhq_demo.weights.pickles import PICKLES

_PIN = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>\w[\w.-]*(?:/\w[\w.-]*)*)", re.ASCII)
_RULE = "it must be like owner/name@revision, a commit, tag or branch, with commas between several"


def parse_revisions(pins: Sequence[str]) -> dict[str, str]:
    """Repository -> revision.

    Raises:
        ValueError: a pin has another form, two are of one repository, or the repository needs none.
    """
    revisions: dict[str, str] = {}
    for pin in pins:
        found = _PIN.fullmatch(pin)
        if found is None or ".." in pin:
            raise ValueError(f"SAMHQ_REVISIONS has {pin!r}: {_RULE}.")
        repo = found["repo"]
        if repo in revisions:
            raise ValueError(f"SAMHQ_REVISIONS has {repo} twice: name one revision of it.")
        if repo in PICKLES:
            raise ValueError(
                f"SAMHQ_REVISIONS has {repo}, of which only one file is ever opened, the one with the known "
                "SHA-256: leave it out."
            )
        revisions[repo] = found["revision"]
    return revisions


def pinned(source: Source, revisions: Mapping[str, str]) -> Source:
    """A source with the revision that is wanted of its repository."""
    if source.repo_id is None or source.repo_id not in revisions:
        return source
    return replace(source, revision=revisions[source.repo_id])
