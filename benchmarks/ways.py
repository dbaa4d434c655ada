"""Three ways to ask SAM and SAM-HQ for the same masks, behind one protocol.

Each starts from weights on disk, as a demo of its kind does, and answers from a uint8 picture to
masks of the picture's size. A request is one click, which each model answers with its candidates,
or several boxes, which they answer with one mask each.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from huggingface_hub import constants
from PIL import Image
from torch import nn
from transformers import (
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamHQProcessor,
    SamImageProcessorPil,
    SamModel,
    SamProcessor,
)
from transformers.utils import logging

from benchmarks.weights import HUB
from samhq_demo.inline import InlineExecutor
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Comparison
from samhq_demo.results.everything import Everything
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.names import NAMES
from samhq_demo.weights.pickles import PICKLES

Kind = Literal["transformers", "official", "service", "light"]


@dataclass(frozen=True, slots=True)
class WaySpec:
    """Which way, with which weights, in which precision. `folder` is one that `weights.prepare` filled."""

    kind: Kind
    folder: Path
    dtype: str = "float32"
    device: str = "cpu"


class Masks(NamedTuple):
    """The best mask of each object: two bool arrays (N, H, W)."""

    sam: np.ndarray
    sam_hq: np.ndarray


class Way(Protocol):
    """One way to answer. `answer` is what is timed: when it returns, the full-size masks are there."""

    @property
    def encoder_passes(self) -> int:
        """How often an image encoder has run since the start."""
        ...

    def answer(self, picture: Picture, prompts: Sequence[Prompt]) -> Any:
        """Both models' masks, in whatever form this way has them."""
        ...

    def masks(self, answered: Any) -> Masks:
        """The best ones of them, to compare the ways; not timed."""
        ...


def build(spec: WaySpec) -> Way:
    """Load the models of a way."""
    logging.disable_progress_bar()
    if spec.kind == "transformers":
        return ModelCardWay(spec.folder, dtype=getattr(torch, spec.dtype), device=spec.device)
    if spec.kind == "official":
        return OfficialWay(spec.folder, device=spec.device)
    if spec.kind == "light":
        return LightWay(spec.folder, dtype=spec.dtype, device=spec.device)
    return ServiceWay(spec.folder, dtype=spec.dtype, device=spec.device)


class _Counter:
    """Counts the passes of some image encoders: a ViT's begins with its patches, TinyViT is called whole."""

    def __init__(self, *encoders: Any) -> None:
        self.passes = 0
        for encoder in encoders:
            getattr(encoder, "patch_embed", encoder).register_forward_pre_hook(self._count)

    def _count(self, _module: nn.Module, _arguments: Any) -> None:
        self.passes += 1


def _is_click(prompts: Sequence[Prompt]) -> bool:
    """One click, or else boxes only: no way is asked for anything else."""
    return len(prompts) == 1 and prompts[0].is_single_point


class ModelCardWay:
    """transformers' two models as their model cards have it: all of both at every request."""

    def __init__(self, folder: Path, *, dtype: torch.dtype, device: str) -> None:
        self.sam = SamModel.from_pretrained(folder / "sam", dtype=dtype).eval().to(device)
        self.sam_hq = SamHQModel.from_pretrained(folder / "sam_hq", dtype=dtype).eval().to(device)
        vision = self.sam_hq.config.vision_config
        side, low_res = vision.image_size, 4 * vision.image_size // vision.patch_size
        images = SamImageProcessorPil(
            size={"longest_edge": side},
            pad_size={"height": side, "width": side},
            mask_size={"longest_edge": low_res},
            mask_pad_size={"height": low_res, "width": low_res},
        )
        self._asked = ((self.sam, SamProcessor(images)), (self.sam_hq, SamHQProcessor(images)))
        self._dtype, self._device = dtype, device
        self._counter = _Counter(self.sam.vision_encoder, self.sam_hq.vision_encoder)

    @property
    def encoder_passes(self) -> int:
        return self._counter.passes

    @torch.no_grad()
    def answer(self, picture: Picture, prompts: Sequence[Prompt]) -> list[tuple[Any, Any]]:
        """(masks, scores) of each model: bool (N, M, H, W) and (N, M)."""
        image = Image.fromarray(picture.pixels)
        question: dict[str, Any] = {"input_boxes": [[list(p.box_xyxy or ()) for p in prompts]]}
        if _is_click(prompts):
            question = {"input_points": [[list(point) for point in prompts[0].points]]}
        answers = []
        for model, processor in self._asked:
            inputs = processor(image, **question, return_tensors="pt")
            sizes = inputs["original_sizes"], inputs["reshaped_input_sizes"]
            inputs = inputs.to(self._device)
            if self._dtype != torch.float32:
                inputs = inputs.to(self._dtype)
            out = model(**inputs, multimask_output=_is_click(prompts))
            masks = processor.image_processor.post_process_masks(out.pred_masks.float().cpu(), *sizes)
            answers.append((masks[0], out.iou_scores[0].cpu()))
        return answers

    def masks(self, answered: list[tuple[Any, Any]]) -> Masks:
        return Masks(*(_best(masks.numpy(), scores.float().numpy()) for masks, scores in answered))


