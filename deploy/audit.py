"""Known holes in the installed packages, as pip-audit finds them: `python -m deploy.audit PIP_AUDIT PYTHON`.

Ends with 0 where there are none, with 1 where there are some, and with 2 where nobody could be asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SITE_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"


def packages_of(python: str) -> str:
    """The folder where an environment's packages are."""
    done = subprocess.run([python, "-c", _SITE_PACKAGES], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def audit(command: Sequence[str]) -> int:
    """Run pip-audit, and tell a hole from a question that could not be asked."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [*command, "--format", "json", "--output", str(report)],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        found = json.loads(report.read_text(encoding="utf-8"))["dependencies"] if report.is_file() else []
    asked = [package for package in found if "skip_reason" not in package]
    # Where nothing answers, pip-audit ends with 1 as after a hole, or with 0 and all packages left out.
    if not asked:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
        why = f"none of {len(found)} packages is known where it asked" if found else last
        print(f"NOT AUDITED: pip-audit could not ask for known holes: {why}.")
        return 2
    holes = [(package, hole) for package in asked for hole in package["vulns"]]
    for package, hole in holes:
        mended = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    left_out = sorted(package["name"] for package in found if "skip_reason" in package)
    print(
        f"{len(asked)} packages, {len(holes)} known holes. Not known there: {', '.join(left_out) or 'none'}."
    )
    return int(bool(holes))


if __name__ == "__main__":
    tool, python = sys.argv[1:]
    sys.exit(audit([tool, "--progress-spinner", "off", "--path", packages_of(python)]))
