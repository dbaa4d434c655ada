"""What a Space has on its disk from the start: the repositories that its README's front matter preloads."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import metadata_load

# Beside the package, as a Space has it; an installed package has none.
README = Path(__file__).parents[2] / "README.md"


def preloaded_repos(readme: Path = README) -> frozenset[str]:
    """Repo ids under `preload_from_hub`, each line a repo id, perhaps with its files and a commit."""
    return frozenset(words[0] for words in _preloaded(readme))


def preloaded_pins(readme: Path = README) -> tuple[str, ...]:
    """Those of them with a commit, as in SAMHQ_REVISIONS."""
    return tuple(f"{words[0]}@{words[2]}" for words in _preloaded(readme) if len(words) == 3)


def _preloaded(readme: Path) -> list[list[str]]:
    """The words of each line."""
    if not readme.is_file():
        return []
    lines = (metadata_load(readme) or {}).get("preload_from_hub") or ()
    return [str(line).split() for line in lines if str(line).strip()]
