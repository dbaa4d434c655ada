"""A few pictures and true masks as somebody hands them over: files in two heaps, or a zip."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samhq_demo.evaluation.archives import Limits, unpack
from samhq_demo.evaluation.folders import DataSet
from samhq_demo.evaluation.layouts import find_data_set, owner_of

MOST_PICTURES = 20
MOST_BYTES = 256 * 2**20
# Each picture may have some files of masks, and a list.
_ZIP = Limits(files=10 * MOST_PICTURES, size=MOST_BYTES)
_MORE = "for more there is the command samhq-demo evaluate"


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file and what it is called by whoever sent it."""

    path: Path
    name: str


def take_pairs(pictures: Sequence[GivenFile], truths: Sequence[GivenFile], folder: Path) -> DataSet:
    """Copy pictures and true masks into an empty folder, matched by their names.

    A single picture and a single true mask are a pair whatever they are called.

    Raises:
        ValueError: their numbers differ, there are too many or too large ones, or no names match.
    """
    if not pictures or not truths:
        raise ValueError("Give pictures and their true masks, or a zip with both.")
    if len(pictures) != len(truths):
        raise ValueError(
            f"There are {len(pictures)} pictures and {len(truths)} true masks: give one true mask for each "
            "picture, of the same name."
        )
    if len(pictures) > MOST_PICTURES:
        raise ValueError(
            f"At most {MOST_PICTURES} pictures are evaluated here, not {len(pictures)}; {_MORE}."
        )
    if sum(file.path.stat().st_size for file in (*pictures, *truths)) > MOST_BYTES:
        raise ValueError(f"The files take more than {MOST_BYTES // 2**20} MB together; {_MORE}.")
    shown = _by_stem(pictures)
    stems = list(shown)
    true = {owner_of(stem, shown): file for stem, file in _by_stem(truths).items()}
    if len(stems) == 1:
        true = dict(zip(stems, true.values(), strict=True))
    if not shown.keys() & true.keys():
        raise ValueError(
            f"No picture has a true mask of its name: {pictures[0].name} would go with {stems[0]}.png."
        )
    for kind, files in (("im", shown), ("gt", true)):
        (folder / kind).mkdir(parents=True)
        for stem, file in files.items():
            shutil.copyfile(file.path, folder / kind / f"{stem}{Path(file.name).suffix.lower()}")
    return find_data_set(folder, layout="folders")


def take_zip(archive: Path, folder: Path) -> DataSet:
    """Unpack a zip into an empty folder, with limits; any layout of the command's will do.

    Raises:
        ValueError: it is no zip, passes a limit, or holds no pair.
    """
    unpack(archive, folder, limits=_ZIP)
    try:
        data = find_data_set(folder)
    except ValueError as error:  # the folder's name is ours
        raise ValueError(
            str(error).replace(str(folder), "the zip").replace(folder.name, "the zip")
        ) from error
    if len(data.items) > MOST_PICTURES:
        raise ValueError(
            f"The zip holds {len(data.items)} pairs: at most {MOST_PICTURES} are taken; {_MORE}."
        )
    return data


def _by_stem(files: Iterable[GivenFile]) -> Mapping[str, GivenFile]:
    """Raises ValueError where two have one name: which of them is meant cannot be told."""
    found: dict[str, GivenFile] = {}
    for file in files:
        stem = Path(file.name.replace("\\", "/")).stem
        if stem in found:
            raise ValueError(
                f"Two files are called {stem}: give each picture and each true mask its own name."
            )
        found[stem] = file
    return found
