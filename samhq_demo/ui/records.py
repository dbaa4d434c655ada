"""The browser's record of an object as a `Request`: every message that holds one is read here.

A record is {"prompt", "steps", "mask", "truth", "void"}; the settings, which all objects share, are {"model",
"multimask", "hq_token_only"}. Each key may be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.refinement import parse_refine_steps
from samhq_demo.prompts.request import Request
from samhq_demo.ui.viewer.wire import Settings


def request_of(record: Mapping[str, Any], *, settings: Any) -> Request:
    """What a record asks for, without its masks; ValueError says what is wrong with it.

    Args:
        settings: anything but an object means the defaults.
    """
    chosen = settings if isinstance(settings, Mapping) else {}
    return Request(
        (Prompt.from_json(record.get("prompt") or {}),),
        refine_from=parse_refine_steps(record.get("steps") or ()),
        model=chosen.get("model"),
        multimask_output=chosen.get("multimask"),
        hq_token_only=chosen.get("hq_token_only", False),
    )


def with_masks(request: Request, record: Mapping[str, Any], read: Callable[[Any], Runs | None]) -> Request:
    """The request with its record's masks, each made of its JSON form by `read`."""
    mask_prompt, ground_truth, void = (read(record.get(key)) for key in ("mask", "truth", "void"))
    return replace(request, mask_prompt=mask_prompt, ground_truth=ground_truth, void=void)


def settings_json(request: Request) -> Settings:
    """The settings of a request, as a record has them."""
    return {
        "model": request.model,
        "multimask": request.multimask_output,
        "hq_token_only": request.hq_token_only,
    }
