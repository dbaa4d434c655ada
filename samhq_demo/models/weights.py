"""Where a model's weights are: bundled, in a local folder, or on the Hugging Face Hub.

Nothing here loads a model, and nothing uses the network but a `Download` that was started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from .download import Download, DownloadStatus
from .folders import cached_folder, missing_part

__all__ = ["NAMES", "Download", "DownloadStatus", "ModelName", "Source", "cached_folder", "resolve"]

TINY_FOLDER = Path(__file__).parent / "tiny"


@dataclass(frozen=True, slots=True)
class ModelName:
    """A name people can ask for, and the two checkpoints on the Hub that it stands for (`tiny` has none)."""

    name: str
    sam_hq_repo_id: str | None = None
    sam_repo_id: str | None = None


NAMES: Mapping[str, ModelName] = {
    "tiny": ModelName("tiny"),
    "base": ModelName("base", "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"),
    "large": ModelName("large", "syscv-community/sam-hq-vit-large", "facebook/sam-vit-large"),
    "huge": ModelName("huge", "syscv-community/sam-hq-vit-huge", "facebook/sam-vit-huge"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where one checkpoint comes from: a repo on the Hub or a folder, never both.

    `sam_repo_id` is the published SAM of the same size, where there is one.
    """

    name: str
    repo_id: str | None = None
    folder: Path | None = None
    sam_repo_id: str | None = None

    def weights_folder(self, *, cache_dir: Path | None = None) -> Path | None:
        """The folder that holds the whole checkpoint, or None if it is not on this machine."""
        if self.repo_id is not None:
            return cached_folder(self.repo_id, cache_dir=cache_dir)
        if self.folder is not None and missing_part(self.folder) is None:
            return self.folder
        return None


def resolve(name: str) -> Source:
    """Find what `name` stands for: `tiny`, `base`, `large`, `huge`, a local folder, or a Hub repo id.

    Raises:
        ValueError: it is none of these, or the folder holds no whole checkpoint.
    """
    known = NAMES.get(name)
    if known is not None:
        folder = TINY_FOLDER if known.sam_hq_repo_id is None else None
        return Source(name, repo_id=known.sam_hq_repo_id, folder=folder, sam_repo_id=known.sam_repo_id)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return _local(path.resolve())
    if name.count("/") == 1 and _is_repo_id(name):
        published = {model.sam_hq_repo_id: model.sam_repo_id for model in NAMES.values()}
        return Source(name, repo_id=name, sam_repo_id=published.get(name))
    raise ValueError(
        f"The model {name!r} is none of {', '.join(NAMES)}, no folder that exists, "
        "and no Hub repo id of the form owner/name."
    )


def _local(folder: Path) -> Source:
    missing = missing_part(folder)
    if missing is not None:
        raise ValueError(f"The folder {str(folder)!r} is no checkpoint in Hugging Face format: {missing}.")
    # A folder that happens to be called "base" must not pass for the published model.
    return Source(f"local-{folder.name}" if folder.name in NAMES else folder.name, folder=folder)


def _is_repo_id(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True
