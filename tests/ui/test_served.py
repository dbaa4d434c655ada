"""Files written for visitors go as uploads do, and sooner where they take too much room."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.route_utils import delete_files_created_by_app

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import Picture
from samhq_demo.ui import exports
from samhq_demo.ui.exports import Export, write_export
from samhq_demo.ui.served import WrittenFiles, new_file, write_mask, write_once, written_files

DAY = 86_400


def written(files: WrittenFiles, path: Path, size: int) -> Path:
    files.add(path)
    path.write_bytes(bytes(size))
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_oldest_go_where_all_take_too_much(tmp_path: Path) -> None:
    files = WrittenFiles(max_bytes=100)
    for name, size in {"a": 40, "b": 50, "c": 30, "d": 20}.items():
        written(files, tmp_path / name, size)
    assert names(tmp_path) == ["b", "c", "d"]  # what is being written is not measured yet
    written(files, tmp_path / "e", 90)
    written(files, tmp_path / "f", 1)
    assert names(tmp_path) == ["e", "f"]
    assert files.paths == {str(tmp_path / "e"), str(tmp_path / "f")}


def test_a_file_that_is_still_being_written_stays(tmp_path: Path) -> None:
    files = WrittenFiles(max_bytes=100)
    files.add(tmp_path / "late")
    written(files, tmp_path / "large", 200)
    files.add(tmp_path / "new")
    (tmp_path / "late").write_bytes(b"content")
    assert names(tmp_path) == ["late"]
    assert str(tmp_path / "late") in files.paths


def test_gradio_deletes_what_is_old_and_all_at_the_end(folder: Path) -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        blocks.temp_file_sets.append(written_files().paths)
    mask = write_mask(Runs.from_mask(np.ones((3, 4), bool)), name="mask")
    export = new_file("export.json")
    export.write_text("{}")
    delete_files_created_by_app(blocks, age=DAY)
    assert mask.exists()
    assert export.exists()
    delete_files_created_by_app(blocks, age=0)
    assert names(folder) == []
    assert written_files().paths == set()


def test_what_gradio_deleted_counts_no_more(tmp_path: Path) -> None:
    files = WrittenFiles(max_bytes=100)
    old, kept = written(files, tmp_path / "old", 90), written(files, tmp_path / "kept", 50)
    old.unlink()
    files.paths.discard(str(old))
    written(files, tmp_path / "new", 40)
    files.add(tmp_path / "more")
    assert kept.exists()


def test_each_upload_folder_has_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = written_files()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "there"))
    path = new_file("mask.png")
    assert path.parent == folder / "there"
    assert here.paths == set()
    assert written_files().paths == {str(path)}


@pytest.fixture
def frequent_turns() -> Iterator[None]:
    """Threads that take turns far more often: where one only looks, the others would hardly get on."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("frequent_turns")
def test_files_may_be_added_while_gradio_looks_through_them(tmp_path: Path) -> None:
    files = WrittenFiles()

    def add(part: int) -> None:
        for number in range(100):
            files.add(tmp_path / f"{part}-{number}")

    threads = [threading.Thread(target=add, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for _ in files.paths:
            pass
    assert len(files.paths) == 400


def test_what_was_made_of_the_same_is_not_made_again(folder: Path) -> None:
    made: list[str] = []

    def write(path: Path) -> None:
        made.append(path.name)
        path.write_text("{}")

    first = write_once("export.json", write, key="of the same")
    assert write_once("export.json", write, key="of the same") == first
    assert len(made) == 1
    first.unlink()
    assert write_once("export.json", write, key="of the same").read_text() == "{}"
    write_once("export.json", write, key="of something else")
    assert len(made) == 3


@pytest.mark.parametrize("kind", ["cutout", "overlays", "svg", "coco-rle"])
def test_an_export_is_computed_once(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    written_by: list[Path] = []
    compute = exports._write

    def counted(export: Export, path: Path, **named: Any) -> None:
        written_by.append(path)
        compute(export, path, **named)

    monkeypatch.setattr(exports, "_write", counted)
    pixels = np.full((30, 40, 3), 90, np.uint8)
    shown = {"rle": Runs.from_mask(np.eye(30, 40, dtype=bool)).rle(), "predicted_iou": 0.5}
    prompt = {"points": [[3, 3]], "labels": [1], "box": None}
    one = {"name": "one", "color": "#56b4e9", "prompt": prompt, "sam": shown, "sam_hq": shown}
    asked = {"what": kind, "branch": "sam", "soft_edge": False, "objects": [one]}
    paths = [
        write_export(
            Export.from_json(asked, size_wh=(40, 30)),
            picture=Picture.from_pixels(pixels + shade),
            picture_name=name,
        )
        for name, shade in (("a.png", 0), ("a.png", 0), ("b.png", 0), ("a.png", 9))
    ]
    assert paths[0] == paths[1]
    assert len(written_by) == 3
