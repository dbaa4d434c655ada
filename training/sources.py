"""Where the training pictures come from: free packages of Debian and npm, fetched by their own clients.

Each source says what is taken from it and under which license it stands; `training/README.md` has the
same as a table. Nothing of it becomes part of the project: it is fetched, packed small and learnt from.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

Kind = Literal["photos", "sprites"]


@dataclass(frozen=True, slots=True)
class Source:
    """One package and what is taken from it.

    Attributes:
        registry: "debian" or "npm".
        package: its name there.
        kind: whole photos, or objects with an alpha channel.
        patterns: which files, relative to the unpacked package; `*.rcc` are Qt's resource files, in
            which pictures stand as they are.
        license: as the package states it.
        without: a regular expression of file names that are left out (paintings, logos, patterns).
    """

    registry: Literal["debian", "npm"]
    package: str
    kind: Kind
    patterns: tuple[str, ...]
    license: str
    without: str = r"$^"


_RCC = "usr/share/gcompris-qt/rcc"
SOURCES = (
    Source(
        "debian",
        "gcompris-qt-data",
        "photos",
        tuple(
            f"{_RCC}/{name}.rcc"
            for name in (
                "categorization", "erase", "explore_farm_animals", "explore_monuments",
                "explore_world_animals", "explore_world_music", "leftright", "photo_hunter",
            )
        ),
        "CC-BY-SA-2.0 to 4.0, CC-BY, CC0, public domain, GPL-3+ (picture by picture)",
    ),
    Source("debian", "mate-backgrounds", "photos", ("usr/share/backgrounds/mate/nature/*.jpg",), "GPL-2+"),
    Source(
        "debian",
        "lomiri-wallpapers-16.04",
        "photos",
        ("usr/share/backgrounds/*.jpg",),
        "CC-BY-SA-4.0, CC-BY-4.0",
        without="analogpattern|free_by|Picture_0B|seeding_by",  # the last three are examples on the page
    ),
    Source(
        "debian",
        "lomiri-wallpapers-20.04",
        "photos",
        ("usr/share/backgrounds/Kleiber*.jpg",),
        "CC-BY-SA-4.0",
    ),
    Source(
        "debian",
        "plasma-workspace-wallpapers",
        "photos",
        tuple(
            f"usr/share/wallpapers/{name}/contents/images/2560x1600.jpg"
            for name in (
                "BytheWater", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Gray", "Kite",
                "OneStandsOut", "Path", "summer_1am",
            )
        ),
        "GPL-2+",
    ),
    Source(
        "debian",
        "tuxpaint-data",
        "photos",
        ("usr/share/tuxpaint/templates/*.jp*g",),
        "GPL-2+",
    ),
    Source("debian", "palapeli-data", "photos", ("usr/share/palapeli/collection/*.jpg",), "GPL-2+"),
    Source(
        "debian",
        "tuxpaint-stamps-default",
        "sprites",
        tuple(
            f"usr/share/tuxpaint/stamps/{folder}/**/*.png"
            for folder in (
                "animals", "clothes", "food", "hobbies", "household", "medical", "military", "people",
                "plants", "seasonal", "space", "sports", "town", "vehicles",
            )
        ),
        "GPL-2",
    ),
    Source(
        "npm",
        "@lobehub/fluent-emoji-3d",
        "sprites",
        ("package/assets/*.webp",),
        "MIT",
        without="1f3f[b-f]",  # the same emoji in other skin tones
    ),
)  # fmt: skip


def fetch(source: Source, folder: Path) -> Path:
    """The unpacked package, fetched if it is not in `folder` yet.

    Raises:
        RuntimeError: the registry's client is not here or could not get the package.
    """
    name = source.package.replace("/", "-").strip("@")
    unpacked = folder / name
    if unpacked.exists():
        return unpacked
    archives = folder / f"{name}.archive"
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir(parents=True)
    partial = folder / f"{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    if source.registry == "debian":
        _run(["apt-get", "download", source.package], archives, hint="apt-get update")
        _run(["dpkg-deb", "-x", str(next(archives.glob("*.deb"))), str(partial)], folder, hint="dpkg")
    else:
        _run(["npm", "pack", source.package, "--silent"], archives, hint="npm of Node.js 18 or later")
        with tarfile.open(next(archives.glob("*.tgz"))) as packed:
            packed.extractall(partial, filter="data")
    shutil.rmtree(archives)
    partial.replace(unpacked)
    return unpacked


def _run(command: list[str], folder: Path, *, hint: str) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise RuntimeError(f"{command[0]} is not on this machine; `make train` needs {hint}.") from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"`{' '.join(command)}` failed ({hint}?): {error.stderr.strip()}") from None


def pictures(source: Source, unpacked: Path) -> Iterator[tuple[str, Image.Image]]:
    """Every picture that is taken from an unpacked source, with a name that stays the same."""
    for pattern in source.patterns:
        for path in sorted(unpacked.glob(pattern)):
            if re.search(source.without, path.name):
                continue
            if path.suffix == ".rcc":
                yield from _embedded(path)
            else:
                yield (
                    f"{source.package.split('/')[-1]}/{path.relative_to(unpacked).as_posix()}",
                    Image.open(path),
                )


def _embedded(path: Path) -> Iterator[tuple[str, Image.Image]]:
    """The JPEG and WebP pictures inside a resource file, found by how they begin."""
    data = path.read_bytes()
    for start in re.finditer(rb"RIFF....WEBPVP|\xff\xd8\xff[\xdb\xe0\xe1]", data, re.DOTALL):
        try:
            image = Image.open(io.BytesIO(data[start.start() :]))
            image.load()
        except OSError:  # the same bytes by chance, or a thumbnail inside another picture's header
            continue
        yield f"gcompris/{path.stem}-{start.start()}", image
