"""Why models could not be loaded, each told again until something about its files has changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FolderState = tuple[tuple[str, int, int], ...]


def folder_state(folder: Path | None) -> FolderState:
    """What tells a folder from the same one with other files: (name, bytes, time of the last change)."""
    if folder is None:
        return ()
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    except OSError:  # files go away as they are looked at
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


@dataclass(frozen=True, slots=True)
class _Failure:
    sentence: str
    state: FolderState


class LoadFailures:
    """By model name. Loading takes seconds, so what failed is not tried again for each request."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failure] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._failures

    def get(self, name: str) -> str | None:
        """Why it failed last; None where it did not."""
        found = self._failures.get(name)
        return None if found is None else found.sentence

    def lasting(self, name: str, folder: Path | None) -> str | None:
        """The same, but None also where the folder's files are others by now."""
        found = self._failures.get(name)
        return found.sentence if found is not None and found.state == folder_state(folder) else None

    def note(self, name: str, sentence: str, folder: Path | None) -> None:
        self._failures[name] = _Failure(sentence, folder_state(folder))

    def forget(self, name: str) -> None:
        self._failures.pop(name, None)
