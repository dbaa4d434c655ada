"""What the house's style asks for and no linter knows: one spelling, one name for loggers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("samhq_demo", "tests", "testbed", "training", "benchmarks", "examples", "docs")
ENDINGS = {".py", ".js", ".ts", ".md", ".html", ".css"}
# Stems that American English writes otherwise.
BRITISH = "colour grey licence centre neighbour behaviour honour favour catalogue initialis normalis randomis"
_BRITISH = re.compile(BRITISH.replace(" ", "|"), re.IGNORECASE)
_LOGGER = re.compile(r"^(\w+) = logging\.getLogger\((.*)\)$", re.MULTILINE)


def _files() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    yield from ROOT.glob("*.py")
    for folder in FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS)


def test_the_spelling_is_american() -> None:
    others = (path for path in _files() if path != Path(__file__))
    found = {(path.relative_to(ROOT), word) for path in others for word in _BRITISH.findall(path.read_text())}
    assert found == set()


@pytest.mark.parametrize("path", sorted((ROOT / "samhq_demo").rglob("*.py")), ids=lambda path: path.stem)
def test_a_modules_logger_is_called_logger(path: Path) -> None:
    assert set(_LOGGER.findall(path.read_text())) <= {("logger", "__name__")}
