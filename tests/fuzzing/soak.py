"""`make soak`: the fuzzing with FUZZ_CASES cases, and what came of it in docs/soak.txt."""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import pytest

from tests.fuzzing.cases import CASES, resident_bytes

REPORT = Path(__file__).parents[2] / "docs" / "soak.txt"


class _Outcomes:
    """Notes how each test ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.failed:
            name = report.nodeid.removeprefix("tests/fuzzing/")
            self.lines.append(f"{report.outcome:7} {report.duration:8.1f} s  {name}")


def main() -> int:
    """Run it, and write the report."""
    outcomes, began = _Outcomes(), time.time()
    code = pytest.main(["-q", "-p", "no:cacheprovider", str(Path(__file__).parent)], plugins=[outcomes])
    minutes = (time.time() - began) / 60
    lines = [
        f"{CASES:,} made-up requests and damaged pictures in {minutes:.0f} minutes",
        f"Python {platform.python_version()}, {resident_bytes() / 2**20:,.0f} MB at the end",
        "",
        *outcomes.lines,
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
