"""Score a checkpoint on held-out scenes: `python -m training.evaluate`.

Seeds and shapes that training never saw, drawn at full picture size and asked through the same
service as the page. With `--photos FOLDER`, on photos NAME.jpg with label maps NAME.png instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import ObjectComparison
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.names import resolve
from training.photo_evaluation import evaluate_photos
from training.photos import find_photos, read_photos
from training.scenes import Scene, SceneObject, draw_scene
from training.scores import MODEL_HEADER, Score

SIZES = ((768, 576), (576, 768), (640, 640), (1024, 512))


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
                    request = Request((prompt,), ground_truth=Runs.from_mask(item.mask))
                    answer = service.compare(picture, request)
                    found.setdefault(f"{item.kind}, {how}", []).append(answer.objects[0])
    return [_mean(asked, answers) for asked, answers in found.items()]


def _mean(asked: str, answers: list[ObjectComparison]) -> Score:
    columns = [
        (a.sam.true_iou, a.sam_hq.true_iou, a.sam.true_boundary_iou, a.sam_hq.true_boundary_iou)
        for a in answers
    ]
    means = np.array(columns, float).mean(0)
    return Score(asked, len(answers), *(float(v) for v in means))


def service_on(model: str, *, dtype: str) -> CompareService:
    """The service of one model, which nothing stands in for.

    Args:
        model: a model's name, or a local folder with a checkpoint in Hugging Face format.

    Raises:
        ValueError: there is no such model, or its weights are not here. The app would answer with `tiny`
            then, and the table would be that of another model.
    """
    if resolve(model).weights_folder() is None:
        raise ValueError(f"The weights of {model} are not on this machine.")
    return build_service(Settings(model=model, device="cpu", dtype=dtype))


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number, 1 or more, not {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model",
        "--checkpoint",
        default="tiny",
        help="a model's name or a local folder; by default the bundled checkpoint",
    )
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--scenes", type=int, default=100, help="of each sort")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="score on these instead of on scenes")
    parser.add_argument("--limit", type=_at_least_one, metavar="N", help="only the first N photos by name")
    parser.add_argument(
        "--no-baselines", action="store_true", help="leave out what the boxes of photos give without a model"
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write SAM's figures on the photos there, for the page to tell",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables that the arguments ask for; None: those of the command line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.photos is None and (given.limit or given.no_baselines or given.record):
        parser.error(
            "--limit, --no-baselines and --record are about photos: name their folder with --photos."
        )
    try:
        files = None if given.photos is None else find_photos(given.photos)[: given.limit]
        service = service_on(given.model, dtype=given.dtype)
        if files is not None:
            report = evaluate_photos(service, read_photos(files), with_baselines=not given.no_baselines)
            print(report)
            if given.record is not None:
                report.summary().write(given.record)
            return
        print(MODEL_HEADER)
        for score in evaluate(service, scenes=given.scenes):
            print(score)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
