"""What `benchmarks.gpu` found, as a section of a report and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.sections import ON_GPU

METHOD = """\
Weights are random, with smooth masks as trained ones have, but for `tiny`, the bundled checkpoint. Parity
is with float32 on the CPU through the app's own models: of single masks for clicks and boxes, the worst
mask's share of equal pixels and the mean IoU. Times are medians after a warm-up. The limit is the encoder's
products, counted from its geometry, over the fastest large matrix product on the same card in the same
precision. "Preview" is what a page shows first, "compare" the whole answer: both are of both decoders, the
picture's embedding being cached."""


@dataclass(frozen=True, slots=True)
class Row:
    """One finding. `met`: whether what was wanted is there, None where nothing was; `value` in `unit`."""

    model: str
    what: str
    told: str
    value: float | None = None
    unit: str = ""
    wanted: str = ""
    met: bool | None = None
    is_parity: bool = False
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.model}: {self.what}: {self.told}{self.verdict and f' [{self.verdict}]'}"

    @property
    def verdict(self) -> str:
        """What was wanted and whether it is met; empty where nothing was."""
        return "" if self.met is None else f"{self.wanted}: {'met' if self.met else 'NOT met'}"


def exit_code(rows: Sequence[Row]) -> int:
    """1 where a wanted parity is missed or a part failed, else 0."""
    return int(any(row.failed or (row.is_parity and row.met is False) for row in rows))


def section(rows: Sequence[Row], about: Mapping[str, str]) -> str:
    """The marked section."""
    machine = "\n".join(f"- {name}: {value}" for name, value in about.items())
    lines = ["| model | what | found | wanted |", "| --- | --- | --- | --- |"]
    for row in rows:
        told, verdict = row.told.replace("|", "/"), row.verdict.replace("NOT", "**not**")
        lines.append(f"| {row.model} | {row.what} | {told} | {verdict} |")
    table = "\n".join(lines)
    return ON_GPU.of([machine, METHOD, table])


def write(rows: Sequence[Row], about: Mapping[str, str], file: Path) -> None:
    """Put the section into a Markdown file, made where it is not there, and the findings beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(ON_GPU.put_into(text, section(rows, about)), encoding="utf-8")
    found = {"about": dict(about), "rows": [asdict(row) for row in rows]}
    (file.parent / "gpu.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
