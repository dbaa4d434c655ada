"""The benchmark's pieces run, ask every way the same, and count right; nothing here is timed."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import figures, questions, worker
from benchmarks.figures import OFFICIAL, OURS, TRANSFORMERS, Limit, Results, Series
from benchmarks.gpu_report import Row, section
from benchmarks.limit import encoder_flops, matmul_peak
from benchmarks.machine import Watch, about_machine
from benchmarks.parts import REST, by_function
from benchmarks.report import markdown, ratio, write
from benchmarks.run import Plan, measure, ways_for
from benchmarks.ways import Way, WaySpec, build
from benchmarks.weights import prepare, prepare_light
from samhq_demo.masks.overlap import Overlap
from samhq_demo.masks.runs import Runs
from testbed.checkpoints import SMALL, random_sam_hq

SIZE_WH = (160, 120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bench")
    prepare("small", made)
    return made


@pytest.fixture(scope="module")
def ways(folder: Path) -> dict[str, Way]:
    return {kind: build(WaySpec(kind, folder)) for kind in ("transformers", "official", "service")}


@pytest.mark.parametrize(("kind", "passes"), [("transformers", 2 * 3), ("official", 2), ("service", 1)])
def test_encoder_passes_of_three_clicks_on_one_picture(ways: dict[str, Way], kind: str, passes: int) -> None:
    way = ways[kind]
    for number in (11, 12):  # a second picture costs as much again
        before = way.encoder_passes
        worker.session(way, number=number, clicks=3, size_wh=SIZE_WH)
        assert way.encoder_passes - before == passes


@pytest.mark.parametrize(("kind", "passes"), [("transformers", 2 * 2), ("official", 2), ("service", 1)])
def test_encoder_passes_of_two_requests_of_boxes(ways: dict[str, Way], kind: str, passes: int) -> None:
    way = ways[kind]
    before = way.encoder_passes
    worker.boxes(way, number=13, count=5, size_wh=SIZE_WH)
    assert way.encoder_passes - before == passes


@pytest.mark.parametrize(
    "prompts", [questions.clicks(1, number=4, size_wh=SIZE_WH), questions.boxes(5, number=4, size_wh=SIZE_WH)]
)
def test_every_way_answers_with_the_same_masks(ways: dict[str, Way], prompts: list[Any]) -> None:
    picture = questions.picture(14, size_wh=SIZE_WH)
    found = {kind: way.masks(way.answer(picture, prompts)) for kind, way in ways.items()}
    ours = found["service"]
    assert ours.sam.shape == ours.sam_hq.shape == (len(prompts), 120, 160)
    assert 0.02 < ours.sam.mean() < 0.98
    for kind in ("transformers", "official"):
        assert (found[kind].sam == ours.sam).mean() > 0.999
    assert (found["official"].sam_hq == ours.sam_hq).mean() > 0.999


def test_masks_of_random_weights_have_outlines_as_trained_ones_have(ways: dict[str, Any]) -> None:
    picture = questions.picture(14, size_wh=SIZE_WH)
    made = [
        mask
        for click in questions.clicks(8, number=5, size_wh=SIZE_WH)
        for one in ways["service"].answer(picture, [click]).objects
        for mask in (one.sam.runs, one.sam_hq.runs)
    ]
    area = SIZE_WH[0] * SIZE_WH[1]
    assert sum(0.01 < mask.area / area < 0.99 for mask in made) >= len(made) / 2
    # An outline turns two or four times in a column; of wholly random weights it is twelve times.
    assert median(mask.edges.size for mask in made) < 4 * SIZE_WH[0]


def test_everything_is_the_same_for_the_official_way_and_ours(ways: dict[str, Any]) -> None:
    picture = questions.picture(14, size_wh=SIZE_WH)
    official = ways["official"].everything(picture, points_per_side=3)
    ours = ways["service"].everything(picture, points_per_side=3)
    for records, found in zip(official, (ours.sam, ours.sam_hq), strict=True):
        assert sorted(record["area"] for record in records) == pytest.approx(
            sorted(mask.runs.area for mask in found), abs=5
        )
        assert found


def test_pictures_and_prompts_come_from_their_number() -> None:
    ids = [questions.picture(number, size_wh=SIZE_WH).content_id for number in (0, 0, 1, 6, 1000)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert questions.boxes(3, number=5) == questions.boxes(3, number=5) != questions.boxes(3, number=6)


def test_flops_are_those_that_torch_counts() -> None:
    """With windows that fit, so that nothing is computed for padding."""
    vision = {**SMALL["vision_config"], "window_size": 4}
    model = random_sam_hq({**SMALL, "vision_config": vision}, seed=2).vision_encoder
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
        model(torch.randn(1, 3, 128, 128))
    assert encoder_flops(model.config).total == counted.get_total_flops()


def test_padded_windows_count_their_keys_and_not_their_queries() -> None:
    config = random_sam_hq(SMALL, seed=2).config.vision_config  # windows of 5, 2 layers of 4 global
    assert encoder_flops(config).attention == 2 * 2 * 256 * 48 * (2 * 256 + 2 * 25)


def test_the_peak_of_products_is_a_speed() -> None:
    assert matmul_peak(torch.float32, seconds=0.0) == 0.0
    assert matmul_peak(torch.float32, seconds=0.001) > 1e8


def test_others_share_of_the_processor_is_told() -> None:
    share = Watch().others()
    assert share == "not known" or 0 <= int(share.removesuffix(" %")) <= 100


def test_time_goes_to_the_function_of_ours_that_waits_for_it() -> None:
    mask = Runs.from_mask(np.ones((40, 30), bool))
    parts = by_function(lambda: Overlap.between(mask, mask))
    assert {"masks.overlap._packed", "masks.overlap._filled", REST} <= set(parts)
    assert all(seconds >= 0 for seconds in parts.values())


def test_a_run_fills_every_row(folder: Path, tmp_path: Path) -> None:
    """All that `make bench` does to one geometry, in threads instead of processes."""

    def start(kind: str, where: Path, *, dtype: str) -> worker.Started:
        return worker.start(kind, where, dtype=dtype, make=threading.Thread)

    plan = Plan(
        rounds=2,
        size_wh=SIZE_WH,
        clicks=2,
        boxes=2,
        user_clicks=4,
        points=2,
        patience=0.001,
        light_beside="small",
        start=start,
        page=None,
    )
    prepare_light(folder)
    notes, limits, profiles = measure("small", folder, native="float32", plan=plan)
    rows = {(one.way, one.row): one for one in notes.series() if one.geometry == "small"}
    assert {row for way, row in rows if way == TRANSFORMERS} < {row for way, row in rows if way == OURS}
    light = {one.row: one for one in notes.series() if one.geometry == figures.LIGHT}
    assert {row: len(one.values) for row, one in light.items()} == {figures.FIRST: 2, figures.LATER: 2}
    assert len(rows[OURS, figures.FIRST].values) == 2
    assert rows[OURS, figures.TEN].median >= rows[OURS, figures.FIRST].best
    assert {way for way, row in rows if row == figures.EVERYTHING} == {OFFICIAL, OURS}
    assert {(one.model, one.ways) for one in notes.agreements() if one.pixels > 0.999} >= {
        ("SAM", (TRANSFORMERS, OURS)),
        ("SAM", (OFFICIAL, OURS)),
        ("SAM-HQ", (OFFICIAL, OURS)),
    }
    about = {"date": "today", **about_machine(), "precision": "float32", "rounds": "2"}
    about |= {"picture": "160 × 120", "others": "0 %", "minutes": "0"}
    results = Results(about, notes.series(), limits, profiles, notes.agreements())
    results.save(tmp_path / "results.json")
    again = Results.load(tmp_path / "results.json")
    assert markdown(again) == markdown(results)
    assert "| later click |" in write(again, tmp_path).read_text()
    ET.parse(tmp_path / "results.svg")


def test_a_worker_ends_when_the_run_does(folder: Path) -> None:
    """Without an error: whoever stops a run in the middle is left with no process and no traceback."""
    ended: list[str] = []

    def make(*, target: Any, args: Any, daemon: bool) -> threading.Thread:
        def watched() -> None:
            target(*args)
            ended.append("well")

        return threading.Thread(target=watched, daemon=daemon)

    started = worker.start("service", folder, dtype="float32", make=make)
    started.pipe.close()
    started.runner.join()
    assert ended == ["well"]


def test_bfloat16_units_add_a_way_and_change_ours() -> None:
    assert ways_for("float32")[OURS] == ("service", "float32")
    ways = ways_for("bfloat16")
    assert ways[OURS] == ("service", "bfloat16")
    assert ways[TRANSFORMERS] == ("transformers", "float32")
    assert ways[figures.TRANSFORMERS_BF16] == ("transformers", "bfloat16")


def test_the_model_cards_way_runs_in_bfloat16(folder: Path) -> None:
    way = build(WaySpec("transformers", folder, "bfloat16"))
    found = worker.session(way, number=15, clicks=1, size_wh=SIZE_WH)
    assert len(found["seconds"]) == 1


def _results(first: float, *, peak: float) -> Results:
    """ViT-B with the others at 20 s and 10 s a first click, and 1 s a later one, and a limit of 1 s."""
    times = {TRANSFORMERS: (20.0, 20.0), OFFICIAL: (10.0, 0.5), OURS: (first, 0.25)}
    series = [
        Series("ViT-B", way, row, "s", (seconds,))
        for way, both in times.items()
        for row, seconds in zip((figures.FIRST, figures.LATER), both, strict=True)
    ]
    about = dict.fromkeys(
        [
            "date",
            "minutes",
            "rounds",
            "cores",
            "processor",
            "memory",
            "has",
            "lacks",
            "precision",
            "picture",
            "others",
        ],
        "?",
    )
    return Results(about, series, [Limit("ViT-B", "float32", 10**9, peak, (2.1,))], [], [])


def test_the_report_says_which_targets_are_met() -> None:
    text = markdown(_results(0.8, peak=1e9))
    assert "first click, transformers: 25 of 10, met." in text
    assert "first click, official predictors: 12.5 of 12, met." in text
    assert (
        "later click, official predictors: 2 of 2.5, **not met**. It would take 0.2 s; it is 0.25 s." in text
    )
    assert "float32 against its limit: **2.10**, target 1.4: **not met**" in text


def test_the_report_has_light_beside_vit_b() -> None:
    results = _results(0.8, peak=1e9)
    light = [
        Series(figures.LIGHT, OURS, row, "s", (seconds,))
        for row, seconds in ((figures.FIRST, 0.1), (figures.LATER, 0.05))
    ]
    text = markdown(replace(results, series=[*results.series, *light]))
    assert "| first click | 0.8 s (0.8) | 0.1 s (0.1) | **8**, target 4: met |" in text
    assert "| later click | 0.25 s (0.25) | 0.05 s (0.05) | 5 |" in text
    assert "## light\n" not in text


def test_the_report_says_what_the_limit_allows() -> None:
    text = markdown(_results(4.0, peak=0.5e9))
    assert "first click, transformers: 5 of 10, **not met**. It would take 2 s; it is 4 s." in text
    assert "limit of 2 s and the rest as measured (0.25 s) it would be 2.25 s, 8.89 times. A faster" in text
    assert "2.25 s, 4.44 times. The limit alone is more than the target allows" in text


def test_a_new_report_keeps_the_section_on_a_gpu(tmp_path: Path) -> None:
    on_gpu = section([Row("ViT-B", "click", "5 ms")], {"card": "one"})
    (tmp_path / "RESULTS.md").write_text(f"# Old\n\n{on_gpu}\n")
    text = write(_results(0.8, peak=1e9), tmp_path).read_text()
    assert text.startswith("# Side by side")
    assert text.endswith(f"{on_gpu}\n")


def test_more_clicks_a_second_are_better() -> None:
    few, many = (
        Series("tiny", way, "users", "clicks/s", (rate,)) for way, rate in ((OFFICIAL, 2.0), (OURS, 6.0))
    )
    assert ratio(few, many) == 3.0
    assert many.best == 6.0
