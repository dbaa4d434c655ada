"""What needs one line from Python: a picture's path in, an answer out; no page and no server."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.everything import DEFAULTS, EverythingOptions
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
    read = picture if isinstance(picture, Picture) else read_picture(Path(picture))
    service, name = _loaded(str(model))
    return service.segment_everything(read, asked, model=name, on_progress=on_progress)


@functools.cache
def _loaded(model: str) -> tuple[CompareService, str]:
    """The service for a model and the model's name there: made once in a process, so that it loads once.

    Raises:
        ValueError: there is no such model, or its weights cannot be had.
    """
    service = build_service(Settings.from_environment({**os.environ, "SAMHQ_MODEL": model}))
    return service, service.wait_for_weights()
