"""The figures beside the bundled checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samhq_demo.library import ModelLibrary
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.settings import Settings

WRITTEN = {
    "photos": 42,
    "photos_click_iou": 0.5,
    "photos_click_best_of_three_iou": 0.6,
    "photos_box_iou": 0.7,
}


def test_scores_are_read_as_training_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    assert PhotoScores.from_file(file) is None
    file.write_text(json.dumps({**WRITTEN, "more": "than is read"}))
    assert PhotoScores.from_file(file) == PhotoScores(0.5, 0.6, 0.7, 42)


@pytest.mark.parametrize("written", ["", "[]", '{"photos": 42}', json.dumps({**WRITTEN, "photos": "many"})])
def test_scores_that_are_none_are_told_with_their_file(tmp_path: Path, written: str) -> None:
    file = tmp_path / "scores.json"
    file.write_text(written)
    with pytest.raises(ValueError, match=r"scores\.json is no record"):
        PhotoScores.from_file(file)


def test_the_bundled_checkpoint_comes_with_its_scores() -> None:
    scores = ModelLibrary(Settings(model="tiny")).photo_scores
    assert scores is not None and scores.photos > 0
    for iou in (scores.click_iou, scores.click_best_of_three_iou, scores.box_iou):
        assert 0 < iou < 1
