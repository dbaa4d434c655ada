"""How good a checkpoint is on photos, as its training measured it: a small file beside the weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PhotoScores:
    """Mean IoU of SAM's masks with those that people drew, on photos that no training saw.

    Attributes:
        click_iou: after one click, of the candidate with the highest predicted IoU.
        click_best_of_three_iou: after one click, of the best of the three candidates.
        box_iou: with a box around the object.
        photos: how many photos that is of.
    """

    click_iou: float
    click_best_of_three_iou: float
    box_iou: float
    photos: int

    @classmethod
    def from_file(cls, path: Path) -> PhotoScores | None:
        """Read what training wrote; None where there is no such file.

        Raises:
            ValueError: a figure is missing, or is none.
        """
        if not path.is_file():
            return None
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                click_iou=float(read["photos_click_iou"]),
                click_best_of_three_iou=float(read["photos_click_best_of_three_iou"]),
                box_iou=float(read["photos_box_iou"]),
                photos=int(read["photos"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no record of scores on photos: {error!r}.") from error

    def write(self, path: Path) -> None:
        """Write what `from_file` reads, with three decimals."""
        record = {
            "photos": self.photos,
            "photos_click_iou": round(self.click_iou, 3),
            "photos_click_best_of_three_iou": round(self.click_best_of_three_iou, 3),
            "photos_box_iou": round(self.box_iou, 3),
        }
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
