"""The tensors of a checkpoint that is published as a pickle: opened once, then kept as safetensors."""

from __future__ import annotations

import io
import logging
import os
import pickle
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from samhq_demo.weights.folders import WEIGHTS, converted_folder
from samhq_demo.weights.pickles import PICKLES

logger = logging.getLogger(__name__)


def pickled_tensors(folder: Path, repo_id: str) -> dict[str, Tensor]:
    """By their names in the pickle.

    Args:
        folder: that of the converted tensors, or the repository's snapshot with the pickle.

    Raises:
        ValueError: the pickle is not the one that may be opened.
    """
    if (folder / WEIGHTS).is_file():
        return load_file(folder / WEIGHTS)
    known = PICKLES[repo_id]
    # One read: what was looked at is what is opened.
    content = (folder / known.file_name).read_bytes()
    if not known.is_genuine(content):
        raise ValueError(
            f"{known.file_name} of {repo_id} is not opened: a pickle can run code, and its SHA-256 is not "
            f"{known.sha256}. Delete {folder.parents[1]} to have it fetched again."
        )
    try:
        found = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f"{known.file_name} of {repo_id} holds more than tensors, or no whole one."
        ) from error
    tensors = {name: tensor.contiguous() for name, tensor in found.items() if isinstance(tensor, Tensor)}
    _keep(tensors, converted_folder(folder.parents[1], repo_id))
    return tensors


def _keep(tensors: dict[str, Tensor], folder: Path) -> None:
    """Write them whole or not at all. Where that cannot be, the pickle is opened again the next time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".incomplete")
        os.close(handle)
        try:
            save_file(tensors, name)
            Path(name).replace(folder / WEIGHTS)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("The tensors could not be kept in %s: %s", folder, error)
