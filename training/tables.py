"""Put the tables of evaluations into the README: `python -m training.tables build/*-evaluation`.

Each folder is what `python -m samhq_demo.evaluation` wrote; the tables go between two marks in the README.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samhq_demo.evaluation.report import table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- tables: make tables -->", "<!-- end of tables -->"
_HEADER = ("objects", "number", "SAM mIoU", "SAM-HQ mIoU", "SAM boundary", "SAM-HQ boundary", "SAM-HQ wins")
_ASKED = {"box": "by a box", "clicks": "by clicks", "interactive": "by interactive clicks"}


def lines_of(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows of one evaluation: of its parts where it has some, else of all."""
    settings = summary["settings"]
    asked = _ASKED[settings["prompt"]]
    name = settings["data"].removesuffix("_val")
    return [
        _cells(row, name=f"{name}{'' if row['name'] == 'all' else ', ' + row['name']}, {asked}")
        for row in summary["groups"] or [summary["overall"]]
    ]


def _cells(row: Mapping[str, Any], *, name: str) -> tuple[str, ...]:
    numbers = [
        f"{100 * row[branch][key]:.1f}" for key in ("iou", "boundary_iou") for branch in ("sam", "sam_hq")
    ]
    wins = row["win_rate"]
    interval = f"{100 * wins['value']:.0f} % ({100 * wins['low']:.0f} to {100 * wins['high']:.0f})"
    return (name, str(row["objects"]), *numbers, interval)


def with_tables(readme: str, summaries: Sequence[Mapping[str, Any]]) -> str:
    """The README with the rows of these evaluations between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The README has no place for tables: {BEGIN} and {END} are not there.")
    rows = [row for summary in summaries for row in lines_of(summary)]
    return "\n".join([before + BEGIN, "", *table(_HEADER, rows), "", END + after])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in given.folders]
    README.write_text(with_tables(README.read_text(encoding="utf-8"), summaries), encoding="utf-8")


if __name__ == "__main__":
    main()
