"""A few files from a visitor: how they are matched, and what is wrong with them in a sentence."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from samhq_demo.evaluation import few
from samhq_demo.evaluation.few import GivenFile, take_pairs, take_zip
from tests.support.data_sets import folders_set


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return folders_set(tmp_path / "drawn", names=("a", "b"))


def given(
    folder: Path, kind: str, *, called: Callable[[Path], str] = lambda path: path.name
) -> list[GivenFile]:
    return [GivenFile(path, called(path)) for path in sorted((folder / kind).iterdir())]


def zipped(folder: Path, names: Iterable[str] | None = None) -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(folder.rglob("*.*")):
            opened.write(file, file.relative_to(folder))
        for name in names or ():
            opened.writestr(name, b"\0" * 1000)
    return archive


@pytest.mark.parametrize("mark", ["", "_mask", "-gt"])
def test_pictures_and_true_masks_are_matched_by_name(drawn: Path, tmp_path: Path, mark: str) -> None:
    truths = given(drawn, "gt", called=lambda path: f"{path.stem}{mark}.png")
    data = take_pairs(given(drawn, "im"), truths[::-1], tmp_path / "taken")
    assert [item.name for item in data.items] == ["im/a.jpg", "im/b.jpg"]
    for item in data.items:
        taken = next((tmp_path / "taken" / "gt").glob(f"{item.picture.stem}.png"))
        assert taken.read_bytes() == (drawn / "gt" / taken.name).read_bytes()


def test_one_picture_and_one_true_mask_are_a_pair(drawn: Path, tmp_path: Path) -> None:
    truth = GivenFile(drawn / "gt" / "a.png", "truth of it.png")
    data = take_pairs(given(drawn, "im")[:1], [truth], tmp_path / "taken")
    assert [item.name for item in data.items] == ["im/a.jpg"]


def test_names_lead_nowhere_else(drawn: Path, tmp_path: Path) -> None:
    pictures = given(drawn, "im", called=lambda path: f"../../{path.name}")
    take_pairs(pictures, given(drawn, "gt"), tmp_path / "deep" / "taken")
    assert sorted(path.name for path in tmp_path.rglob("*.jpg") if "drawn" not in path.parts) == [
        "a.jpg",
        "b.jpg",
    ]
    assert not list(tmp_path.glob("*.jpg"))


def test_a_zip_of_the_commands_layouts_is_taken(drawn: Path, tmp_path: Path) -> None:
    data = take_zip(zipped(drawn), tmp_path / "taken")
    assert [item.name for item in data.items] == ["im/a.jpg", "im/b.jpg"]


def test_what_is_wrong_with_files_is_said_in_a_sentence(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, truths = given(drawn, "im"), given(drawn, "gt")
    other = [GivenFile(file.path, f"other {file.name}") for file in truths]
    same = [GivenFile(file.path, "same.png") for file in truths]

    def refusal(pictures: list[GivenFile], truths: list[GivenFile]) -> str:
        with pytest.raises(ValueError) as refused:
            take_pairs(pictures, truths, tmp_path / "taken")
        return str(refused.value)

    assert "Give pictures and their true masks" in refusal([], truths)
    assert "2 pictures and 1 true masks" in refusal(pictures, truths[:1])
    assert "No picture has a true mask of its name: a.jpg would go with a.png" in refusal(pictures, other)
    assert "Two files are called same" in refusal(pictures, same)
    monkeypatch.setattr(few, "MOST_PICTURES", 1)
    assert "At most 1 pictures are evaluated here, not 2" in refusal(pictures, truths)
    monkeypatch.setattr(few, "MOST_PICTURES", 20)
    monkeypatch.setattr(few, "MOST_BYTES", 100)
    assert "The files take more than" in refusal(pictures, truths)
    assert not (tmp_path / "taken").exists()


def test_what_is_wrong_with_a_zip_is_said_in_a_sentence(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(archive: Path, name: str) -> str:
        (tmp_path / name).mkdir()
        with pytest.raises(ValueError) as refused:
            take_zip(archive, tmp_path / name)
        assert str(tmp_path) not in str(refused.value)
        return str(refused.value)

    text = tmp_path / "text.zip"
    text.write_text("no zip")
    assert "is no zip archive" in refusal(text, "1")
    assert "leaves the folder" in refusal(zipped(drawn, ["../../outside.png"]), "2")
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "a.jpg").write_bytes((drawn / "im" / "a.jpg").read_bytes())
    assert "No picture in the zip has a true mask" in refusal(zipped(tmp_path / "alone"), "3")
    monkeypatch.setattr(few, "_ZIP", few.Limits(files=3, size=1000))
    assert "holds 4 files: at most 3" in refusal(zipped(drawn), "4")
    monkeypatch.setattr(few, "_ZIP", few.Limits(files=20, size=10))
    assert "unpacks to more than" in refusal(zipped(drawn), "5")
    monkeypatch.setattr(few, "_ZIP", few.Limits())
    monkeypatch.setattr(few, "MOST_PICTURES", 1)
    assert "holds 2 pairs: at most 1" in refusal(zipped(drawn), "6")
    assert not (tmp_path.parent / "outside.png").exists()
