"""A checkpoint that goes bad after the start is told in one sentence, and used again once it is mended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from samhq_demo.cache import BoundedCache
from samhq_demo.library import ModelLibrary
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService
from samhq_demo.settings import Settings
from tests.support.parity import picture_of

BOX = Request([Prompt(box_xyxy=(5.0, 5.0, 60.0, 40.0))])


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def corrupted(folder: Path) -> None:
    """Its length is right; the list of what is in it is not."""
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content.replace(b'"F32"', b'"XYZ"'))


def of_another_architecture(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "sam"}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (removed, "the weights of mine are not on this machine; on this machine: tiny"),
        (cut_short, "the weights of mine are not on this machine; on this machine: tiny"),
        (corrupted, "mine could not be read as a SAM-HQ checkpoint"),
        (of_another_architecture, "mine is no SAM-HQ checkpoint: its config.json says 'sam'"),
    ],
)
def test_a_checkpoint_that_went_bad_is_told_and_used_again_once_it_is_mended(
    tmp_path: Path, checkpoint: Path, spoil: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(checkpoint, folder)
    # Not started: it loads at the first request, as a model does that had to make room for others.
    library = ModelLibrary(Settings(model=str(folder), device="cpu", dtype="float32"))
    service = CompareService(library, cache=BoundedCache(max_bytes=2**24))
    spoil(folder)
    for _ in range(2):
        with pytest.raises(ValueError, match=said):
            service.compare(picture_of((80, 60)), BOX)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(checkpoint, folder)
    assert service.compare(picture_of((80, 60)), BOX).model == "mine"
    assert service.status().message == "mine answers."


def test_what_failed_is_not_read_again_until_its_files_change(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(checkpoint, folder)
    of_another_architecture(folder)
    library = ModelLibrary(Settings(model=str(folder), device="cpu", dtype="float32"))
    with pytest.raises(ValueError, match="no SAM-HQ checkpoint"):
        library.pair(None)
    read: list[str] = []
    monkeypatch.setattr(ModelLibrary, "_load", lambda self, source, folder: read.append(source.name))
    with pytest.raises(ValueError, match="no SAM-HQ checkpoint"):
        library.pair(None)
    assert read == []
