"""Checkpoint folders in Hugging Face format: which are whole, and which the Hub's cache holds.

Only safetensors count as weights: a pickled checkpoint can run code when it is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import constants

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
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


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


def cached_folder(repo_id: str, *, cache_dir: Path | None = None) -> Path | None:
    """The whole snapshot of `repo_id` in the Hub's cache, the newest first, or None. Uses no network."""
    snapshots = _snapshots(repo_folder(repo_id, cache_dir=cache_dir))
    try:
        return next((folder for folder in snapshots if missing_part(folder) is None), None)
    except PermissionError:  # another user's cache
        return None


def _snapshots(repo: Path) -> Iterator[Path]:
    reference = repo / "refs" / REVISION
    if reference.is_file():
        yield repo / "snapshots" / reference.read_text(encoding="utf-8").strip()
    # What was fetched by commit, or before a newer fetch that broke off, has no reference.
    yield from sorted((repo / "snapshots").glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)


def repo_folder(repo_id: str, *, cache_dir: Path | None = None) -> Path:
    """Where the Hub's cache keeps `repo_id`: `blobs` by hash, `snapshots` by commit, `refs` by name."""
    cache = Path(constants.HF_HUB_CACHE) if cache_dir is None else cache_dir
    return cache / f"models--{repo_id.replace('/', '--')}"
