"""The calls of one line: on a path, with a model that is fetched where it is not here."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

import samhq_demo
from samhq_demo import calls
from samhq_demo.pictures import Picture, read_picture
from testbed.photos import save_photo
from tests.support.programs import run_python

ROOT = Path(__file__).parent.parent
LOOSE = {"points_per_side": 2, "predicted_iou_threshold": 0, "stability_threshold": 0}


@pytest.mark.parametrize("module", [samhq_demo, calls])
def test_the_documented_calls_give_what_they_say(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(module)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_a_folder_may_be_the_model_and_it_is_loaded_once(checkpoint: Path, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "photo.png")
    found = samhq_demo.segment_everything(photo, model=checkpoint, **LOOSE)
    assert found.model == checkpoint.name
    assert found.encoded == "now"
    again = samhq_demo.segment_everything(read_picture(photo), model=str(checkpoint), **LOOSE)
    assert again.encoded == "cached"
    assert [mask.runs for mask in again.sam_hq] == [mask.runs for mask in found.sam_hq]


def test_progress_is_told(checkpoint: Path) -> None:
    told: list[float] = []
    picture = Picture.from_pixels(np.zeros((9, 9, 3), np.uint8))
    samhq_demo.segment_everything(picture, model=checkpoint, on_progress=told.append, **LOOSE)
    assert told[-1] == 1


def test_a_wrong_option_is_told_before_anything_is_loaded() -> None:
    with pytest.raises(ValueError, match="There is no option 'points'; there are points_per_side, "):
        samhq_demo.segment_everything("photo.jpg", model="base", points=3)
    with pytest.raises(ValueError, match="points_per_side must be a whole number from 1 on, not 0"):
        samhq_demo.segment_everything("photo.jpg", model="base", points_per_side=0)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="picture"):
        samhq_demo.segment_everything("nowhere.jpg", model="tiny")


def test_weights_that_cannot_be_fetched_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ValueError) as caught:
        samhq_demo.segment_everything(save_photo(tmp_path / "photo.png"), model="base")
    assert str(caught.value).startswith("base could not be downloaded: The Hub at http://127.0.0.1:9")


def test_the_package_alone_imports_neither_torch_nor_the_service() -> None:
    program = (
        "import sys, samhq_demo; print([m for m in ('torch', 'samhq_demo.service') if m in sys.modules])"
    )
    assert run_python(program).strip() == "[]"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        samhq_demo.nothing  # noqa: B018
