"""What a training step weighs: batches by machine, averages, and HQ parts that leave SAM's masks alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from samhq_demo.models.sam import DecodedMasks
from training import train
from training.batches import Batches, Diet
from training.geometry import new_sam_hq
from training.lesson import Lesson
from training.losses import moved

MACHINE = train.Machine("cpu", low_precision=False, workers=1)
DIET = Diet(64, 2, 1, 0.2, ("plain", "part"), seed=1)


def test_a_gpu_takes_larger_batches_of_the_same_diet() -> None:
    gpu = train.Machine("cuda", low_precision=True, workers=15)
    for phase in train.PHASES:
        assert phase.on(MACHINE) is phase
        there = phase.on(gpu)
        assert there.diet.batch > phase.diet.batch
        assert replace(there.diet, batch=phase.diet.batch) == phase.diet


def test_a_large_batch_holds_all_views_of_its_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So no process draws a scene that another one has drawn."""
    drawn: list[int] = []
    real = Batches._draw

    def draw(self: Batches, number: int):
        drawn.append(number)
        return real(self, number)

    monkeypatch.setattr(Batches, "_draw", draw)
    diet = replace(DIET, batch=16)
    batches = Batches(diet, 3)
    batches[0], Batches(diet, 3)[2]
    assert len(drawn) == len(set(drawn)) == 2 * diet.block
    assert diet.block * diet.views == diet.batch


def test_how_far_a_mask_has_moved_is_a_share_of_its_area() -> None:
    before = torch.full((1, 20, 20), -20.0)
    before[:, :10, :10] = 20.0
    after = before.clone()
    after[:, :10, 5:10] = -20.0
    assert moved(before, before).item() == 0
    assert moved(after, before).item() == pytest.approx(50 / 101, abs=1e-4)


def hq_loss(truth: torch.Tensor, *, exact: bool, inner: float = 0.0, alone: float = 0.0) -> float:
    """Of one box: SAM says a square; SAM-HQ's inner mask is `inner` above it, and the HQ mask `alone`."""
    own = torch.full((1, 4, 16, 16), -4.0)
    own[..., 4:12, 4:12] = 4.0
    hq = torch.cat([own + inner, torch.full((1, 1, 16, 16), alone)], 1)
    scores = torch.zeros(1, 4)
    lesson = Lesson(new_sam_hq(64), hq=True, generator=torch.Generator(), choices=torch.Generator())
    low = torch.nn.functional.avg_pool2d(truth, 2)
    loss = lesson._hq_loss(
        DecodedMasks(hq, scores),
        DecodedMasks(own, scores),
        truth,
        low,
        exact=torch.tensor([exact]),
        meter={},
        name="box",
    )
    return loss.item()


def square(low: int, high: int) -> torch.Tensor:
    truth = torch.zeros(1, 1, 32, 32)
    truth[..., low:high, low:high] = 1
    return truth


def test_a_photos_segment_teaches_its_rim_if_sam_finds_it_and_else_to_keep_sams_mask() -> None:
    assert hq_loss(square(4, 28), exact=False) == hq_loss(square(2, 30), exact=False)
    assert hq_loss(square(2, 30), exact=False) < hq_loss(square(2, 30), exact=False, alone=8.0)
    assert hq_loss(square(8, 24), exact=True) < hq_loss(square(2, 30), exact=True)
    # SAM's square is from 8 to 24.
    assert hq_loss(square(8, 25), exact=False) == hq_loss(square(8, 25), exact=True)


def test_inner_masks_learn_to_stay_where_sam_has_them() -> None:
    """Also where a truth would have them elsewhere: SAM-HQ adds the HQ mask to what SAM says."""
    everything = square(0, 32)
    by_hq_mask = hq_loss(everything, exact=True, alone=8.0)
    assert by_hq_mask < hq_loss(everything, exact=True, inner=8.0, alone=0.0)


def test_a_run_leaves_the_average_of_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phase = train.Phase("small", DIET, share=1, steps=3, rate=1e-2)
    monkeypatch.setattr(train, "PHASES", (phase,))
    monkeypatch.setattr(train, "_AVERAGE_DECAY", 0.5)
    seen: list[torch.Tensor] = []
    name = "mask_decoder.iou_token.weight"
    real = train.Run.learn

    def learn(self: train.Run, *arguments, **named):
        found = real(self, *arguments, **named)
        seen.append(self.model.state_dict()[name].clone())
        return found

    monkeypatch.setattr(train.Run, "learn", learn)
    train.run(phase, tmp_path, machine=MACHINE)
    saved = torch.load(tmp_path / "small.pt", weights_only=True)
    assert torch.equal(saved["learning"][name], seen[-1])
    assert torch.allclose(saved["model"][name], seen[0] / 4 + seen[1] / 4 + seen[2] / 2, atol=1e-6)
    assert not np.allclose(seen[0], seen[-1])
