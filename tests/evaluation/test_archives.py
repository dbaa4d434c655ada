"""A zip is unpacked with limits; nothing it says of itself is relied on."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from samhq_demo.evaluation.archives import Limits, unpack
from samhq_demo.evaluation.layouts import find_data_set
from tests.support.data_sets import folders_set
from tests.support.refusals import refusal


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def test_a_set_comes_out_as_it_went_in(tmp_path: Path) -> None:
    archive = zipped(folders_set(tmp_path / "set"), tmp_path / "set.zip")
    unpack(archive, tmp_path / "out")
    assert [item.name for item in find_data_set(tmp_path / "out").items] == ["im/a.jpg", "im/b.jpg"]


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "a/../../evil.png"])
def test_entries_that_leave_the_folder_are_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("good.png", b"x")
        opened.writestr(name, b"x")
    (tmp_path / "out").mkdir()
    assert "leaves the folder" in refusal(unpack, archive, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "evil.png").exists()


def test_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.bmp", bytes(20 << 20))
    limits = Limits(size=5 << 20)
    assert "more than 5 MB" in refusal(unpack, archive, tmp_path / "honest", limits=limits)
    # The same with a directory that says it is small: both places of the size, which are 20 MB.
    content = archive.read_bytes().replace((20 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    archive.write_bytes(content)
    refusal(unpack, archive, tmp_path / "lying", limits=limits)
    written = sum(path.stat().st_size for path in (tmp_path / "lying").rglob("*") if path.is_file())
    assert written <= limits.size


def test_too_many_files_links_and_passwords_are_refused(tmp_path: Path) -> None:
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as opened:
        for number in range(4):
            opened.writestr(f"{number}.png", b"")
    assert "holds 4 files: at most 3" in refusal(unpack, many, tmp_path / "out", limits=Limits(files=3))
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as opened:
        entry = zipfile.ZipInfo("a.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(entry, "/etc/passwd")
    assert "is a link" in refusal(unpack, link, tmp_path / "out")
    content = bytearray(zipped(folders_set(tmp_path / "set"), tmp_path / "locked.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 1)
    (tmp_path / "locked.zip").write_bytes(bytes(content))
    assert "has a password" in refusal(unpack, tmp_path / "locked.zip", tmp_path / "out")


def test_what_is_no_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip at all")
    assert "no.zip is no zip archive" in refusal(unpack, tmp_path / "no.zip", tmp_path / "out")
    assert "is no zip archive" in refusal(unpack, tmp_path / "nowhere.zip", tmp_path / "out")
