"""How far the service's masks are from the official implementations': `python -m tests.support.parity`.

Every case goes from a uint8 picture to a full-size mask, through `CompareService` on one side and
through the predictors of segment-anything 1.0 and segment-anything-hq 0.3 on the other, with the
same random weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from samhq_demo.masks.runs import Runs
from samhq_demo.models.checkpoints import frozen_sam
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.prompts.refinement import RefineStep
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from testbed.checkpoints import SMALL, VIT_B, random_sam_hq, save
from testbed.official import sam_hq_predictor, sam_predictor

# Of a checkpoint or a picture that takes long: together they use every part of both decoders.
TELLING = ("points of both labels", "mask and click", "box and points, refining two steps")
PICTURES = {"landscape": (320, 200), "portrait": (150, 410), "tiny": (7, 5), "large": (4000, 3000)}


@dataclass(frozen=True, slots=True)
class Row:
    """The worst of some cases: share of equal pixels and difference of predicted IoU."""

    geometry: str
    picture: str
    cases: int
    pixels: float
    score: float

    def __str__(self) -> str:
        return f"| {self.geometry} | {self.picture} | {self.cases} | {self.pixels:.4%} | {self.score:.1e} |"


def picture_of(size_wh: tuple[int, int], *, seed: int = 0) -> Picture:
    """Soft blobs of color with grain: something for every frequency."""
    width, height = size_wh
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    pixels = np.array(small.resize(size_wh, Image.Resampling.BICUBIC)).astype(np.int16)
    pixels += rng.integers(-20, 20, (height, width, 1), dtype=np.int16)
    return Picture.from_pixels(np.clip(pixels, 0, 255).astype(np.uint8))


def prompts_of(size_wh: tuple[int, int]) -> dict[str, Prompt]:
    """One prompt of each sort, in the same places of any picture."""
    width, height = size_wh

    def at(x: float, y: float) -> tuple[float, float]:
        return x * width * 0.999, y * height * 0.999

    several = (at(0.3, 0.4), at(0.62, 0.7), at(0.1, 0.9))
    box = (*at(0.15, 0.2), *at(0.8, 0.85))
    return {
        "one click": Prompt(points=(at(0.45, 0.55),), labels=(1,)),
        "points of both labels": Prompt(points=several, labels=(1, 0, 1)),
        "box": Prompt(box_xyxy=box),
        "box and points": Prompt(points=several, labels=(1, 1, 0), box_xyxy=box),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One way to ask: a prompt, the prompts whose answers it refines, and the rough mask before them all."""

    name: str
    prompt: Prompt
    steps: tuple[Prompt, ...] = ()
    rough: np.ndarray | None = None


