"""Score a checkpoint on held-out scenes: `python -m training.evaluate`.

Seeds and shapes that training never saw, drawn at full picture size and asked through the same
service as the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import Picture
from samhq_demo.prompts import PointLabel, Prompt
from samhq_demo.results.comparison import ObjectComparison
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings

from .export import TINY
from .scenes import Scene, SceneObject, draw_scene

SIZES = ((768, 576), (576, 768), (640, 640), (1024, 512))


@dataclass(frozen=True, slots=True)
class Score:
    """Means over objects: IoU and boundary IoU of both models with the truth."""

    asked: str
    objects: int
    sam_iou: float
    sam_hq_iou: float
    sam_boundary: float
    sam_hq_boundary: float

    def __str__(self) -> str:
        return (
            f"| {self.asked} | {self.objects} | {self.sam_iou:.3f} | {self.sam_hq_iou:.3f} "
            f"| {self.sam_boundary:.3f} | {self.sam_hq_boundary:.3f} |"
        )


def deepest_point(mask: np.ndarray) -> tuple[float, float]:
    """The (x, y) of an object pixel that is farthest from the object's edge."""
    inside = np.pad(mask, 1)
    last = inside
    while inside.any():
        last = inside
        inside = (
            inside[1:-1, 1:-1] & inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
        )
        inside = np.pad(inside, 1)
    ys, xs = np.nonzero(last[1:-1, 1:-1])
    middle = len(xs) // 2
    return float(xs[middle]), float(ys[middle])


def click_inside(item: SceneObject) -> Prompt:
    return Prompt(points=(deepest_point(item.mask),), labels=(PointLabel.OBJECT,))


def box_around(item: SceneObject) -> Prompt:
    return Prompt(box_xyxy=tuple(float(v) for v in item.box_xyxy))


def held_out(count: int, *, thin: bool) -> Iterator[Scene]:
    """Scenes of one sort; plain ones without crowding, as a person would draw the line around them."""
    for number in range(count):
        yield draw_scene(
            10_000 + number + (500_000 if thin else 0),
            size_wh=SIZES[number % len(SIZES)],
            thin_share=0.9 if thin else 0.0,
            split="held_out",
            crowded_share=0.0,
        )


def evaluate(service: CompareService, *, scenes: int) -> list[Score]:
    """The held-out table."""
    found: dict[str, list[ObjectComparison]] = {}
    for thin in (False, True):
        for scene in held_out(scenes, thin=thin):
            picture = Picture.from_pixels(scene.image)
            for item in scene.objects:
                if item.kind != ("thin" if thin else "plain"):
                    continue
                asks = (
                    {"box": box_around(item)}
                    if thin
                    else {"click": click_inside(item), "box": box_around(item)}
                )
                for how, prompt in asks.items():
                    answer = service.compare(picture, [prompt], ground_truth=Runs.from_mask(item.mask))
                    found.setdefault(f"{item.kind}, {how}", []).append(answer.objects[0])
    return [_mean(asked, answers) for asked, answers in found.items()]


def _mean(asked: str, answers: list[ObjectComparison]) -> Score:
    columns = [
        (a.sam.true_iou, a.sam_hq.true_iou, a.sam.true_boundary_iou, a.sam_hq.true_boundary_iou)
        for a in answers
    ]
    means = np.array(columns, float).mean(0)
    return Score(asked, len(answers), *(float(v) for v in means))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, default=TINY)
    parser.add_argument("--scenes", type=int, default=100, help="of each sort")
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    model = "tiny" if given.checkpoint == TINY else str(given.checkpoint)
    service = build_service(Settings(model=model, device="cpu", dtype=given.dtype))
    print("| objects, prompt | number | SAM IoU | SAM-HQ IoU | SAM boundary IoU | SAM-HQ boundary IoU |")
    print("| --- | --- | --- | --- | --- | --- |")
    for score in evaluate(service, scenes=given.scenes):
        print(score)


if __name__ == "__main__":
    main()
