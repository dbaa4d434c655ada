"""An upload is decoded once, however often gradio_client sends it."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file

from samhq_demo.pictures import Picture
from samhq_demo.ui import readings
from samhq_demo.ui.readings import Readings
from testbed.photos import save_photo


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was decoded."""
    sources: list[Any] = []
    real = readings.read_picture

    def counted(source: Any) -> Picture:
        sources.append(source)
        return real(source)

    monkeypatch.setattr(readings, "read_picture", counted)
    return sources


def test_many_calls_about_one_file_decode_it_once(client: Client, photo: Path, read: list[Any]) -> None:
    for point in ([10, 20], [60, 45], [100, 70]):
        client.predict(image=handle_file(photo), points=[point], api_name="/compare")
    client.predict(image=handle_file(photo), prompts=[{"box": [5, 5, 60, 60]}], api_name="/compare_many")
    assert len(read) == 1


def test_what_is_no_upload_is_read_each_time(tmp_path: Path, read: list[Any]) -> None:
    """The path of any other file may come to hold something else."""
    kept, file = Readings(), save_photo(tmp_path / "mask.png", seed=1)
    first = kept.picture(file)
    save_photo(file, seed=2)
    assert not np.array_equal(kept.picture(file).pixels, first.pixels)
    content = file.read_bytes()
    assert kept.picture(BytesIO(content)).content_id == kept.picture(BytesIO(content)).content_id
    assert len(read) == 4


def test_no_more_is_kept_than_the_bound(tmp_path: Path, read: list[Any]) -> None:
    files = []
    for number in range(3):
        folder = tmp_path / f"{number:064x}"
        folder.mkdir()
        files.append(Path(shutil.copy(save_photo(tmp_path / "photo.png", seed=number), folder)))
    kept = Readings(max_bytes=2 * 120 * 90 * 3)
    for file in (*files, files[2], files[1], files[0]):
        kept.picture(file)
    assert [file.parent.name[-1] for file in read] == ["0", "1", "2", "0"]
