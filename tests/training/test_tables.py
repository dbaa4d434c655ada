"""Scenes as a folder, and the README's tables made of evaluations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samhq_demo.evaluation import command
from tests.support.refusals import refusal
from training import evaluate, scene_folder
from training.tables import BEGIN, END, README, with_tables


def test_a_folder_of_scenes_gives_the_numbers_of_the_held_out_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene_folder.main([str(tmp_path / "scenes"), "--scenes", "2"])
    command.main([str(tmp_path / "scenes"), "--model", "tiny", "--gallery", "0"])
    summary = json.loads((tmp_path / "scenes-evaluation" / "summary.json").read_text())
    table = evaluate.evaluate(evaluate.service_on("tiny", dtype="float32"), scenes=2)
    expected = {score.asked: score for score in table}
    for row in summary["groups"]:
        score = expected[f"{row['name']}, box"]
        assert row["objects"] == score.objects
        # There an object is asked alone, here with the others: a pixel on an edge may differ.
        assert row["sam"]["iou"] == pytest.approx(score.sam_iou, abs=1e-3)
        assert row["sam_hq"]["boundary_iou"] == pytest.approx(score.sam_hq_boundary, abs=1e-3)
    capsys.readouterr()


def summary_of(name: str, *groups: str) -> dict[str, object]:
    means = {"iou": 0.5, "boundary_iou": 0.25}
    interval = {"value": 0.6, "low": 0.51, "high": 0.7}
    rows = [
        {"name": one, "objects": 7, "sam": means, "sam_hq": means, "win_rate": interval}
        for one in ("all", *groups)
    ]
    return {"settings": {"data": name, "prompt": "box"}, "overall": rows[0], "groups": rows[1:]}


def test_tables_take_the_place_of_those_before() -> None:
    readme = f"# One\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    written = with_tables(readme, [summary_of("scenes", "plain", "thin"), summary_of("photos_val")])
    lines = written.splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines if line.startswith("| ")]
    assert lines[:2] == ["# One", ""]
    assert "old" not in written
    assert cells[2:] == [
        ["scenes, plain, by a box", "7", "50.0"],
        ["scenes, thin, by a box", "7", "50.0"],
        ["photos, by a box", "7", "50.0"],
    ]
    assert written.endswith(f"{END}\n\nmore\n")
    assert with_tables(written, [summary_of("x")]).count(BEGIN) == 1


def test_a_readme_without_a_place_for_them_is_told() -> None:
    assert "no place for tables" in refusal(with_tables, "# One", [])


def test_the_readme_has_a_place_for_them() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)
