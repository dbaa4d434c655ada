"""Where the published SAM lies that a SAM-HQ checkpoint is compared with."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from samhq_demo.weights.names import Source, sam_repo_of_width
from samhq_demo.weights.pickles import PICKLES

logger = logging.getLogger(__name__)


def published_sam_folder(source: Source, folder: Path, *, revisions: Mapping[str, str]) -> Path | None:
    """The folder of the SAM of a checkpoint's size, on this machine.

    Args:
        source: where the SAM-HQ checkpoint comes from.
        folder: where its weights lie.
        revisions: what is wanted of a repository, see `weights.revisions`.

    Returns:
        None where there is none or it is not here: SAM is then taken out of the SAM-HQ checkpoint.
    """
    repo = source.sam_repo_id
    if repo is None and source.repo_id is not None and source.repo_id not in PICKLES:
        repo = sam_repo_of_width(folder)
    if repo is None:
        return None
    found = Source(repo, repo_id=repo, revision=revisions.get(repo)).weights_folder()
    if found is None:
        logger.warning(
            "%s is not on this machine; SAM's frozen tensors of %s take its place", repo, source.name
        )
    return found
