"""What a Space has on its disk from the start: the repositories that its README's front matter preloads."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import metadata_load

# Beside the package, as a Space has it; an installed package has none.
README = Path(__file__).parents[2] / "README.md"


def preloaded_repos(readme: Path = README) -> frozenset[str]:
    """Repo ids under `preload_from_hub`, each of whose lines is a repo id and perhaps its files."""
    if not readme.is_file():
        return frozenset()
    lines = (metadata_load(readme) or {}).get("preload_from_hub") or ()
    return frozenset(str(line).split()[0] for line in lines if str(line).strip())
