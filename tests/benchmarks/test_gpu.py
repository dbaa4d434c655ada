"""All that `make gpu` does but for the card: on the CPU, with small models."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import SamHQConfig, SamHQModel

from benchmarks import gpu
from benchmarks.card import Card
from benchmarks.gpu_parts import Plan
from benchmarks.gpu_report import Row, exit_code, section
from benchmarks.sections import ON_GPU
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.weights.names import COUNTED
from testbed.checkpoints import SMALL, VIT_H, VIT_L

PLAN = Plan(
    size_wh=(160, 120),
    rounds=2,
    pictures=1,
    product_side=64,
    boxes=3,
    users=(1, 3),
    user_seconds=0.01,
    everything=EverythingOptions(points_per_side=2),
    light=False,
)
CPU = Card(torch.device("cpu"))


def test_the_whole_run_is_written(tmp_path: Path) -> None:
    geometries = dict.fromkeys(("ViT-B", "ViT-L", "ViT-H"), SMALL)
    to = tmp_path / "out" / "gpu.md"
    rows = gpu.measure(
        device="cpu",
        geometries=geometries,
        plan=PLAN,
        quick=False,
        seconds=600,
        to=to,
        began=time.perf_counter(),
    )
    assert [row for row in rows if row.failed or "failed" in row.told] == []
    assert exit_code(rows) == 0
    parity = {(row.model, row.what) for row in rows if row.is_parity and row.met}
    precisions = ("float32", "bfloat16", "float16")
    models = ("tiny", "ViT-B", "ViT-L", "ViT-H")
    assert parity == {
        *((name, f"parity in {dtype}") for name in models for dtype in precisions),
        ("tiny", "16 threads at once"),
    }
    told = {row.what for row in rows if row.model == "ViT-B"}
    assert {"click, both decoders alone", "3 boxes in a picture seen before"} < told
    assert any(row.what == "everything" for row in rows)
    assert {"1 threads clicking, preview", "3 threads clicking, compare"} < told
    assert {"click, transformers in float32", "encoder in float16, 4 pictures at once"} < told
    text = to.read_text()
    assert ON_GPU.found_in(text).count("\n| ") >= len(rows)
    assert len(json.loads((to.parent / "gpu.json").read_text())["rows"]) == len(rows)


def test_quick_leaves_out_the_parity_of_large_models_and_nothing_of_their_encoders(tmp_path: Path) -> None:
    models = gpu.Models("cpu", {})  # none is made before its part begins
    quick, whole = (
        [(part.model, part.what) for part in gpu.parts_of(models, CPU, PLAN, tmp_path, quick=quick)]
        for quick in (True, False)
    )
    left_out = set(whole) - set(quick)
    assert left_out == {("ViT-L", "parity"), ("ViT-H", "parity"), ("ViT-B", "everything")}
    assert set(quick) < set(whole)


def test_a_part_that_fails_does_not_end_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> Iterator[Row]:
        yield Row("one", "first", "1 ms")
        raise RuntimeError("CUDA error: out of paper\nand more")

    parts = [gpu.Part("one", "a", failing), gpu.Part("two", "b", lambda: iter([Row("two", "b", "2 ms")]))]
    written: list[int] = []
    rows = gpu.run(
        parts, card=CPU, seconds=60, told=lambda found: written.append(len(found)), began=time.perf_counter()
    )
    assert [row.told for row in rows] == ["1 ms", "failed: RuntimeError: CUDA error: out of paper", "2 ms"]
    assert written == [2, 3]
    assert exit_code(rows) == 1
    assert "two: b: 2 ms" in capsys.readouterr().out


def test_no_part_begins_when_the_time_is_over() -> None:
    parts = [gpu.Part("one", "a", lambda: iter([Row("one", "a", "1 ms")]))]
    rows = gpu.run(parts, card=CPU, seconds=-1, told=lambda _: None, began=time.perf_counter())
    assert [row.told for row in rows] == ["left out: no time was left"]
    assert exit_code(rows) == 0


def test_only_a_missed_parity_or_a_failure_is_an_error() -> None:
    slow = Row("m", "click", "20 ms", wanted="at most 15 ms", met=False)
    assert exit_code([slow]) == 0
    assert exit_code([slow, Row("m", "parity", "98 %", wanted="99.9 %", met=False, is_parity=True)]) == 1
    assert "at most 15 ms: **not** met" in section([slow], {})


def test_the_section_is_replaced_and_the_rest_of_the_report_stays() -> None:
    first = ON_GPU.put_into("# Report\n\nOther.\n", section([Row("m", "a", "1 ms")], {"card": "one"}))
    assert first.startswith("# Report\n\nOther.\n\n" + ON_GPU.begin)
    again = ON_GPU.put_into(first, section([Row("m", "a", "2 ms")], {"card": "two"}))
    assert "2 ms" in again
    assert "1 ms" not in again
    assert again.count("## On a GPU") == 1
    assert ON_GPU.put_into("# Report\n", "") == "# Report\n"


def test_without_a_card_it_says_so_in_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("geometry", "size"), [(VIT_L, "large"), (VIT_H, "huge")])
def test_geometries_are_the_published_ones(geometry: dict, size: str) -> None:
    decoder = {"vit_dim": geometry["vision_config"]["hidden_size"]}
    with torch.device("meta"):
        model = SamHQModel(SamHQConfig(**{**geometry, "mask_decoder_config": decoder}))
    assert sum(p.numel() for p in model.parameters()) == COUNTED[size][0]