def cases_of(size_wh: tuple[int, int]) -> list[Case]:
    """Every prompt alone, with a rough mask, and refining others."""
    width, height = size_wh
    prompts = prompts_of(size_wh)
    click, box, several = prompts["one click"], prompts["box"], prompts["box and points"]
    with_background = click.with_point(*several.points[2], PointLabel.BACKGROUND)
    boxed_click = Prompt(click.points, click.labels, box.box_xyxy)
    rough = np.zeros((height, width), bool)
    rough[height // 4 :, : -(width // 3)] = True
    return [
        *(Case(name, prompt) for name, prompt in prompts.items()),
        Case("mask", Prompt(), rough=rough),
        Case("mask and click", click, rough=rough),
        Case("click and background, refining the click", with_background, (click,)),
        Case("box and click, refining the box", boxed_click, (box,)),
        Case("box and points, refining two steps", several, (click, with_background)),
        Case("click, refining the mask's answer", click, (Prompt(),), rough),
    ]


class Official:
    """Both official predictors on one picture.

    predictors: SAM's and SAM-HQ's; None: those with the weights of a transformers `SamHQModel`.
    encodes_once: SAM gets the features that SAM-HQ's encoder made, as its own has the same code and weights;
        of ViT-B that saves half a minute. Where the geometry is small both encode.
    """

    def __init__(
        self,
        sam_hq: Any,
        picture: Picture,
        *,
        predictors: tuple[Any, Any] | None = None,
        encodes_once: bool = False,
    ) -> None:
        self.sam, self.sam_hq = predictors or (sam_predictor(frozen_sam(sam_hq)), sam_hq_predictor(sam_hq))
        self.sam_hq.set_image(picture.pixels)
        if not encodes_once:
            self.sam.set_image(picture.pixels)
            return
        for name in ("features", "original_size", "input_size", "is_image_set"):
            setattr(self.sam, name, getattr(self.sam_hq, name))

    @staticmethod
    def _inputs(prompt: Prompt, mask_input: np.ndarray | None) -> dict[str, Any]:
        points = np.array(prompt.points) if prompt.points else None
        labels = np.array([int(v) for v in prompt.labels]) if prompt.points else None
        box = np.array(prompt.box_xyxy) if prompt.box_xyxy is not None else None
        return {"point_coords": points, "point_labels": labels, "box": box, "mask_input": mask_input}

    def sam_masks(self, prompt: Prompt, mask_input: np.ndarray | None, *, multimask: bool) -> list[Any]:
        """(mask, score, low-resolution logits) of every candidate, best first."""
        found = self.sam.predict(**self._inputs(prompt, mask_input), multimask_output=multimask)
        return sorted(zip(*found, strict=True), key=lambda candidate: -candidate[1])

    def sam_hq_mask(
        self, prompt: Prompt, mask_input: np.ndarray | None, *, multimask: bool, hq_token_only: bool
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """(mask, score, low-resolution logits)."""
        masks, scores, low_res_masks = self.sam_hq.predict(
            **self._inputs(prompt, mask_input), multimask_output=multimask, hq_token_only=hq_token_only
        )
        return masks[0], float(scores[0]), low_res_masks[0]

    def sam_chain(self, prompts: Sequence[Prompt], mask_input: np.ndarray | None, **how: bool) -> list[Any]:
        """`sam_masks` of the last prompt, each other one's best logits being the next one's input."""
        for prompt in prompts:
            found = self.sam_masks(prompt, mask_input, **how)
            mask_input = found[0][2][None]
        return found

    def sam_hq_chain(
        self, prompts: Sequence[Prompt], mask_input: np.ndarray | None, **how: bool
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """`sam_hq_mask` of the last prompt, likewise."""
        for prompt in prompts:
            found = self.sam_hq_mask(prompt, mask_input, **how)
            mask_input = found[2][None]
        return found


def differences(
    service: CompareService,
    official: Official,
    picture: Picture,
    *,
    transform: InputTransform,
    names: Collection[str] | None = None,
) -> Iterator[tuple[str, float, float]]:
    """(case, share of equal pixels, difference of scores) of each prompt and way to ask."""
    for case in cases_of(picture.size_wh):
        if names is not None and case.name not in names:
            continue
        prompts = (*case.steps, case.prompt)
        rough = None if case.rough is None else Runs.from_mask(case.rough)
        start = None if rough is None else transform.mask_prompt(rough)[0].numpy()
        for multimask in (False, True):
            for hq_token_only in (False, True):
                answer = service.compare(
                    picture,
                    Request(
                        [case.prompt],
                        multimask_output=multimask,
                        hq_token_only=hq_token_only,
                        mask_prompt=rough,
                        refine_from=[RefineStep(step) for step in case.steps],
                    ),
                ).objects[0]
                true_mask, true_score, _ = official.sam_hq_chain(
                    prompts, start, multimask=multimask, hq_token_only=hq_token_only
                )
                yield (
                    f"SAM-HQ, {case.name}, multimask {multimask}, hq_token_only {hq_token_only}",
                    float((answer.sam_hq.runs.mask() == true_mask).mean()),
                    abs(answer.sam_hq.predicted_iou - true_score),
                )
            true = official.sam_chain(prompts, start, multimask=multimask)
            ours: tuple[Any, ...] = answer.sam.candidates or (answer.sam,)
            for i, ((true_mask, true_score, _), own) in enumerate(zip(true, ours, strict=True)):
                mask_of = answer.sam.runs.mask() if i == 0 else own.runs.mask()
                yield (
                    f"SAM, {case.name}, multimask {multimask}, candidate {i}",
                    float((mask_of == true_mask).mean()),
                    abs(own.predicted_iou - float(true_score)),
                )


def service_of(folder: Path) -> CompareService:
    return build_service(Settings(model=str(folder), device="cpu", dtype="float32"))


def measure(
    geometry: str,
    size_wh: tuple[int, int],
    *,
    picture_name: str,
    folder: Path,
    names: Collection[str] | None = None,
) -> Row:
    """The worst of the cases of one picture.

    Args:
        names: of the cases; None: all.
    """
    sam_hq = random_sam_hq({"small": SMALL, "ViT-B": VIT_B}[geometry], seed=3)
    service = service_of(save(sam_hq, folder))
    picture = picture_of(size_wh)
    vision = sam_hq.config.vision_config
    transform = InputTransform(size_wh, vision.image_size, 4 * vision.image_size // vision.patch_size)
    official = Official(sam_hq, picture, encodes_once=geometry == "ViT-B")
    found = list(differences(service, official, picture, transform=transform, names=names))
    for case, pixels, score in found:
        if pixels < 0.999 or score > 1e-3:
            print(f"{geometry}, {picture_name}: {case}: {pixels:.4%} of pixels, score off by {score:.1e}")
    return Row(geometry, picture_name, len(found), min(p for _, p, _ in found), max(s for _, _, s in found))


def stock_mask(sam_hq: nn.Module, picture: Picture, prompt: Prompt) -> np.ndarray:
    """The mask of transformers' own `SamHQModel.forward`, at the picture's size."""
    import torch

    vision = sam_hq.config.vision_config
    transform = InputTransform(picture.size_wh, vision.image_size, 4 * vision.image_size // vision.patch_size)
    points = torch.tensor(transform.coords(np.array(prompt.points)), dtype=torch.float32)[None, None]
    labels = torch.tensor([[[int(v) for v in prompt.labels]]])
    with torch.no_grad():
        out = sam_hq(
            pixel_values=transform.pixel_values(picture.pixels),
            input_points=points,
            input_labels=labels,
            multimask_output=False,
        )
    return transform.full_mask(out.pred_masks[0, 0, 0]).mask


def main() -> None:
    print("| geometry | picture | cases | worst share of equal pixels | worst score difference |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, size_wh in PICTURES.items():
            print(measure("small", size_wh, picture_name=name, folder=Path(folder) / "small"))
        print(measure("ViT-B", (1024, 683), picture_name="landscape", folder=Path(folder) / "vit_b"))


if __name__ == "__main__":
    main()
