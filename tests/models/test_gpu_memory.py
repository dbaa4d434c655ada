"""A GPU without memory left: less at once, or one sentence, and the next request is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from samhq_demo.memory import NoRoomError
from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import choose_compute
from samhq_demo.models.gpu_memory import GPU_FULL
from samhq_demo.models.pair import ModelPair
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from tests.support.parity import picture_of

PICTURE = picture_of((80, 60))
BOXES = [Prompt(box_xyxy=(5.0, 5.0, 30.0 + at, 40.0)) for at in range(5)]


class FullGpu:
    """A method of `ModelPair` on a GPU that is full for more than `most` objects at once.

    Attributes:
        tried: how many objects there were, each time.
        full_for: how many calls still fail, whatever is asked.
    """

    def __init__(self, method: Any, *, most: int, full_for: int = 0) -> None:
        self.method, self.most, self.full_for = method, most, full_for
        self.tried: list[int] = []

    def __get__(self, pair: ModelPair, _: type) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            attended = next((a for a in arguments if hasattr(a, "tokens")), None)
            self.tried.append(0 if attended is None else len(attended.tokens))
            self.full_for -= 1
            if self.tried[-1] > self.most or self.full_for >= 0:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return self.method(pair, *arguments, **named)

        return call


@pytest.fixture(scope="module")
def pair(checkpoint: Path) -> ModelPair:
    return load_pair(checkpoint, name="small", compute=choose_compute(device="cpu", dtype="float32"))


def test_objects_without_room_together_are_decoded_in_halves(
    pair: ModelPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = pair.encode(PICTURE)
    expected = pair.decode(embedding, BOXES)
    full = FullGpu(ModelPair.masks, most=2)
    monkeypatch.setattr(ModelPair, "masks", full)
    found = pair.decode(embedding, BOXES)
    assert max(full.tried) == 5
    assert {1, 2} <= set(full.tried)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.sam_hq_logits, other.sam_hq_logits, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(one.sam_scores, other.sam_scores, atol=1e-4, rtol=1e-4)


def test_one_object_without_room_is_told_and_the_next_request_is_answered(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    service.prepare(PICTURE)
    full = FullGpu(ModelPair.masks, most=0)
    monkeypatch.setattr(ModelPair, "masks", full)
    with pytest.raises(NoRoomError, match="The GPU has no memory left") as refusal:
        service.compare(PICTURE, Request([BOXES[0]]))
    assert str(refusal.value) == GPU_FULL
    full.most = 1
    assert service.compare(PICTURE, Request([BOXES[0]])).objects[0].sam_hq.runs.size_hw == (60, 80)


@pytest.mark.parametrize(("full_for", "is_answered"), [(1, True), (2, False)])
def test_an_encoder_without_room_tries_again_once(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, full_for: int, is_answered: bool
) -> None:
    service = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    full = FullGpu(ModelPair.run_encoders, most=0, full_for=full_for)
    monkeypatch.setattr(ModelPair, "run_encoders", full)
    if is_answered:
        assert service.prepare(PICTURE) == "now"
    else:
        with pytest.raises(NoRoomError, match="The GPU has no memory left"):
            service.prepare(PICTURE)
        assert service.prepare(PICTURE) == "now"


def test_everything_is_found_in_smaller_batches(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    options = EverythingOptions.of(
        points_per_side=3, predicted_iou_threshold=0.0, stability_threshold=0.0, box_nms_threshold=1.0
    )
    expected = service.segment_everything(PICTURE, options)
    full = FullGpu(ModelPair.masks, most=4)
    monkeypatch.setattr(ModelPair, "masks", full)
    found = service.segment_everything(PICTURE, options)
    assert max(full.tried) > 4
    assert [mask.point_xy for mask in found.sam_hq] == [mask.point_xy for mask in expected.sam_hq]
    assert len(found.sam) == len(expected.sam) > 0


def test_a_model_without_room_is_loaded_after_others_have_gone(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = build_service(
        Settings(model="tiny", models=("tiny", str(checkpoint)), device="cpu", dtype="float32")
    )
    service.prepare(PICTURE)
    real, calls = torch.nn.Module.to, []

    def to(module: Any, *arguments: Any, **named: Any) -> Any:
        calls.append(module)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(module, *arguments, **named)

    monkeypatch.setattr(torch.nn.Module, "to", to)
    assert service.compare(PICTURE, Request([BOXES[0]], model=checkpoint.name)).model == checkpoint.name
    assert len(calls) > 1
