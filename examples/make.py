"""Make every file of this folder but this one and outlines.json: `python -m examples.make`.

Photos come from the scikit-image package as installed, scenes are drawn from a seed; nothing is
downloaded, so the same package versions give the same pictures. Photos of Debian packages are kept here as
they were made; `--packages FOLDER`, which holds those packages unpacked by name, makes them again. The true
masks of photos are filled from outlines.json, where they were drawn by hand.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import numpy as np
import skimage
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

from samhq_demo.pictures import read_mask, read_picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.catalog import FALLBACK
from training.scenes import draw_scene

FOLDER = Path(__file__).parent
SCENE_SIZE_WH = (768, 576)
# {a picture's name: the corners (x, y) of polygons, in picture pixels, that together are its object}
OUTLINES: dict[str, list[list[list[float]]]] = json.loads((FOLDER / "outlines.json").read_text())
# Outlines are filled this much larger, so that a pixel is in a mask if half of it is inside.
_FINER = 8


class PromptJson(TypedDict):
    """A prompt as the API takes it: (x, y) in picture pixels, labels 1 for object and 0 for background."""

    points: list[list[float]]
    labels: list[int]
    box: list[float] | None


class Entry(TypedDict):
    """One line of examples.json.

    Attributes:
        kind: "photo" or "drawing".
        thin: whether the object has thin parts, where SAM-HQ gains most.
        truth: the prompted object's true mask, where it is known.
        answer: what the bundled checkpoint answers, for the example that the page opens with.
    """

    file: str
    title: str
    prompt: PromptJson
    truth: str | None
    kind: str
    thin: bool
    answer: str | None
    source: str
    license: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of scikit-image, a prompt chosen by eye, and what the package says of its rights."""

    name: str
    title: str
    file: str
    prompt: PromptJson
    source: str
    license: str
    thin: bool = False

    def save(self, packages: Path | None) -> Entry:
        """Write the picture and its true mask, if that was drawn, and return its entry."""
        path = Path(skimage.__file__).parent / "data" / self.file
        with Image.open(path) as image:
            _save_jpeg(image.convert("RGB"), self.name)
        return _entry(
            self.name,
            self.title,
            self.prompt,
            kind="photo",
            thin=self.thin,
            truth=_save_outlined(self.name),
            source=f"{self.source}; `{self.file}` of scikit-image's data",
            license=self.license,
        )


