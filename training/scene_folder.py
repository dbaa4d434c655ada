"""Held-out scenes as a folder to evaluate: `python -m training.scene_folder FOLDER --scenes 50`.

The scenes and objects of `training.evaluate`: plain/ and thin/, each with im/ and gt/, where gt/ has a map of
labels for each picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.evaluate import held_out


def write_scenes(folder: Path, *, scenes: int) -> None:
    """Write `scenes` pictures of each sort that have an object of that sort."""
    for kind in ("plain", "thin"):
        for number, scene in enumerate(held_out(scenes, thin=kind == "thin")):
            labels = np.zeros(scene.image.shape[:2], np.uint8)
            for value, item in enumerate((one for one in scene.objects if one.kind == kind), start=1):
                labels[item.mask] = value
            if not labels.any():
                continue
            for name, pixels in (("im", scene.image), ("gt", labels)):
                path = folder / kind / name / f"{number:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--scenes", type=int, default=50, help="of each sort")
    given = parser.parse_args(arguments)
    write_scenes(given.folder, scenes=given.scenes)


if __name__ == "__main__":
    main()
