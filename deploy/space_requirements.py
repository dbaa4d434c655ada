"""A Space's requirements.txt: `python -m deploy.space_requirements TORCH`, with the standard library alone.

Every version is pinned, as any of them can change masks: transformers builds the models, Pillow resizes
pictures, and a Space that is built anew months later should answer as it did.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pinned(requirements: str, constraints: str, *, torch: str) -> str:
    """The requirements with the versions that were tested together, but for torch's.

    Raises:
        ValueError: one of them was not tested in any version.
    """
    versions = {_key(name): version for name, version in _tested(constraints)} | {"torch": torch}
    lines = []
    for line in requirements.splitlines():
        found = re.match(r"([\w.-]+)(\[[\w,]+\])?[^#]*(#.*)?$", line)
        if found is None:
            lines.append(line)
            continue
        name, extras, comment = found[1], found[2] or "", found[3] or ""
        if _key(name) not in versions:
            raise ValueError(f"constraints.txt has no version of {name}.")
        lines.append(f"{name}{extras}=={versions[_key(name)]}  {comment}".rstrip())
    return "\n".join(lines) + "\n"


def _tested(constraints: str) -> list[tuple[str, str]]:
    """(name, version), without those for Pythons that a Space does not have."""
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)[ ]*(?:;(.*))?$", constraints, flags=re.MULTILINE)
    return [(name, version) for name, version, marker in lines if "<" not in marker]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "constraints.txt")]
    print(pinned(*texts, torch=sys.argv[1]), end="")