class OfficialWay:
    """Both official predictors: `set_image` for a new picture, then `predict` at each request.

    A predictor holds one picture, so visitors wait for each other behind a lock.
    """

    def __init__(self, folder: Path, *, device: str) -> None:
        from testbed import official  # not before it is wanted: it is no part of the other ways' memory

        config = {"sam": SamConfig, "sam_hq": SamHQConfig}
        sam, sam_hq = (cls.from_pretrained(folder / name) for name, cls in config.items())
        self.sam = official.official_sam.SamPredictor(
            _loaded(official.empty_sam(sam), folder / "sam.pth").to(device),
        )
        self.sam_hq = official.official_sam_hq.SamPredictor(
            _loaded(official.empty_sam_hq(sam_hq), folder / "sam_hq.pth").to(device),
        )
        self._lock = threading.Lock()
        self._seen: str | None = None
        self._counter = _Counter(self.sam.model.image_encoder, self.sam_hq.model.image_encoder)

    @property
    def encoder_passes(self) -> int:
        return self._counter.passes

    def answer(self, picture: Picture, prompts: Sequence[Prompt]) -> list[tuple[Any, Any]]:
        """(masks, scores) of each model: bool (N, M, H, W) and (N, M)."""
        with self._lock:
            if picture.content_id != self._seen:
                for predictor in (self.sam, self.sam_hq):
                    predictor.set_image(picture.pixels)
                self._seen = picture.content_id
            ask = self._click if _is_click(prompts) else self._boxes
            return [ask(predictor, prompts) for predictor in (self.sam, self.sam_hq)]

    def everything(self, picture: Picture, *, points_per_side: int) -> list[list[dict[str, Any]]]:
        """Each model's records, with every score let through."""
        from testbed import official

        packages = ((official.official_sam, self.sam), (official.official_sam_hq, self.sam_hq))
        with self._lock:
            return [
                package.SamAutomaticMaskGenerator(
                    predictor.model,
                    points_per_side=points_per_side,
                    pred_iou_thresh=0,
                    stability_score_thresh=0,
                ).generate(picture.pixels)
                for package, predictor in packages
            ]

    def _click(self, predictor: Any, prompts: Sequence[Prompt]) -> tuple[np.ndarray, np.ndarray]:
        points, labels = np.array(prompts[0].points), np.array([int(v) for v in prompts[0].labels])
        masks, scores, _ = predictor.predict(points, labels, multimask_output=True)
        return masks[None], scores[None]

    def _boxes(self, predictor: Any, prompts: Sequence[Prompt]) -> tuple[np.ndarray, np.ndarray]:
        """All boxes in one batch, as the authors' notebook has it."""
        asked = torch.tensor([p.box_xyxy for p in prompts], dtype=torch.float32, device=predictor.device)
        placed = predictor.transform.apply_boxes_torch(asked, predictor.original_size)
        masks, scores, _ = predictor.predict_torch(None, None, boxes=placed, multimask_output=False)
        return masks.cpu().numpy(), scores.cpu().numpy()

    def masks(self, answered: list[tuple[Any, Any]]) -> Masks:
        return Masks(*(_best(masks, scores) for masks, scores in answered))


def _loaded(model: Any, weights: Path) -> Any:
    model.load_state_dict(torch.load(weights, weights_only=True))
    return model


def _best(masks: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(N, M, H, W) and (N, M) -> (N, H, W)."""
    return masks[np.arange(len(masks)), scores.argmax(axis=1)]


class ServiceWay:
    """This project, as its page and its API ask it."""

    def __init__(self, folder: Path, *, dtype: str, device: str) -> None:
        self._serve(Settings(model=str(folder / "sam_hq"), device=device, dtype=dtype))

    def _serve(self, settings: Settings) -> None:
        self.service = build_service(settings)
        self.pair = self.service._library.pair(None)
        models = [self.pair.sam_hq, *([] if self.pair.shared_encoder else [self.pair.sam])]
        self._counter = _Counter(*(model.vision_encoder for model in models))

    @property
    def encoder_passes(self) -> int:
        return self._counter.passes

    def work_in_one_thread(self) -> None:
        """Nothing beside anything else any more, but torch's operations still use all cores."""
        self.pair.executor = self.service.executor = InlineExecutor()

    def answer(self, picture: Picture, prompts: Sequence[Prompt]) -> Comparison:
        return self.service.compare(picture, Request(tuple(prompts)))

    def everything(self, picture: Picture, *, points_per_side: int) -> Everything:
        """Both models' masks, with every score let through."""
        options = EverythingOptions(
            points_per_side=points_per_side, predicted_iou_threshold=0, stability_threshold=0
        )
        return self.service.segment_everything(picture, options)

    def masks(self, answered: Comparison) -> Masks:
        sam, sam_hq = ([getattr(one, name).runs.mask() for one in answered.objects] for name in Masks._fields)
        return Masks(np.stack(sam), np.stack(sam_hq))


class LightWay(ServiceWay):
    """This project with Light HQ-SAM, of a pickle that `weights.prepare_light` wrote."""

    def __init__(self, folder: Path, *, dtype: str | None, device: str) -> None:
        hub = folder / HUB
        repo_id = NAMES["light"].sam_hq_repo_id
        assert repo_id is not None
        genuine, cache = PICKLES[repo_id], constants.HF_HUB_CACHE
        (file,) = hub.rglob(genuine.file_name)
        # What admits the random weights in place of the published ones, until they are loaded.
        PICKLES[repo_id] = replace(genuine, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
        constants.HF_HUB_CACHE = str(hub)
        try:
            self._serve(Settings(model="light", device=device, dtype=dtype))
        finally:
            PICKLES[repo_id], constants.HF_HUB_CACHE = genuine, cache
