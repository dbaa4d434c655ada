"""A few pictures with true masks, evaluated in the page: the command's own numbers, and what to look at."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from threading import Lock
from typing import Any

from samhq_demo.evaluation.few import GivenFile, take_pairs, take_zip
from samhq_demo.evaluation.folders import DataSet, Item
from samhq_demo.evaluation.gallery import (
    GONE,
    Chosen,
    choose,
    figures_html,
    heading_of,
    read_again,
    saved_prompts,
)
from samhq_demo.evaluation.options import EvaluationOptions
from samhq_demo.evaluation.outputs import Outputs
from samhq_demo.evaluation.records import RecordFile
from samhq_demo.evaluation.report import report_text
from samhq_demo.evaluation.run import evaluating, measured_here
from samhq_demo.service import CompareService
from samhq_demo.ui import texts
from samhq_demo.ui.served import new_folder, written_files

MOST_ROWS = 500
_IN_GALLERY = 6  # largest wins, and as many losses
_SIDE = 400
# Whose rows can still be opened; each takes less than a megabyte.
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One visitor's evaluation: what its rows open.

    Attributes:
        rows: the objects, in the order of the table.
        settings: what they were asked with.
    """

    items: Mapping[str, Item]
    rows: tuple[Chosen, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EvaluatedRow:
    """A row's picture, and its prompt and truth as the page saves them."""

    picture: Path
    saved: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of the pictures are done."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Result:
    """What is shown at the end. report: Markdown. results: HTML. key: what `Evaluations.open` knows it by."""

    report: str
    results: str
    key: str


class Evaluations:
    """Evaluates what visitors bring. One instance serves all of them."""

    def __init__(self, service: CompareService) -> None:
        self._service = service
        self._kept: OrderedDict[str, Evaluated] = OrderedDict()
        self._lock = Lock()

    def evaluate(
        self,
        pictures: Sequence[GivenFile],
        truths: Sequence[GivenFile],
        archive: GivenFile | None,
        *,
        options: EvaluationOptions,
        model: str | None,
    ) -> Generator[Progress | Result, None, None]:
        """How far it is, picture by picture, then the result. Whoever closes this ends it.

        Raises:
            ValueError: one sentence on what is wrong with the files.
        """
        folder = new_folder("evaluation")
        try:
            data = _data_of(pictures, truths, archive, folder)
        finally:
            for file in filter(Path.is_file, folder.rglob("*")):  # hidden ones too
                written_files().add(file)
        settings = {
            "data": texts.YOUR_PICTURES,
            "model": model or self._service.wait_for_weights(),
            **options.to_json(),
        }
        records = RecordFile(new_folder("records") / "results.jsonl", settings=settings)
        written_files().add(records.path)
        measured = measured_here(self._service, options, model=model)
        yield Progress(0, len(data.items))
        for done, _ in enumerate(evaluating(data.items, records, measured), start=1):
            yield Progress(done, len(data.items))
        yield self._result(Outputs(records, data.items, data.problems, options, settings))

    def open(self, key: str | None, row: Any) -> EvaluatedRow:
        """The picture of a row, with its prompt and truth.

        Raises:
            ValueError: there is no such row, or its files are gone.
        """
        with self._lock:
            evaluated = None if key is None else self._kept.get(key)
        if evaluated is None:
            raise ValueError(texts.EVALUATION_GONE)
        if type(row) is not int or not 0 <= row < len(evaluated.rows):
            raise ValueError(texts.NO_SUCH_ROW)
        chosen = evaluated.rows[row]
        item = evaluated.items[chosen.picture]
        read = read_again(chosen, item)
        if read is None:
            raise ValueError(texts.EVALUATION_GONE)
        return EvaluatedRow(item.picture, saved_prompts(chosen, read, evaluated.settings))

    def _result(self, outputs: Outputs) -> Result:
        report = report_text(outputs.summary(), title=outputs.title)
        rows = tuple(
            Chosen(record.picture, item) for record in outputs.records.records() for item in record.objects
        )[:MOST_ROWS]
        items = {item.name: item for item in outputs.items}
        shown = choose(outputs.records.records(with_masks=True), count=_IN_GALLERY)
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[key] = Evaluated(items, rows, outputs.settings)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return Result(report, _results_html(rows, shown, items), key)


def _data_of(
    pictures: Sequence[GivenFile], truths: Sequence[GivenFile], archive: GivenFile | None, folder: Path
) -> DataSet:
    if archive is None:
        return take_pairs(pictures, truths, folder)
    if pictures or truths:
        raise ValueError("Give either pictures with true masks or a zip, not both.")
    return take_zip(archive.path, folder)


def _results_html(
    rows: Sequence[Chosen], shown: tuple[list[Chosen], list[Chosen]], items: Mapping[str, Item]
) -> str:
    """All objects as a table, then the largest wins and losses; each has a button with its row's number."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in texts.EVALUATION_COLUMNS)
    body = "".join(_row_html(number, chosen) for number, chosen in enumerate(rows))
    parts = [f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"]
    places = {(chosen.picture, chosen.item.name): number for number, chosen in enumerate(rows)}
    for title, some in zip(texts.EVALUATION_GALLERIES, shown, strict=True):
        parts.append(f"<h3>{escape(title)}</h3>")
        parts += [_article_html(one, items, places) for one in some] or ["<p>There are none.</p>"]
    return "".join(parts)


def _row_html(number: int, chosen: Chosen) -> str:
    item = chosen.item
    values = (item.sam.iou, item.sam_hq.iou, item.sam.boundary_iou, item.sam_hq.boundary_iou)
    numbers = "".join(f"<td>{100 * value:.1f}</td>" for value in values)
    name = escape(f"{chosen.picture}: {item.name}")
    gain = f"<td>{100 * chosen.gain:+.1f}</td>"
    return f"<tr><th scope='row'>{name}</th>{numbers}{gain}<td>{_button(number, name)}</td></tr>"


def _article_html(chosen: Chosen, items: Mapping[str, Item], places: Mapping[tuple[str, str], int]) -> str:
    read = read_again(chosen, items.get(chosen.picture))
    figures = f"<p>{GONE}</p>" if read is None else figures_html(chosen, read, side=_SIDE)
    number = places.get((chosen.picture, chosen.item.name))
    heading = escape(heading_of(chosen))
    button = "" if number is None else _button(number, heading)
    return f"<article><h4>{heading} {button}</h4>{figures}</article>"


def _button(number: int, name: str) -> str:
    return f"<button type='button' data-row='{number}' aria-label='Open {name}'>Open</button>"
