"""The command from end to end: what it writes, how it goes on, what it says where something is wrong."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from samhq_demo.evaluation import command
from samhq_demo.evaluation.records import PictureRecord, RecordFile
from samhq_demo.masks.runs import parse_rle
from samhq_demo.ui.saved import read_prompts
from tests.support.data_sets import BLOB, SIZE_WH, STRIPE, folders_set, label_map, picture_of, save
from tests.support.pixels import mask_iou
from tests.support.programs import run_python
from tests.support.waiting import wait

NAMES = ("a", "b", "c")


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Three pictures; the second has two objects."""
    folder = folders_set(tmp_path / "drawn", names=NAMES)
    save(picture_of(BLOB, STRIPE), folder / "im" / "b.jpg")
    save(label_map(BLOB, STRIPE), folder / "gt" / "b.png")
    return folder


def evaluate(folder: Path, *arguments: str) -> Path:
    """Run the command in this process with the bundled checkpoint."""
    command.main([str(folder), "--model", "tiny", *arguments])
    return folder.with_name(f"{folder.name}-evaluation")


def lines_of(out: Path) -> list[str]:
    return (out / "results.jsonl").read_text().splitlines()


def test_all_files_are_written_and_agree(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = evaluate(drawn)
    printed = capsys.readouterr()
    assert printed.out == (out / "report.md").read_text()
    assert "3 pictures in the layout folders" in printed.err
    summary = json.loads((out / "summary.json").read_text())
    rows = list(csv.DictReader((out / "objects.csv").open()))
    assert [(row["picture"], row["object"]) for row in rows] == [
        ("im/a.jpg", "object"),
        ("im/b.jpg", "1"),
        ("im/b.jpg", "2"),
        ("im/c.jpg", "object"),
    ]
    for branch in ("sam", "sam_hq"):
        mean = sum(float(row[f"{branch}_iou"]) for row in rows) / 4
        assert summary["overall"][branch]["iou"] == pytest.approx(mean)
        assert mean > 0.8
    assert summary["settings"]["prompt"] == "box"
    for chart in ("iou", "sizes", "thinness"):
        ET.parse(out / f"{chart}.svg")


def test_the_kept_masks_have_the_kept_scores(drawn: Path) -> None:
    out = evaluate(drawn)
    record = PictureRecord.from_line(lines_of(out)[2], with_masks=True)
    assert record.picture == "im/b.jpg"
    for item, true in zip(record.objects, (BLOB, STRIPE), strict=True):
        for answer in (item.sam, item.sam_hq):
            assert answer.rle is not None
            assert answer.iou == mask_iou(parse_rle(answer.rle, size_wh=SIZE_WH).mask(), true)


def test_the_gallery_is_one_file_whose_prompts_the_page_loads(drawn: Path) -> None:
    out = evaluate(drawn, "--prompt", "interactive", "--clicks", "2", "--app", "http://localhost:1234")
    html = (out / "gallery.html").read_text()
    assert not re.search(r'(src|href)="(?!data:|http://localhost:1234")', html)
    assert 'href="http://localhost:1234"' in html
    files = re.findall(r'download="(\w+)\.prompts\.json" href="data:application/json;base64,([^"]+)"', html)
    assert files
    for _, content in files:
        saved = read_prompts(base64.b64decode(content).decode(), size_wh=SIZE_WH)
        assert all(one["truth"] is not None for one in saved["objects"])
    assert "<h2>Largest wins of SAM-HQ</h2>" in html
    assert (out / "clicks.svg").is_file()


def test_it_goes_on_where_it_was_stopped(drawn: Path) -> None:
    evaluate(drawn, "--out", str(drawn.parent / "whole"))
    whole = drawn.parent / "whole"
    out = evaluate(drawn, "--limit", "1")
    first = lines_of(out)
    # Stopped in the middle of a line.
    (out / "results.jsonl").write_text("\n".join(first) + '\n{"picture": "im/b.jpg", "gro')
    evaluate(drawn)
    assert lines_of(out)[:2] == first
    pictures = [json.loads(line)["picture"] for line in lines_of(out)[1:]]
    assert pictures == [f"im/{name}.jpg" for name in NAMES]
    assert (out / "objects.csv").read_text() == (whole / "objects.csv").read_text()


def test_a_killed_run_goes_on(drawn: Path) -> None:
    """The real thing: the process is killed as soon as the first picture is kept."""
    out = drawn.with_name("drawn-evaluation")
    arguments = [sys.executable, "-m", "samhq_demo.evaluation", str(drawn), "--gallery", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        wait(
            lambda: (
                started.poll() is not None or ((out / "results.jsonl").is_file() and len(lines_of(out)) > 1)
            )
        )
        started.kill()
    kept = lines_of(out)[1:]
    assert kept
    evaluate(drawn)
    assert len(lines_of(out)) == 4
    assert lines_of(out)[1] == kept[0]


def test_broken_files_are_told_skipped_and_read_again_once_mended(
    drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (drawn / "im" / "a.jpg").read_bytes()
    (drawn / "im" / "a.jpg").write_bytes(good[: len(good) // 2])
    (drawn / "gt" / "c.png").write_bytes(b"no picture")
    out = evaluate(drawn)
    printed = capsys.readouterr()
    assert "Skipped im/a.jpg: The picture file is damaged or cut off" in printed.err
    assert "Skipped: 2." in printed.out
    assert "- im/c.jpg: c.png: The mask file holds no picture" in printed.out
    assert "Pictures: 1. Objects: 2." in printed.out
    (drawn / "im" / "a.jpg").write_bytes(good)
    evaluate(drawn)
    printed = capsys.readouterr()
    assert "Pictures: 2. Objects: 3." in printed.out
    assert "Skipped: 1." in printed.out
    assert len(lines_of(out)) == 4


def test_results_of_other_settings_are_not_mixed(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = evaluate(drawn)
    before = lines_of(out)
    with pytest.raises(SystemExit) as left:
        evaluate(drawn, "--prompt", "clicks", "--seed", "4")
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert "prompt box then, clicks now" in error
    assert "begin anew with --fresh" in error
    assert lines_of(out) == before
    evaluate(drawn, "--prompt", "clicks", "--seed", "4", "--fresh")
    assert "one random click" in (out / "report.md").read_text()


def test_a_zip_gives_the_same_numbers(drawn: Path) -> None:
    out = evaluate(drawn)
    archive = drawn.with_name("again.zip")
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(drawn.rglob("*.*")):
            opened.write(file, file.relative_to(drawn))
    evaluate(archive)
    again = archive.with_name("again-evaluation")
    assert (again / "objects.csv").read_text() == (out / "objects.csv").read_text()
    assert (again / "gallery.html").read_text().count("data:image/jpeg") > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no folder nowhere"),
        (["{empty}"], "is empty: it must hold pictures and true masks."),
        (["{drawn}", "--model", "nothing"], "The model 'nothing' is none of"),
        (["{drawn}", "--clicks", "3"], "A box goes without clicks"),
        (["{drawn}", "--limit", "0"], "a whole number, 1 or more, not '0'"),
        (["{drawn}", "--layout", "coco"], "has a true mask in the layout coco"),
        (["{drawn}", "--least-share", "0.99"], "No object was measured in 3 pictures."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], sentence: str, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit) as left:
        command.main([one.format(drawn=drawn, empty=tmp_path / "empty") for one in arguments])
    assert left.value.code == 2
    printed = capsys.readouterr()
    assert sentence in " ".join(printed.err.split())
    assert "Traceback" not in printed.err


def test_a_file_of_something_else_is_left_alone(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = drawn.with_name("drawn-evaluation")
    out.mkdir()
    (out / "results.jsonl").write_text("my own notes\n")
    with pytest.raises(SystemExit):
        evaluate(drawn)
    assert "is no file of results" in capsys.readouterr().err
    assert (out / "results.jsonl").read_text() == "my own notes\n"


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    """Peak memory of 5 and then of 25 pictures of 3 megapixels: little more than two pictures apart."""
    size_wh = (2000, 1500)
    mask = picture_of(BLOB)[:, :, 0] > 200

    def folder_of(count: int) -> str:
        folder = tmp_path / f"{count}"
        large = mask.repeat(13, 0).repeat(13, 1)[: size_wh[1], : size_wh[0]]
        save(picture_of(large), folder / "im" / "0.jpg")
        save(label_map(large), folder / "gt" / "0.png")
        for number in range(1, count):
            for name in ("im/{}.jpg", "gt/{}.png"):
                shutil.copy(folder / name.format(0), folder / name.format(number))
        return str(folder)

    program = (
        "import gc, sys; from samhq_demo.evaluation.command import main; from testbed.memory import peak_mb\n"
        "for folder in sys.argv[1:]:\n"
        "    gc.collect()  # each run has a model of its own, and the last one's may wait for this\n"
        "    main([folder, '--gallery', '0'])\n"
        "    print('peak', peak_mb())"
    )
    printed = run_python(program, folder_of(5), folder_of(25))
    few, many = map(float, re.findall(r"^peak ([\d.]+)$", printed, re.MULTILINE))
    assert few <= many
    assert many - few < (2 * size_wh[0] * size_wh[1] * 3 + 20 * 2**20) / 1e6


def test_records_survive_a_round_trip(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "results.jsonl", settings={"model": "tiny"})
    record = PictureRecord("a", "g", (3, 4), milliseconds={"read": 1.0}, problem=None)
    file.append(record)
    assert list(file.records()) == [record]
    assert file.done == {"a"}
    assert RecordFile(tmp_path / "results.jsonl", settings={"model": "tiny"}).done == {"a"}
