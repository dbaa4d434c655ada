"""A zip of pictures and true masks, unpacked with limits."""

from __future__ import annotations

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from samhq_demo.evaluation.folders import inside

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold: so many files, so many bytes when unpacked."""

    files: int = 100_000
    size: int = 64 * 2**30


def unpack(archive: Path, folder: Path, *, limits: Limits | None = None) -> None:
    """Unpack a zip into an empty folder.

    Nothing an archive says of itself is relied on: the bytes are counted while they are written, and names
    that would lead out of the folder are refused before anything is.

    Raises:
        ValueError: it is no zip or a damaged one, has a password, or passes a limit; one sentence.
    """
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check(entries, limits)
            left = limits.size
            for entry in entries:
                left -= _write(opened, entry, inside(folder, entry.filename), left, limits)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise ValueError(
            f"The file {archive.name} is no zip archive that can be unpacked: {error}."
        ) from error


def _check(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.files:
        raise ValueError(f"The zip holds {len(entries):,} files: at most {limits.files:,} are taken.")
    if sum(entry.file_size for entry in entries) > limits.size:
        raise _too_large(limits)
    for entry in entries:
        inside(Path(), entry.filename)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"The zip's entry {entry.filename[:80]!r} is a link: only files are unpacked.")
        if entry.flag_bits & 1:
            raise ValueError("The zip has a password: give one without.")


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int, limits: Limits) -> int:
    """Write one entry and say how many bytes it took."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(entry) as source, path.open("wb") as target:
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > left:
                raise _too_large(limits)
            target.write(piece)
    return written


def _too_large(limits: Limits) -> ValueError:
    return ValueError(f"The zip unpacks to more than {limits.size / 2**20:,.0f} MB, which is the limit.")
