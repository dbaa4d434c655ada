"""Fetch the training pictures once and pack them small: `python -m training.pack --to runs/pictures.zip`.

The file travels: with it, training needs no registry. It holds photos of at most 448 pixels with their
segment trees, and objects of at most 192 pixels with their alpha channel.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.segments import SegmentTree, segment_tree
from training.sources import SOURCES, fetch, pictures

PHOTO_SIDE, TREE_SIDE, SPRITE_SIDE = 448, 320, 192
_LEAST_SIDE = 200  # of a photo: smaller ones are icons
_TONES = 3  # as many different colors as a photo has at least, in 5-bit tones, per thousand pixels


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What training draws from.

    Attributes:
        photos: uint8 (H, W, 3) each, with their trees (whose labels may be smaller).
        sprites: uint8 (h, w, 4) each, cut to what is not transparent.
    """

    photos: tuple[tuple[np.ndarray, SegmentTree], ...]
    sprites: tuple[np.ndarray, ...]


def sprite_of(image: Image.Image) -> Image.Image | None:
    """An object cut to its alpha channel and made small; None where it is faint or a full rectangle."""
    if image.mode not in ("RGBA", "LA", "PA", "P"):
        return None
    image.thumbnail((4 * SPRITE_SIDE, 4 * SPRITE_SIDE), reducing_gap=2)
    cut = image.convert("RGBA")
    box = cut.getchannel("A").point(lambda a: 255 if a > 127 else 0).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 16:
        return None
    cut = cut.crop(box)
    cut.thumbnail((SPRITE_SIDE, SPRITE_SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
    share = np.mean(np.asarray(cut.getchannel("A")) > 127)
    return cut if 0.04 < share < 0.97 else None


def photo_of(image: Image.Image) -> Image.Image | None:
    """A photo made small; None for icons, drawings of few colors and pictures with transparency."""
    if min(image.size) < _LEAST_SIDE or "A" in image.getbands() or image.mode == "P":
        return None
    image.draft("RGB", (2 * PHOTO_SIDE, 2 * PHOTO_SIDE))
    photo = image.convert("RGB")
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
    tones = len(np.unique((np.asarray(photo) >> 3).reshape(-1, 3), axis=0))
    return photo if tones > _TONES * photo.width * photo.height / 1000 else None


def pack(downloads: Path, target: Path) -> None:
    """Fetch every source into `downloads` and write the packed file."""
    downloads = downloads.resolve()  # its clients run in folders of their own
    downloads.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as packed:  # JPEG and WebP do not get smaller
        for source in SOURCES:
            taken = 0
            for name, image in pictures(source, fetch(source, downloads)):
                small = photo_of(image) if source.kind == "photos" else sprite_of(image)
                if small is None:
                    continue
                stem = f"{source.kind}/{Path(name).with_suffix('').as_posix().replace('/', '_')}"
                packed.writestr(*_coded(stem, small))
                if source.kind == "photos":
                    packed.writestr(f"{stem}.npz", _tree_bytes(small))
                taken += 1
            print(f"{source.package}: {taken} {source.kind}", flush=True)
    partial.replace(target)


def _coded(stem: str, image: Image.Image) -> tuple[str, bytes]:
    out = io.BytesIO()
    if image.mode == "RGB":
        image.save(out, "JPEG", quality=90)
        return f"{stem}.jpg", out.getvalue()
    image.save(out, "WEBP", quality=85, method=4)
    return f"{stem}.webp", out.getvalue()


def _tree_bytes(photo: Image.Image) -> bytes:
    small = photo.copy()
    small.thumbnail((TREE_SIDE, TREE_SIDE), Image.Resampling.LANCZOS)
    tree = segment_tree(np.asarray(small))
    out = io.BytesIO()
    np.savez_compressed(out, labels=tree.labels, merges=tree.merges, heights=tree.heights)
    return out.getvalue()


def read_pack(path: Path) -> Pictures:
    """Everything a packed file holds, in memory: some 250 MB."""
    photos, sprites = [], []
    with zipfile.ZipFile(path) as packed:
        for name in _in_order(packed):
            image = Image.open(io.BytesIO(packed.read(name)))
            if name.endswith(".jpg"):
                with np.load(io.BytesIO(packed.read(f"{name[:-4]}.npz"))) as saved:
                    tree = SegmentTree(saved["labels"], saved["merges"], saved["heights"])
                photos.append((np.asarray(image), tree))
            else:
                sprites.append(np.asarray(image.convert("RGBA")))
    return Pictures(tuple(photos), tuple(sprites))


def _in_order(packed: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in sorted(packed.namelist()) if not name.endswith(".npz"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=Path("runs/pictures.zip"))
    parser.add_argument("--downloads", type=Path, default=Path("runs/downloads"))
    given = parser.parse_args()
    if given.to.exists():
        return
    pack(given.downloads, given.to)
    print(f"{given.to}: {given.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
