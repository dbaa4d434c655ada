"""Style rules that no linter checks: American spelling, one name for loggers, no waits by the clock."""

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


# Where a test may wait by the clock, and why. Elsewhere it waits for what it needs: an element, a reply.
_BY_THE_CLOCK = {
    "testbed/running_app.py": "asks again and again whether the app has come up",
    "tests/support/waiting.py": "asks again and again whether it has come to that",
    "tests/support/hub_server.py": "is a slow line",
    "tests/test_library.py": "asks again and again in a program of its own",
    "tests/ui/test_launching.py": "is a slow page",
    "tests/ui/test_turns.py": "is a slow answer, so that several come together",
}
_WAIT = re.compile(r"\bwait_for_timeout\(|\bsleep\(")


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


def test_tests_wait_for_what_they_need_and_not_by_the_clock() -> None:
    files = (path for folder in ("tests", "testbed") for path in (ROOT / folder).rglob("*.py"))
    waiting = {path.relative_to(ROOT).as_posix() for path in files if _WAIT.search(path.read_text())}
    assert waiting == {*_BY_THE_CLOCK}
