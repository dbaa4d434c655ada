"""A set of pictures with true masks as values, and the files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samhq_demo.evaluation.truths import Truths

_PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".ppm"}
)


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a set.

    Attributes:
        name: what it is known by, its path in the set.
        group: the part of the set that it belongs to; empty where there is but one.
        truths: where its objects come from.
    """

    name: str
    group: str
    picture: Path
    truths: Truths


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one file, in a sentence."""

    name: str
    sentence: str

    @property
    def text(self) -> str:
        return f"{self.name}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class DataSet:
    """The pictures of a folder that have true masks, and what could not be matched."""

    layout: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()


def files_below(folder: Path, *, deep: bool = True) -> Iterator[Path]:
    """The files of a folder and of those in it, by name; without hidden ones."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir():
            if deep:
                yield from files_below(path)
        else:
            yield path


def pictures_below(folder: Path, *, deep: bool = True) -> Iterator[Path]:
    """Those of the files that are pictures by their suffix."""
    return (path for path in files_below(folder, deep=deep) if path.suffix.lower() in _PICTURE_SUFFIXES)


def inside(folder: Path, name: str) -> Path:
    """The file of this name in a folder, whatever the name comes from.

    Raises:
        ValueError: the name leads out of the folder.
    """
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise ValueError(f"The path {name[:80]!r} leaves the folder: only files in it are read.")
    return folder.joinpath(*parts)
