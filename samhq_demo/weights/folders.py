"""Checkpoint folders in Hugging Face format: which are whole, and which the Hub's cache holds.

Only safetensors count as weights: a pickled checkpoint can run code when it is opened. `pickles` has the one
exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import constants

from samhq_demo.weights.pickles import PICKLES

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"  # names the shards of weights kept in several files
REVISION = "main"


def missing_part(folder: Path) -> str | None:
    """Say what `folder` lacks of a whole checkpoint (a clause such as "it has no ..."), or None."""
    if not (folder / CONFIG).is_file():
        return f"it has no {CONFIG}"
    if (folder / WEIGHTS).is_file():
        names = [WEIGHTS]
    elif (folder / WEIGHTS_INDEX).is_file():
        names = _shards(folder / WEIGHTS_INDEX)
        if not names:
            return f"its {WEIGHTS_INDEX} names no file"
    else:
        return f"it has no {WEIGHTS} (pickled weights are not loaded)"
    for name in names:
        if not (folder / name).is_file():
            return f"it has no {name}"
        if not is_whole(folder / name):
            return f"its {name} is not a whole safetensors file"
    return None


def weights_bytes(folder: Path) -> int:
    """Bytes of the weights in a checkpoint's folder: as many as they take in memory in float32."""
    files = [*folder.glob("*.safetensors"), *folder.glob("*.pth")]
    return sum(file.stat().st_size for file in files)


def _shards(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def is_whole(weights: Path) -> bool:
    """Whether the file is as long as its safetensors header says; a Git LFS pointer, say, is not."""
    with weights.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        data_size = weights.stat().st_size - 8 - header_size
        if data_size < 0:
            return False
        try:
            header = json.loads(file.read(header_size))
            ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return False
    return data_size == max(ends, default=0)


def cached_folder(repo_id: str, *, revision: str | None = None, cache_dir: Path | None = None) -> Path | None:
    """The whole snapshot of `repo_id` in the Hub's cache, or None. Uses no network.

    Args:
        revision: a commit, tag or branch: of it alone; None: the newest, of `main` first.
    """
    repo = repo_folder(repo_id, cache_dir=cache_dir)
    try:
        if repo_id in PICKLES:
            return _pickle_folder(repo, repo_id)
        snapshots = _snapshots(repo) if revision is None else _snapshots_of(repo, revision)
        return next((folder for folder in snapshots if missing_part(folder) is None), None)
    except PermissionError:  # another user's cache
        return None


def _pickle_folder(repo: Path, repo_id: str) -> Path | None:
    """Where what was made of a pickle is kept; before that, the snapshot that holds the pickle."""
    kept = converted_folder(repo, repo_id)
    if (kept / WEIGHTS).is_file() and is_whole(kept / WEIGHTS):
        return kept
    name = PICKLES[repo_id].file_name
    return next((folder for folder in _snapshots(repo) if (folder / name).is_file()), None)


def converted_folder(repo: Path, repo_id: str) -> Path:
    """Where a pickled checkpoint's tensors lie as safetensors, once it was opened: with its repository."""
    return repo / "safetensors" / PICKLES[repo_id].sha256


def _snapshots(repo: Path) -> Iterator[Path]:
    reference = repo / "refs" / REVISION
    if reference.is_file():
        yield repo / "snapshots" / reference.read_text(encoding="utf-8").strip()
    # What was fetched by commit, or before a newer fetch that broke off, has no reference.
    yield from sorted((repo / "snapshots").glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)


def _snapshots_of(repo: Path, revision: str) -> Iterator[Path]:
    """Of a revision alone; none where it is neither a commit that is here nor a name that was fetched."""
    reference = repo / "refs" / revision
    if reference.is_file():
        yield repo / "snapshots" / reference.read_text(encoding="utf-8").strip()
    elif re.fullmatch(r"[0-9a-f]{40}", revision):
        yield repo / "snapshots" / revision


def repo_folder(repo_id: str, *, cache_dir: Path | None = None) -> Path:
    """Where the Hub's cache keeps `repo_id`: `blobs` by hash, `snapshots` by commit, `refs` by name."""
    cache = Path(constants.HF_HUB_CACHE) if cache_dir is None else cache_dir
    return cache / f"models--{repo_id.replace('/', '--')}"
