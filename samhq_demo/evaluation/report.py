"""The numbers as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from samhq_demo.evaluation.options import THRESHOLDS
from samhq_demo.evaluation.records import PictureRecord
from samhq_demo.evaluation.statistics import Interval, Row, Summary

# That are told one by one: of Pascal VOC's pictures most have no mask.
MOST_PROBLEMS = 20

_HEADER = (
    "objects", "number", "SAM mIoU", "SAM-HQ mIoU", "SAM boundary", "SAM-HQ boundary", "SAM-HQ wins",
    "IoU gain",
)  # fmt: skip
_CSV_COLUMNS = (
    "picture", "group", "object", "width", "height", "area", "share", "thinness", "sam_iou", "sam_hq_iou",
    "sam_boundary_iou", "sam_hq_boundary_iou", "sam_predicted_iou", "sam_hq_predicted_iou", "sam_clicks",
    "sam_hq_clicks",
)  # fmt: skip


def report_text(summary: Summary, *, title: str) -> str:
    """All tables in Markdown, which reads well on a terminal too."""
    overall = summary.overall
    lines = [
        f"{title}. Pictures: {overall.pictures}. Objects: {overall.objects}.",
        "",
        *table(_HEADER, [_cells(row) for row in (overall, *summary.groups)]),
    ]
    for name, rows in (("by share of the picture", summary.sizes), ("by thinness", summary.thinness)):
        lines += ["", *table((name, *_HEADER[1:]), [_cells(row) for row in rows])]
    if overall.sam.noc:
        lines += ["", *_clicks_table((overall, *summary.groups))]
    return "\n".join([*lines, "", *_closing(summary)]) + "\n"


def _closing(summary: Summary) -> list[str]:
    times = summary.times
    lines = [
        "Boundary: boundary IoU, 2 % of the diagonal. In brackets: 95 % of a paired bootstrap over pictures.",
        f"A picture took {times.total / 1000:.2f} s: {times.encode:.0f} ms the encoder, {times.decode:.0f} "
        f"the decoders, {times.score:.0f} measuring, {times.read:.0f} reading (beside the rest). "
        f"Without reading, the encoder took {times.encoder_share:.0%}.",
    ]
    if summary.problems:
        lines += ["", f"Skipped: {len(summary.problems)}."]
        lines += [f"- {name}: {sentence}" for name, sentence in summary.problems[:MOST_PROBLEMS]]
        if len(summary.problems) > MOST_PROBLEMS:
            lines.append(f"- and {len(summary.problems) - MOST_PROBLEMS:,} more, all in summary.json")
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        str(row.objects),
        _percent(row.sam.iou),
        _percent(row.sam_hq.iou),
        _percent(row.sam.boundary_iou),
        _percent(row.sam_hq.boundary_iou),
        f"{_percent(row.win_rate.value)} % {_between(row.win_rate)}",
        f"{_signed(row.iou_gain.value)} {_between(row.iou_gain, signed=True)}",
    )


def _clicks_table(rows: Iterable[Row]) -> list[str]:
    header = ["clicks needed (NoC)"]
    for at in THRESHOLDS:
        header += [f"SAM @{100 * at:.0f}", f"SAM-HQ @{100 * at:.0f}"]
    header += [f"never {100 * THRESHOLDS[1]:.0f}: SAM", "SAM-HQ"]
    body = []
    for row in rows:
        numbers = [f"{noc:.2f}" for pair in zip(row.sam.noc, row.sam_hq.noc, strict=True) for noc in pair]
        body.append((row.name, *numbers, str(row.sam.failed[1]), str(row.sam_hq.failed[1])))
    return table(header, body)


def table(header: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table whose columns are aligned."""
    cells = [tuple(header), *map(tuple, body)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return [lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _between(interval: Interval, *, signed: bool = False) -> str:
    write = _signed if signed else _percent
    return f"({write(interval.low)} to {write(interval.high)})"


def summary_json(summary: Summary, *, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers, with what they depend on."""
    return {
        "settings": dict(settings),
        "thresholds": list(THRESHOLDS),
        **asdict(summary),
        "milliseconds_per_picture": {"total": summary.times.total},
        "encoder_share": summary.times.encoder_share,
    }


def write_csv(records: Iterable[PictureRecord], path: Path) -> None:
    """One line an object; clicks are those of its session, empty where there was none."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_CSV_COLUMNS)
        for record in records:
            for item in record.objects:
                sam, sam_hq = item.sam, item.sam_hq
                writer.writerow(
                    (
                        record.picture, record.group, item.name, *record.size_wh, item.area, item.share,
                        item.thinness, sam.iou, sam_hq.iou, sam.boundary_iou, sam_hq.boundary_iou,
                        sam.predicted_iou, sam_hq.predicted_iou, len(sam.click_ious) or "",
                        len(sam_hq.click_ious) or "",
                    )
                )  # fmt: skip