@dataclass(frozen=True, slots=True)
class PackagePhoto:
    """A part of a photo of a Debian package, made smaller; `file` is its path in the package."""

    name: str
    title: str
    package: str
    version: str
    file: str
    crop_box: tuple[int, int, int, int]
    width: int
    prompt: PromptJson
    source: str
    license: str
    thin: bool = False

    def save(self, packages: Path | None) -> Entry:
        """Write the picture, where its package is at hand, and its true mask; return its entry."""
        if packages is not None:
            with Image.open(packages / self.package / self.file) as image:
                part = image.convert("RGB").crop(self.crop_box)
            size_wh = (self.width, round(self.width * part.height / part.width))
            smaller = part.resize(size_wh, Image.Resampling.LANCZOS)
            smaller.save(FOLDER / f"{self.name}.jpg", quality=88, optimize=True)
        source = (
            f"{self.source}; a part of `{Path(self.file).name}`, made smaller, "
            f"of Debian's {self.package} {self.version}"
        )
        return _entry(
            self.name,
            self.title,
            self.prompt,
            kind="photo",
            thin=self.thin,
            truth=_save_outlined(self.name),
            source=source,
            license=self.license,
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """A held-out scene, and which of its objects (from back to front) is prompted."""

    name: str
    title: str
    seed: int
    thin_share: float
    index: int
    click: bool

    def save(self, packages: Path | None) -> Entry:
        """Write the picture and the true mask, and return the entry."""
        scene = draw_scene(self.seed, size_wh=SCENE_SIZE_WH, split="held_out", thin_share=self.thin_share)
        target = scene.objects[self.index]
        _save_jpeg(Image.fromarray(scene.image), self.name)
        return _entry(
            self.name,
            self.title,
            _click(_deepest(target.mask)) if self.click else _box(target.box_xyxy),
            kind="drawing",
            thin=self.thin_share > 0,
            truth=_save_mask(target.mask, self.name),
            source=f"drawn by this project, `training/scenes.py`, held-out seed {self.seed}",
            license="Apache-2.0",
        )


def _save_mask(mask: np.ndarray, name: str) -> str:
    """Write a bool mask (H, W) beside the picture `name`, and return the file's name."""
    file = f"{name}.mask.png"
    Image.fromarray(mask.astype(np.uint8) * 255).save(FOLDER / file, optimize=True)
    return file


def _save_outlined(name: str) -> str | None:
    """Write the true mask that was drawn for a photo; None where none was."""
    if name not in OUTLINES:
        return None
    with Image.open(FOLDER / f"{name}.jpg") as image:
        width, height = image.size
    large = Image.new("L", (width * _FINER, height * _FINER))
    for corners in OUTLINES[name]:
        ImageDraw.Draw(large).polygon([(x * _FINER, y * _FINER) for x, y in corners], fill=255)
    covered = np.asarray(large.resize((width, height), Image.Resampling.BOX))
    return _save_mask(covered >= 128, name)


def _save_jpeg(image: Image.Image, name: str) -> None:
    # At full chroma resolution, or thin colored strokes would bleed.
    image.save(FOLDER / f"{name}.jpg", quality=92, subsampling=0, optimize=True)


def _entry(
    name: str,
    title: str,
    prompt: PromptJson,
    *,
    kind: str,
    thin: bool,
    truth: str | None,
    source: str,
    license: str,
) -> Entry:
    return {
        "file": f"{name}.jpg",
        "title": title,
        "prompt": prompt,
        "truth": truth,
        "kind": kind,
        "thin": thin,
        "answer": None,
        "source": source,
        "license": license,
    }


def _click(*points_xy: tuple[float, float], background: tuple[tuple[float, float], ...] = ()) -> PromptJson:
    return {
        "points": [list(p) for p in (*points_xy, *background)],
        "labels": [1] * len(points_xy) + [0] * len(background),
        "box": None,
    }


def _box(
    box_xyxy: tuple[float, float, float, float],
    *points_xy: tuple[float, float],
    background: tuple[tuple[float, float], ...] = (),
) -> PromptJson:
    return {**_click(*points_xy, background=background), "box": list(box_xyxy)}


def _deepest(mask: np.ndarray) -> tuple[int, int]:
    """The pixel (x, y) of a bool mask (H, W) that is farthest from everything else."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(x), int(y)


# In the order in which the bundled checkpoint is at its best: the page opens with the first.
EXAMPLES: tuple[Photo | PackagePhoto | Drawing, ...] = (
    Drawing("bicycle", "Bicycle: a box", 1054, 0.7, 1, click=False),
    Photo(
        "coffee",
        "Cup: a box and two clicks",
        "coffee.png",
        _box((76, 17, 480, 391), (300, 60), (160, 300)),
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "CC0",
    ),
    PackagePhoto(
        "bird",
        "Wooden bird: a box",
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "usr/share/backgrounds/free_by_Peter_Nerlich.jpg",
        (384, 864, 2432, 2048),
        900,
        _box((146, 175, 652, 432)),
        "Peter Nerlich",
        "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)",
        thin=True,
    ),
    Drawing("house", "House: one click", 73, 0.0, 0, click=True),
    Photo(
        "cat",
        "Cat: a box, clicks on and off it",
        "chelsea.png",
        _box((0, 0, 380, 290), (90, 190), (230, 100), background=((430, 220),)),
        "Stefan van der Walt",
        "CC0",
    ),
    Photo(
        "camera", "Tripod: a box", "camera.png", _box((229, 216, 407, 512)), "Lav Varshney", "CC0", thin=True
    ),
    Drawing("snowflake", "Snowflake: a box", 1067, 0.7, 0, click=False),
    PackagePhoto(
        "dandelion",
        "Dandelion: a box",
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "usr/share/backgrounds/seeding_by_Clements_Engelhardt.jpg",
        (0, 0, 3600, 2988),
        900,
        _box((174, 54, 604, 747)),
        "Clemens Engelhardt",
        "CC0",
        thin=True,
    ),
    Drawing("hearts", "Hearts: one click", 78, 0.0, 0, click=True),
    Photo(
        "astronaut",
        "Astronaut's head: one click",
        "astronaut.png",
        _click((200, 130)),
        "NASA, https://flic.kr/p/r9qvLn",
        "public domain, no known copyright restrictions",
    ),
    PackagePhoto(
        "fig",
        "Fig: one click",
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "usr/share/backgrounds/Picture_0B_by_freespace.jpg",
        (0, 0, 2572, 1740),
        900,
        _click((543, 350)),
        'Trevor "Freespace"',
        "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)",
    ),
    Photo(
        "rocket",
        "Rocket: a box and two clicks",
        "rocket.jpg",
        _box((305, 125, 345, 372), (322, 160), (322, 320)),
        "SpaceX, https://www.flickr.com/photos/spacexphotos/16511594820",
        "public domain",
        thin=True,
    ),
    Drawing("ladder", "Ladder: a box", 1068, 0.7, 0, click=False),
)


def _save_answer(entry: Entry) -> str:
    """Write what the bundled checkpoint answers to an example, and return the file's name."""
    service = build_service(Settings(model=FALLBACK, device="cpu", dtype="float32"))
    picture = read_picture(FOLDER / entry["file"])
    truth = read_mask(FOLDER / entry["truth"], size_wh=picture.size_wh) if entry["truth"] else None
    request = Request((Prompt.from_json(dict(entry["prompt"])),), ground_truth=truth)
    answer = service.compare(picture, request)
    file = f"{Path(entry['file']).stem}.answer.json"
    (FOLDER / file).write_text(f"{json.dumps(answer.to_json()['objects'][0])}\n", encoding="utf-8")
    return file


README = """# Examples

Pictures with a prompt each, listed in `examples.json` for the page and the tests, in the order in which the
bundled checkpoint is at its best; where `base` or a larger model answers, the page puts photos first, and of
them those with thin parts. Where the true mask of the prompted object is known, it lies beside the picture.

All of this folder but `outlines.json` is made by `python -m examples.make`. The true masks of photos are
filled from the outlines in that file, which this project drew by hand, license Apache-2.0. The licenses of
scikit-image's photos are those that scikit-image {version} states where it loads them
(`skimage/data/_fetchers.py`); they are saved again as JPEG and otherwise unchanged. The licenses of photos of
Debian packages are those of the package's `copyright` file.

`*.answer.json` holds what the bundled checkpoint answers to the first example, so that the page can open with
it before any model is loaded. It has to be made anew for a new checkpoint; a test says so.

| picture | true mask | source | license |
| --- | --- | --- | --- |
"""


def _row(entry: Entry) -> str:
    truth = f"`{entry['truth']}`" if entry["truth"] else "unknown"
    return f"| `{entry['file']}` | {truth} | {entry['source']} | {entry['license']} |\n"


def main() -> None:
    """Write all pictures, masks, examples.json and README.md."""
    parser = argparse.ArgumentParser(description="Make the files of examples/.")
    parser.add_argument(
        "--packages", type=Path, help="a folder of unpacked Debian packages, to make their photos again"
    )
    packages = parser.parse_args().packages
    entries = [example.save(packages) for example in EXAMPLES]
    for old in FOLDER.glob("*.answer.json"):
        old.unlink()
    entries[0]["answer"] = _save_answer(entries[0])
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    (FOLDER / "examples.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    readme = README.format(version=version("scikit-image")) + "".join(_row(entry) for entry in entries)
    (FOLDER / "README.md").write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
