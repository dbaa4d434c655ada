"""Stand-ins for packages that the official code imports and the tests do not need.

PyPI's torchvision does not import beside torch's CPU build, so what the official code uses of it is written
anew here, by its documentation; see also `boxes`. Of timm the light model's encoder uses how weights begin.
`install` puts them in `sys.modules` unless the real ones are there.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from testbed.stubs import boxes


def _resize(image: Image.Image, size_hw: tuple[int, int]) -> Image.Image:
    """What torchvision's `resize` does with a PIL image: Pillow's bilinear."""
    return image.resize((size_hw[1], size_hw[0]), Image.Resampling.BILINEAR)


def _to_pil_image(array: np.ndarray) -> Image.Image:
    return Image.fromarray(array)


class _DropPath(nn.Module):
    """Only subclassed when the official module is imported, never run."""


def _module(name: str, **members: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def install() -> None:
    if importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.ops", "torchvision.transforms"):
            _module(name)
        _module("torchvision.ops.boxes", batched_nms=boxes.batched_nms, box_area=boxes.box_area)
        _module("torchvision.transforms.functional", resize=_resize, to_pil_image=_to_pil_image)
    if importlib.util.find_spec("timm") is None:
        _module("timm")
        _module("timm.models")
        _module(
            "timm.models.layers",
            DropPath=_DropPath,
            to_2tuple=lambda v: (v, v),
            trunc_normal_=nn.init.trunc_normal_,
        )
        _module("timm.models.registry", register_model=lambda f: f)
