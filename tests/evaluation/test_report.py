"""The tables as text: what they say, and that they stay short."""

from __future__ import annotations

from samhq_demo.evaluation.records import PictureRecord
from samhq_demo.evaluation.report import report_text, table
from samhq_demo.evaluation.statistics import summarize
from tests.evaluation.test_statistics import record


def test_a_table_is_aligned_markdown() -> None:
    assert table(("a", "bb"), [("ccc", "d")]) == ["| a   | bb |", "| --- | -- |", "| ccc | d  |"]


def test_the_report_has_the_numbers_in_percent() -> None:
    text = report_text(summarize([record("a", (0.5, 0.7)), record("b", (0.6, 0.6))]), title="Mine")
    assert text.startswith("Mine. Pictures: 2. Objects: 2.\n")
    row = next(line for line in text.splitlines() if line.startswith("| all "))
    assert [cell.strip() for cell in row.split("|")[1:]][:6] == ["all", "2", "55.0", "65.0", "27.5", "32.5"]
    assert "75.0 %" in row
    assert "Without reading, the encoder took 80%." in text
    assert "Skipped" not in text


def test_many_problems_are_counted_not_listed() -> None:
    problems = [PictureRecord(f"{n:03}", problem="It has no true mask.") for n in range(100)]
    text = report_text(summarize([record("a", (0.5, 0.7)), *problems]), title="Mine")
    assert "Skipped: 100." in text
    assert text.count("It has no true mask.") == 20
    assert "- and 80 more, all in summary.json" in text
