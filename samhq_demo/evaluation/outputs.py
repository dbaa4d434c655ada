"""All files that are made of the records: tables, CSV, JSON, charts, the gallery."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from samhq_demo.evaluation.charts import bars, click_curves, scatter
from samhq_demo.evaluation.folders import Item, Problem
from samhq_demo.evaluation.gallery import choose, gallery_html
from samhq_demo.evaluation.options import EvaluationOptions
from samhq_demo.evaluation.records import PictureRecord, RecordFile
from samhq_demo.evaluation.report import report_text, summary_json, write_csv
from samhq_demo.evaluation.statistics import Summary, summarize


@dataclass(frozen=True, slots=True)
class Outputs:
    """The results of an evaluation of some pictures, and how they were made.

    Attributes:
        problems: of files that belong to no picture.
        settings: what the numbers depend on.
    """

    records: RecordFile
    items: Sequence[Item]
    problems: Sequence[Problem]
    options: EvaluationOptions
    settings: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.settings['data']}, {self.settings['model']}, {self.options.asked}"

    def summary(self) -> Summary:
        """Raises ValueError where not one object was measured."""
        unmatched = (PictureRecord(one.name, problem=one.sentence) for one in self.problems)
        return summarize(chain(self._records(), unmatched), most_clicks=self.options.clicks or 1)

    def write(self, folder: Path, *, gallery: int, app: str) -> str:
        """Write all files; the report is returned too.

        Args:
            gallery: how many wins and losses go into it; 0: no gallery.
            app: where its links go.
        """
        summary = self.summary()
        text = report_text(summary, title=self.title)
        charts = self._charts(summary)
        files = {
            "report.md": text,
            "summary.json": json.dumps(summary_json(summary, settings=self.settings), indent=2) + "\n",
            **{f"{name}.svg": chart for name, chart in charts.items()},
        }
        if gallery > 0:
            files["gallery.html"] = self._gallery(text, charts, count=gallery, app=app)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        write_csv(self._records(), folder / "objects.csv")
        return text

    def _records(self, *, with_masks: bool = False) -> Iterator[PictureRecord]:
        wanted = {item.name for item in self.items}
        return (one for one in self.records.records(with_masks=with_masks) if one.picture in wanted)

    def _charts(self, summary: Summary) -> dict[str, str]:
        charts = {
            "iou": scatter(self._records()),
            "sizes": bars("By share of the picture", summary.sizes),
            "thinness": bars("By thinness", summary.thinness),
        }
        if self.options.prompt == "interactive":
            charts["clicks"] = click_curves(self._records(), clicks=self.options.clicks or 1)
        return charts

    def _gallery(self, text: str, charts: Mapping[str, str], *, count: int, app: str) -> str:
        wins, losses = choose(self._records(with_masks=True), count=count)
        return gallery_html(
            wins,
            losses,
            items={item.name: item for item in self.items},
            title=self.title,
            report=text,
            charts=charts.values(),
            settings=self.settings,
            app=app,
        )
