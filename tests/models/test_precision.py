"""The fast precision: kept once, and the answers are those of float32."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute, choose_compute
from samhq_demo.models.pair import ModelPair
from samhq_demo.pictures import Picture
from samhq_demo.prompts.request import Request
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from tests.support.pixels import mask_iou
from training.evaluate import box_around, click_inside, held_out


def load(folder: Path, dtype: torch.dtype) -> ModelPair:
    return load_pair(folder, name="small", compute=Compute(torch.device("cpu"), dtype))


def bytes_held(pair: ModelPair) -> Counter[torch.dtype]:
    """Bytes of both models' tensors by precision, each counted once."""
    held: dict[int, torch.Tensor] = {}
    for model in (pair.sam, pair.sam_hq):
        held.update({t.data_ptr(): t for t in (*model.parameters(), *model.buffers())})
    found: Counter[torch.dtype] = Counter()
    for tensor in held.values():
        found[tensor.dtype] += tensor.untyped_storage().nbytes()
    return found


def test_on_cuda_float32_is_not_rounded_to_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert choose_compute(device="cuda", dtype="float32").device.type == "cuda"
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_encoder_weights_are_kept_once_in_the_encoders_precision(checkpoint: Path) -> None:
    single, half = load(checkpoint, torch.float32), load(checkpoint, torch.bfloat16)
    encoder = sum(p.numel() for p in single.sam_hq.vision_encoder.parameters())
    whole = bytes_held(single)[torch.float32]
    assert bytes_held(single) == {torch.float32: whole}
    assert bytes_held(half) == {torch.float32: whole - 4 * encoder, torch.bfloat16: 2 * encoder}


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is mapped")
def test_no_file_with_float32_weights_stays_in_memory(checkpoint: Path) -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count(str(checkpoint))

    before = mapped()
    pair = load(checkpoint, torch.bfloat16)
    assert pair.sam_hq is not None
    assert mapped() <= before


def test_bfloat16_answers_are_those_of_float32() -> None:
    """On held-out scenes with the bundled model; the bounds are the project's."""
    single, half = (
        build_service(Settings(model="tiny", device="cpu", dtype=dtype)) for dtype in ("float32", "bfloat16")
    )
    overlaps, scores = [], []
    for thin in (False, True):
        for scene in held_out(8, thin=thin):
            picture = Picture.from_pixels(scene.image)
            prompts = [ask(item) for item in scene.objects[:2] for ask in (click_inside, box_around)]
            answers = (
                service.compare(picture, Request(prompts, multimask_output=False))
                for service in (single, half)
            )
            for one, other in zip(*(answer.objects for answer in answers), strict=True):
                for a, b in ((one.sam, other.sam), (one.sam_hq, other.sam_hq)):
                    overlaps.append(mask_iou(a.runs.mask(), b.runs.mask()))
                    scores.append(abs(a.predicted_iou - b.predicted_iou))
    assert len(overlaps) >= 100
    assert np.mean(overlaps) >= 0.99
    assert np.mean(scores) <= 0.01
