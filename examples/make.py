"""Make every file of this folder but this one: `python -m examples.make`.

Photos come from the scikit-image package as installed, scenes are drawn from a seed; nothing is
downloaded and nothing is edited by hand, so the same package versions give the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import numpy as np
import skimage
from PIL import Image
from scipy.ndimage import distance_transform_edt

from training.scenes import draw_scene

FOLDER = Path(__file__).parent
SCENE_SIZE_WH = (768, 576)


class PromptJson(TypedDict):
    """A prompt as the API takes it: (x, y) in picture pixels, labels 1 for object and 0 for background."""

    points: list[list[float]]
    labels: list[int]
    box: list[float] | None


class Entry(TypedDict):
    """One line of examples.json. `truth` is the prompted object's true mask, where it is known."""

    file: str
    title: str
    prompt: PromptJson
    truth: str | None
    source: str
    licence: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of scikit-image, a prompt chosen by eye, and what the package says of its rights."""

    name: str
    title: str
    file: str
    prompt: PromptJson
    source: str
    licence: str

    def save(self) -> Entry:
        """Write the picture and return its entry."""
        path = Path(skimage.__file__).parent / "data" / self.file
        with Image.open(path) as image:
            _save_jpeg(image.convert("RGB"), self.name)
        source = f"{self.source}; `{self.file}` of scikit-image's data"
        return _entry(self.name, self.title, self.prompt, truth=None, source=source, licence=self.licence)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A held-out scene, and which of its objects (from back to front) is prompted."""

    name: str
    title: str
    seed: int
    thin_share: float
    index: int
    click: bool

    def save(self) -> Entry:
        """Write the picture and the true mask, and return the entry."""
        scene = draw_scene(self.seed, size_wh=SCENE_SIZE_WH, split="held_out", thin_share=self.thin_share)
        target = scene.objects[self.index]
        truth = f"{self.name}.mask.png"
        _save_jpeg(Image.fromarray(scene.image), self.name)
        Image.fromarray(target.mask.astype(np.uint8) * 255).save(FOLDER / truth, optimize=True)
        prompt = _click(_deepest(target.mask)) if self.click else _box(target.box_xyxy)
        source = f"drawn by this project, `training/scenes.py`, held-out seed {self.seed}"
        return _entry(self.name, self.title, prompt, truth=truth, source=source, licence="Apache-2.0")


def _save_jpeg(image: Image.Image, name: str) -> None:
    # At full chroma resolution, or thin coloured strokes would bleed.
    image.save(FOLDER / f"{name}.jpg", quality=92, subsampling=0, optimize=True)


def _entry(
    name: str, title: str, prompt: PromptJson, *, truth: str | None, source: str, licence: str
) -> Entry:
    return {
        "file": f"{name}.jpg",
        "title": title,
        "prompt": prompt,
        "truth": truth,
        "source": source,
        "licence": licence,
    }


def _click(*points_xy: tuple[float, float], background: tuple[tuple[float, float], ...] = ()) -> PromptJson:
    return {
        "points": [list(p) for p in (*points_xy, *background)],
        "labels": [1] * len(points_xy) + [0] * len(background),
        "box": None,
    }


def _box(box_xyxy: tuple[float, float, float, float], *points_xy: tuple[float, float]) -> PromptJson:
    return {**_click(*points_xy), "box": list(box_xyxy)}


def _deepest(mask: np.ndarray) -> tuple[int, int]:
    """The pixel (x, y) of a bool mask (H, W) that is farthest from everything else."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(x), int(y)


EXAMPLES: tuple[Photo | Drawing, ...] = (
    Drawing("house", "House: one click", 73, 0.0, 0, click=True),
    Drawing("hearts", "Hearts: one click", 78, 0.0, 0, click=True),
    Drawing("bicycle", "Bicycle: a box", 1054, 0.7, 1, click=False),
    Drawing("snowflake", "Snowflake: a box", 1067, 0.7, 0, click=False),
    Drawing("ladder", "Ladder: a box", 1068, 0.7, 0, click=False),
    Photo(
        "coffee",
        "Spoon: a box",
        "coffee.png",
        _box((320, 64, 427, 330)),
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "CC0",
    ),
    Photo("camera", "Tripod: a box", "camera.png", _box((228, 200, 408, 512)), "Lav Varshney", "CC0"),
    Photo(
        "cat",
        "Cat: clicks on it and one beside it",
        "chelsea.png",
        _click((230, 50), (90, 190), background=((430, 220),)),
        "Stefan van der Walt",
        "CC0",
    ),
    Photo(
        "rocket",
        "Rocket: one click",
        "rocket.jpg",
        _click((322, 250)),
        "SpaceX, https://www.flickr.com/photos/spacexphotos/16511594820",
        "public domain",
    ),
    Photo(
        "astronaut",
        "Astronaut: a box and a click",
        "astronaut.png",
        _box((22, 14, 366, 512), (100, 320)),
        "NASA, https://flic.kr/p/r9qvLn",
        "public domain, no known copyright restrictions",
    ),
)

README = """# Examples

Pictures with a prompt each, listed in `examples.json` for the page and the tests. Where the true mask of the
prompted object is known, it lies beside the picture. All of this folder is made by `python -m examples.make`;
the licences of the photos are those that scikit-image {version} states where it loads them
(`skimage/data/_fetchers.py`). The photos are saved again as JPEG and otherwise unchanged.

| picture | true mask | source | licence |
| --- | --- | --- | --- |
"""


def _row(entry: Entry) -> str:
    truth = f"`{entry['truth']}`" if entry["truth"] else "unknown"
    return f"| `{entry['file']}` | {truth} | {entry['source']} | {entry['licence']} |\n"


def main() -> None:
    """Write all pictures, masks, examples.json and README.md."""
    entries = [example.save() for example in EXAMPLES]
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    (FOLDER / "examples.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    readme = README.format(version=version("scikit-image")) + "".join(_row(entry) for entry in entries)
    (FOLDER / "README.md").write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
