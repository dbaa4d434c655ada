"""The recipe: seeded scenes, splits apart, runs that go on, and a checkpoint that keeps its promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from training import shapes, train
from training.batches import Batches, Diet
from training.evaluate import Score, evaluate
from training.export import TINY
from training.geometry import WIDTH
from training.lesson import Lesson
from training.scenes import draw_scene

MACHINE = train.Machine("cpu", low_precision=False, workers=1)
SMALL_DIET = Diet(64, 2, 1, 0.2, ("plain", "part"), seed=1)


def test_a_seed_draws_the_same_scene_again() -> None:
    first, again = (draw_scene(5, size_wh=(90, 60), thin_share=0.5) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert [o.box_xyxy for o in first.objects] == [o.box_xyxy for o in again.objects]


def test_held_out_shapes_are_never_trained_on() -> None:
    assert not set(shapes.PLAIN) & set(shapes.HELD_OUT_PLAIN)
    assert not set(shapes.THIN) & set(shapes.HELD_OUT_THIN)


def test_masks_are_where_the_picture_shows_the_objects() -> None:
    scene = draw_scene(9, size_wh=(160, 120), crowded_share=0.0)
    seen = np.zeros((120, 160), int)
    for item in scene.objects:
        assert item.mask.shape == (120, 160)
        seen += item.mask
    assert seen.max() == 1
    background = scene.image[seen == 0].mean(0)
    for item in scene.objects:
        assert np.abs(scene.image[item.mask].mean(0) - background).max() > 10


def test_a_batch_is_the_same_wherever_a_run_begins() -> None:
    batches = Batches(SMALL_DIET, 8)
    batches[0]
    later, fresh = batches[3], Batches(SMALL_DIET, 8)[3]
    assert all(torch.equal(later[key], fresh[key]) for key in later)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phase = train.Phase("small", SMALL_DIET, share=1, steps=4, rate=1e-3)
    monkeypatch.setattr(train, "PHASES", (phase,))
    monkeypatch.setattr(train, "SAVE_EVERY", 2)
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    train.run(phase, tmp_path / "whole", machine=MACHINE)

    class PulledPlugError(Exception):
        pass

    real = Lesson.__call__
    calls = []

    def lesson(self, batch):
        calls.append(1)
        if len(calls) == 4:
            raise PulledPlugError
        return real(self, batch)

    monkeypatch.setattr(Lesson, "__call__", lesson)
    with pytest.raises(PulledPlugError):
        train.run(phase, tmp_path / "broken", machine=MACHINE)
    assert not (tmp_path / "broken" / "small.pt").exists()
    train.run(phase, tmp_path / "broken", machine=MACHINE)
    weights = [torch.load(tmp_path / n / "small.pt", weights_only=True)["model"] for n in ("whole", "broken")]
    assert all(torch.allclose(weights[0][key], weights[1][key], atol=1e-6) for key in weights[0])


def test_a_run_by_the_clock_counts_the_seconds_before_it_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(train.time, "monotonic", lambda: now)
    pace = train.Pace(steps=10, minutes=2, spent=30)
    assert pace.fraction(7) == 0.25
    now = 160.0
    assert pace.fraction(7) == 0.75
    now = 400.0
    assert pace.fraction(7) == 1
    assert train.Pace(steps=10, minutes=None).fraction(7) == 0.7


def test_a_run_by_the_clock_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phase = train.Phase("drawn", SMALL_DIET, share=1, steps=10**6, rate=1e-3)
    monkeypatch.setattr(train, "PHASES", (phase,))
    train.run(phase, tmp_path, machine=MACHINE, minutes=0.02)
    assert (tmp_path / "drawn.pt").exists()
    assert not (tmp_path / "drawn.partial.pt").exists()


def test_a_run_goes_on_from_a_checkpoint_of_another_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled checkpoint, whose pictures are larger, without its HQ parts."""
    large = replace(SMALL_DIET, image_size=128)
    phase = train.Phase("small", large, share=1, steps=1, rate=0.0)
    monkeypatch.setattr(train, "PHASES", (phase,))
    train.run(phase, tmp_path, machine=MACHINE, init=TINY)
    begun = torch.load(tmp_path / "small.pt", weights_only=True)["model"]
    bundled = load_file(TINY / "model.safetensors")
    same = "mask_decoder.transformer.layers.0.self_attn.q_proj.weight"
    assert torch.allclose(begun[same], bundled[same], atol=1e-6)
    assert begun["vision_encoder.pos_embed"].shape == (1, 16, 16, WIDTH)


def test_only_the_hq_parts_learn_in_the_last_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = train.Phase("small", SMALL_DIET, share=0.5, steps=1, rate=1e-3)
    diet = replace(SMALL_DIET, thin_share=1.0, targets=("thin",))
    last = train.Phase("hq", diet, share=0.5, steps=2, rate=1e-3)
    monkeypatch.setattr(train, "PHASES", (first, last))
    train.run(first, tmp_path, machine=MACHINE)
    train.run(last, tmp_path, machine=MACHINE)
    before = torch.load(tmp_path / "small.pt", weights_only=True)["model"]
    after = torch.load(tmp_path / "hq.pt", weights_only=True)["model"]
    assert all(torch.equal(before[key], after[key]) for key in before)
    moved = [name for name in after if name not in before]
    assert moved
    assert all(any(part in name for part in train.HQ_PARTS) for name in moved)


@pytest.fixture(scope="module")
def held_out_table() -> dict[str, Score]:
    service = build_service(Settings(model="tiny", device="cpu", dtype="float32"))
    return {score.asked: score for score in evaluate(service, scenes=12)}


def test_bundled_checkpoint_segments_plain_objects(held_out_table: dict[str, Score]) -> None:
    assert held_out_table["plain, click"].sam_iou >= 0.92
    assert held_out_table["plain, box"].sam_iou >= 0.94


def test_bundled_sam_hq_beats_sam_on_thin_objects(held_out_table: dict[str, Score]) -> None:
    thin = held_out_table["thin, box"]
    assert thin.sam_hq_iou >= 0.7
    assert thin.sam_hq_boundary >= 0.7
    assert thin.sam_hq_iou - thin.sam_iou >= 0.15
    assert thin.sam_hq_boundary - thin.sam_boundary >= 0.15
