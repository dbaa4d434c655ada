"""Masks of the picture's size without its arrays: equal to the plain official upsampling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.models.device_upsampling import preview_there, upsample_there
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.upsampling import FullMask, by_contour, by_pixels, upsample_preview
from tests.support.logits import LOGITS, SIZES, soft
from tests.support.programs import run_python


def official(logits: Tensor, transform: InputTransform) -> Tensor:
    """`Sam.postprocess_masks` of segment-anything 1.0, by its description: (H, W) logits."""
    width, height = transform.size_wh
    in_w, in_h = transform.resized_wh
    side = transform.image_size
    square = F.interpolate(logits[None, None], (side, side), mode="bilinear", align_corners=False)
    cropped = square[..., :in_h, :in_w]
    return F.interpolate(cropped, (height, width), mode="bilinear", align_corners=False)[0, 0]


def on_a_device(logits: Any, **sizes: Any) -> FullMask:
    """What a GPU does with its logits, beside others' as there are."""
    others = torch.stack([LOGITS["all in"], torch.from_numpy(logits), LOGITS["all out"]])
    return upsample_there(others, **sizes)[1]


@pytest.mark.parametrize("way", [by_pixels, by_contour, on_a_device])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LOGITS)
def test_mask_and_counts_are_the_official_upsamplings(kind: str, size: str, way: Any) -> None:
    transform = InputTransform(SIZES[size], 256, 64)
    true = official(LOGITS[kind], transform)
    found = way(LOGITS[kind].numpy(), square=256, resized_wh=transform.resized_wh, size_wh=transform.size_wh)
    # Pixels within rounding of a threshold; of a few pixels, none.
    allowed = max(int(true.numel() > 100), true.numel() // 20_000)
    assert np.count_nonzero(found.mask != (true > 0).numpy()) <= allowed
    assert abs(found.above - int((true > 1).sum())) <= allowed
    assert abs(found.below - int((true > -1).sum())) <= allowed


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LOGITS)
def test_a_preview_of_a_gpus_logits_is_that_of_the_cpus(kind: str, size: str) -> None:
    transform = InputTransform(SIZES[size], 256, 64)
    sizes: Any = {"square": 256, "resized_wh": transform.resized_wh, "size_wh": transform.size_wh}
    there = preview_there(LOGITS[kind], **sizes).mask()
    here = upsample_preview(LOGITS[kind].numpy(), **sizes).mask()
    assert there.shape == here.shape
    assert np.count_nonzero(there != here) <= max(int(here.size > 100), here.size // 20_000)


def test_a_large_picture_has_the_official_mask() -> None:
    transform = InputTransform((3000, 2000), 1024, 256)
    logits = F.interpolate(soft(4, 24, 6.0)[None, None], (256, 256), mode="bicubic")[0, 0]
    true = (official(logits, transform) > 0).numpy()
    assert 0.1 < true.mean() < 0.9, "a mask with one sign only would prove nothing"
    assert (transform.full_mask(logits).mask == true).mean() >= 0.99999


def test_rounding_never_turns_a_column_over() -> None:
    """With 699 inputs for 2563 outputs some weights round to 1, and then 0.7 + (1e-9 - 0.7) to 0.

    Cells whose corners are all over a threshold are left out, so all between them must be over it, too.
    """
    rng = np.random.default_rng(0)
    size = (699, 699)
    values = np.where(rng.random(size) < 0.5, 1e-9, 0.5 + 0.5 * rng.random(size))
    values[rng.random(size) < 0.01] = -2.0
    logits = values.astype(np.float32)
    found = by_contour(logits, square=699, resized_wh=size, size_wh=(2563, 699))
    true = F.interpolate(torch.from_numpy(logits)[None].double(), 2563, mode="linear")[0] > 0
    # Beside a -2 some of the 1e-9 are within rounding.
    assert np.count_nonzero(found.mask != true.numpy()) < 0.0005 * true.numel()


@pytest.mark.parametrize("size_wh", [(300, 200), (3000, 2000)])
def test_logits_that_are_no_numbers_do_not_break_the_answer(size_wh: tuple[int, int]) -> None:
    logits = LOGITS["smooth"].clone()
    logits[0, 0], logits[5, 5], logits[9, 9] = float("nan"), float("inf"), -float("inf")
    width, height = size_wh
    transform = InputTransform(size_wh, 256, 64)
    found = transform.full_mask(logits).mask
    assert found.shape == (height, width)
    there = on_a_device(logits.numpy(), square=256, resized_wh=transform.resized_wh, size_wh=size_wh).mask
    assert np.count_nonzero(there != found) <= found.size // 20_000


def test_a_24_megapixel_answer_takes_little_memory() -> None:
    """Both models' three candidates, the agreement and the JSON; ragged logits, the worst there are."""
    assert 0 < float(run_python(_MEMORY)) < 64, "megabytes; one array of 24 million floats has 96"


_MEMORY = """
import json, torch
from samhq_demo.results.comparison import Agreement
from samhq_demo.models.answering import predict_sam, predict_sam_hq
from samhq_demo.inline import InlineExecutor
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import DecodedPair
from testbed.memory import peak_mb

def answer(size_wh):
    transform = InputTransform(size_wh, 1024, 256)
    how = {"multimask_output": True, "executor": InlineExecutor()}
    sam = predict_sam(decoded.sam_logits, decoded.sam_scores, transform, **how)
    sam_hq = predict_sam_hq(decoded, transform, hq_token_only=False, **how)
    agreement = Agreement.between(sam.runs, sam_hq.runs)
    return json.dumps([sam.to_json(), sam_hq.to_json(), agreement.to_json()])

random = torch.Generator().manual_seed(0)
logits = torch.nn.functional.interpolate(
    torch.randn((1, 9, 128, 128), generator=random) * 4, (256, 256), mode="bilinear")[0]
scores = torch.tensor([0.1, 0.2, 0.3, 0.4])
decoded = DecodedPair(logits[:4], scores, logits[4:], scores)
answer((60, 40))
before = peak_mb()
assert len(answer((6000, 4000))) > 100_000
print(peak_mb() - before)
"""
