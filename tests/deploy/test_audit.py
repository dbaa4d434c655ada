"""What `make audit` makes of how pip-audit ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.audit import audit, packages_of

# Ends as pip-audit does: a report where it could ask, 1 for a hole and for an error alike.
_TOOL = """
import sys
from pathlib import Path
code, report, said = sys.argv[1:4]
if report: Path(sys.argv[-1]).write_text(report)
sys.exit(said if said else int(code))
"""


CLEAN = {"name": "left-pad", "version": "1.0", "vulns": []}
TORN = {"name": "torn", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "torch", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("code", "packages", "said", "ends", "told"),
    [
        (0, [CLEAN, UNKNOWN], "", 0, "1 packages, 0 known holes. Not known there: torch."),
        (1, [CLEAN, TORN], "", 1, "torn 2.0: PYSEC-1, mended in 2.1"),
        (
            0,
            [UNKNOWN],
            "",
            2,
            ": none of 1 packages is known where it asked.",
        ),
        (1, None, "no route", 2, "NOT AUDITED: pip-audit could not ask for known holes: no route."),
    ],
)
def test_a_hole_is_told_from_a_question_that_could_not_be_asked(
    *, code: int, packages: Any, said: str, ends: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = "" if packages is None else json.dumps({"dependencies": packages})
    assert audit([sys.executable, "-c", _TOOL, str(code), report, said]) == ends
    assert told in capsys.readouterr().out


def test_the_packages_are_those_of_the_environment() -> None:
    assert (Path(packages_of(sys.executable)) / "gradio").is_dir()
