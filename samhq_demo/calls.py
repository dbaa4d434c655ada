"""One-line calls from Python: a picture's path in, an answer out, without a page or a server."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq_demo.export.notebook import PictureComparison
from samhq_demo.masks.runs import Mask, Runs
from samhq_demo.pictures import Picture, read_mask, read_picture
from samhq_demo.pictures.segmentation_maps import read_segmentation_map
from samhq_demo.prompts.everything import DEFAULTS, EverythingOptions
from samhq_demo.prompts.prompt import BoxXYXY, PointXY, Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.everything import Everything
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import AUTO, Settings


def segment_everything(
    picture: str | Path | Picture,
    *,
    model: str | Path = AUTO,
    on_progress: Callable[[float], None] = lambda _: None,
    **options: Any,
) -> Everything:
    """All objects and parts in a picture, found by SAM and by SAM-HQ from one encoder pass.

    Args:
        picture: the path of a file in any format that the page reads, or a `Picture`.
        model: "tiny", "base", "large", "huge", a folder or a Hub repository; "auto" is base where its weights
            are on this machine, else tiny. The first call loads it; another size is fetched first.
        on_progress: told the share that is done, up to 1.
        options: fields of `EverythingOptions`, such as `points_per_side=16`.

    Returns:
        An `Everything`: its `sam` and `sam_hq` are tuples of `FoundMask`, the largest first.

    Raises:
        ValueError: one sentence on what is wrong with the file, the model or an option.

    Example:
        >>> import samhq_demo
        >>> found = samhq_demo.segment_everything("examples/house.jpg", model="tiny", points_per_side=8)
        >>> found.sam_hq[0].runs.mask().shape
        (576, 768)
    """
    unknown = options.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"There is no option {min(unknown)!r}; there are {', '.join(DEFAULTS)}.")
    asked = EverythingOptions.of(**options)
    read, _ = _read(picture)
    service, name = _loaded(str(model))
    return service.segment_everything(read, asked, model=name, on_progress=on_progress)


def compare(
    picture: str | Path | Picture,
    *,
    points: Sequence[PointXY] = (),
    labels: Sequence[int] | None = None,
    box: BoxXYXY | None = None,
    mask: str | Path | Mask | None = None,
    truth: str | Path | Mask | None = None,
    model: str | Path = AUTO,
    multimask: bool | None = None,
    hq_token_only: bool = False,
) -> PictureComparison:
    """Both models' masks of one object, asked for as on the page; shows itself in a notebook.

    Args:
        picture: the path of a file in any format that the page reads, or a `Picture`.
        points: (x, y) in picture pixels. labels: 1 on the object, 0 beside it; all 1 where left out.
        box: (x0, y0, x1, y1) around the object.
        mask: a rough mask to start from, of the picture's size: a file, or (H, W) bool.
        truth: the true mask, likewise; the answer then has true scores.
        model: as in `segment_everything`.
        multimask: whether each model offers three candidates; None: where one point is all there is.
        hq_token_only: the HQ mask alone, instead of added to SAM-HQ's inner SAM mask.

    Raises:
        ValueError: one sentence on what is wrong.

    Example:
        >>> import samhq_demo
        >>> found = samhq_demo.compare("examples/house.jpg", model="tiny", points=[(237, 305)])
        >>> found.objects[0].sam_hq.runs.mask().shape
        (576, 768)
        >>> len(found.objects[0].sam_hq.candidates)
        3
    """
    read, name = _read(picture)
    prompt = Prompt.from_json({"points": points, "labels": labels, "box": box})
    service, loaded = _loaded(str(model))
    request = Request(
        (prompt,),
        model=loaded,
        multimask_output=multimask,
        hq_token_only=hq_token_only,
        mask_prompt=_mask(mask, read),
        ground_truth=_mask(truth, read),
    )
    return PictureComparison.of(service.compare(read, request), read, file_name=name)


def segmentation_map(file: str | Path) -> NDArray[np.int64]:
    """A file of labels at the size of the decoders' masks, as SamHQProcessor gives it beside a picture.

    Returns:
        (256, 256): the long side of the picture over the whole length, 0 below or to the right of it.

    Raises:
        ValueError: one sentence on what is wrong with the file.

    Example:
        >>> import samhq_demo
        >>> samhq_demo.segmentation_map("examples/house.mask.png").shape
        (256, 256)
    """
    return read_segmentation_map(Path(file))


def image_embedding(picture: str | Path | Picture, *, model: str | Path = AUTO) -> NDArray[np.float32]:
    """What SAM-HQ's image encoder makes of a picture: (channels, height, width).

    Raises:
        ValueError: one sentence on what is wrong with the file or the model.

    Example:
        >>> import samhq_demo
        >>> samhq_demo.image_embedding("examples/house.jpg", model="tiny").shape
        (128, 40, 40)
    """
    read, _ = _read(picture)
    service, name = _loaded(str(model))
    return service.image_embedding(read, model=name)


def _read(picture: str | Path | Picture) -> tuple[Picture, str]:
    """The picture and the name of its file."""
    if isinstance(picture, Picture):
        return picture, "picture"
    return read_picture(Path(picture)), Path(picture).name


def _mask(given: str | Path | Mask | None, picture: Picture) -> Runs | None:
    if given is None:
        return None
    if isinstance(given, (str, Path)):
        return read_mask(Path(given), size_wh=picture.size_wh)
    return Runs.from_mask(np.asarray(given))


@functools.cache
def _loaded(model: str) -> tuple[CompareService, str]:
    """The service for a model and the model's name there: made once in a process, so that it loads once.

    Raises:
        ValueError: there is no such model, or its weights cannot be had.
    """
    service = build_service(Settings.from_environment({**os.environ, "SAMHQ_MODEL": model}))
    return service, service.wait_for_weights()
