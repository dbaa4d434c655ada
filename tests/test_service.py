"""The service: one encoder pass a picture, right choices, errors that say what is wrong."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samhq_demo.cache import BoundedCache
from samhq_demo.library import ModelLibrary
from samhq_demo.masks.runs import Runs
from samhq_demo.models.pair import ModelPair
from samhq_demo.pictures import read_picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.refinement import RefineStep
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService, NotEncodedError, build_service
from samhq_demo.settings import Settings
from tests.support.parity import picture_of

EXAMPLES = Path(__file__).parent.parent / "examples"
CLICK = Prompt(points=((30.0, 20.0),), labels=(1,))
BOX = Prompt(box_xyxy=(5.0, 5.0, 60.0, 40.0))


@pytest.fixture
def encodes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Every run of an image encoder, for real, noted down."""
    ran: list[tuple[int, ...]] = []
    real = ModelPair.run_encoders

    def counting(self: ModelPair, pixel_values, **how):
        ran.append(tuple(pixel_values.shape))
        return real(self, pixel_values, **how)

    monkeypatch.setattr(ModelPair, "run_encoders", counting)
    return ran


@pytest.fixture
def fresh(checkpoint: Path, encodes: list[tuple[int, ...]]) -> CompareService:
    return build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))


def test_second_click_reuses_the_embedding(fresh: CompareService, encodes: list[tuple[int, ...]]) -> None:
    picture = picture_of((80, 60))
    first = fresh.compare(picture, Request([CLICK]))
    second = fresh.compare(picture, Request([BOX]))
    assert (first.encoded, second.encoded) == ("now", "cached")
    assert len(encodes) == 1


def test_upload_encodes_before_the_first_click(fresh: CompareService, encodes: list[tuple[int, ...]]) -> None:
    picture = picture_of((80, 60))
    assert fresh.prepare(picture) == "now"
    assert fresh.compare(picture, Request([CLICK])).encoded == "cached"
    assert len(encodes) == 1


def test_two_users_of_one_new_picture_run_the_encoder_once(
    fresh: CompareService, encodes: list[tuple[int, ...]]
) -> None:
    # Each makes its own Picture of the same pixels: what counts is the content.
    together, how = threading.Barrier(4), []

    def ask() -> None:
        picture = picture_of((300, 200), seed=5)
        together.wait()
        how.append(fresh.compare(picture, Request([CLICK])).encoded)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(encodes) == 1
    assert sorted(how)[-1] in {"now", "shared"}
    assert how.count("now") == 1


def test_single_point_gets_candidates_and_nothing_else_does(service: CompareService) -> None:
    picture = picture_of((80, 60))
    rough = np.zeros((60, 80), bool)
    rough[10:40, 10:50] = True
    started_from = Runs.from_mask(rough)
    assert service.compare(picture, Request([CLICK])).objects[0].sam.candidates is not None
    assert service.compare(picture, Request([BOX])).objects[0].sam.candidates is None
    assert (
        service.compare(picture, Request([CLICK], mask_prompt=started_from)).objects[0].sam.candidates is None
    )
    assert (
        service.compare(picture, Request([BOX], multimask_output=True)).objects[0].sam_hq.candidates
        is not None
    )
    assert (
        service.compare(picture, Request([CLICK], multimask_output=False)).objects[0].sam.candidates is None
    )


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many prompts each run of the decoders had, for real."""
    ran: list[int] = []
    real = ModelPair.decode

    def counting(self: ModelPair, embedding, prompts, **how):
        ran.append(len(prompts))
        return real(self, embedding, prompts, **how)

    monkeypatch.setattr(ModelPair, "decode", counting)
    return ran


@pytest.mark.parametrize("prompt", [CLICK, BOX])
@pytest.mark.parametrize("hq_token_only", [False, True])
def test_a_preview_has_the_best_masks_and_the_rest_costs_no_decoding(
    fresh: CompareService, decodes: list[int], prompt: Prompt, hq_token_only: bool
) -> None:
    picture = picture_of((80, 60))
    preview = fresh.preview(picture, Request([prompt], hq_token_only=hq_token_only))
    (whole,) = fresh.compare(picture, Request([prompt], hq_token_only=hq_token_only)).objects
    assert decodes == [1]
    for shown, full in ((preview.sam, whole.sam), (preview.sam_hq, whole.sam_hq)):
        assert shown.runs == full.runs
        assert shown.predicted_iou == full.predicted_iou


def test_a_preview_of_a_large_picture_is_small_and_the_same_mask(service: CompareService) -> None:
    picture, box = picture_of((2400, 1800)), Prompt(box_xyxy=(300.0, 200.0, 2100.0, 1500.0))
    preview = service.preview(picture, Request([box]))
    (whole,) = service.compare(picture, Request([box])).objects
    for shown, full in ((preview.sam, whole.sam), (preview.sam_hq, whole.sam_hq)):
        small = shown.runs.mask()
        assert small.shape == (886, 1182)
        assert 0 < small.mean() < 1
        # The full mask's pixels in which the small one's have their centers.
        rows = ((np.arange(886) + 0.5) * 1800 / 886).astype(int)
        columns = ((np.arange(1182) + 0.5) * 2400 / 1182).astype(int)
        assert (full.runs.mask()[np.ix_(rows, columns)] == small).mean() > 0.995


def test_a_preview_encodes_only_where_it_may(fresh: CompareService) -> None:
    with pytest.raises(NotEncodedError):
        fresh.preview(picture_of((80, 60)), Request([CLICK]), may_encode=False)


@pytest.mark.parametrize(
    "changed",
    [
        {"prompts": [BOX]},
        {"refine_from": [RefineStep(BOX)]},
        {"refine_from": [RefineStep(CLICK)]},
        {"refine_from": [RefineStep(CLICK)], "hq_token_only": True},
        {"mask_prompt": Runs.from_mask(np.ones((60, 80), bool))},
        {"picture": picture_of((80, 61))},
    ],
)
def test_another_question_is_answered_as_if_it_were_the_first(
    fresh: CompareService, checkpoint: Path, changed: dict[str, Any]
) -> None:
    other = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    picture = picture_of((80, 60))
    fresh.compare(picture, Request([CLICK]))
    fresh.compare(picture, Request([CLICK], refine_from=[RefineStep(CLICK)]))
    changed = dict(changed)
    picture, request = changed.pop("picture", picture), Request(**{"prompts": [CLICK], **changed})
    assert fresh.compare(picture, request).objects == other.compare(picture, request).objects


def test_candidates_come_best_first_and_the_answer_is_the_best(service: CompareService) -> None:
    found = service.compare(picture_of((80, 60)), Request([CLICK])).objects[0]
    for answer in (found.sam, found.sam_hq):
        assert answer.candidates is not None
        scores = [c.predicted_iou for c in answer.candidates]
        assert scores == sorted(scores, reverse=True)
        assert answer.predicted_iou == scores[0]
        assert answer.runs == answer.candidates[0].runs


def test_every_object_of_a_batch_gets_the_mask_it_gets_alone(service: CompareService) -> None:
    picture = picture_of((80, 60))
    rng = np.random.default_rng(0)
    prompts = [
        Prompt(points=tuple(map(tuple, rng.uniform(0, 60, (n, 2)))), labels=(1,) * n)
        for n in (1, 2, 1, 3, 2, 1)
    ]
    prompts += [BOX, Prompt(points=((20.0, 20.0),), labels=(1,), box_xyxy=(5.0, 5.0, 60.0, 40.0))]
    together = service.compare(picture, Request(prompts, multimask_output=False)).objects
    for prompt, one in zip(prompts, together, strict=True):
        alone = service.compare(picture, Request([prompt], multimask_output=False)).objects[0]
        for a, b in ((one.sam, alone.sam), (one.sam_hq, alone.sam_hq)):
            assert (a.runs.mask() == b.runs.mask()).mean() >= 0.999
            assert a.predicted_iou == pytest.approx(b.predicted_iou, abs=1e-4)


def test_truth_gives_true_scores(service: CompareService) -> None:
    picture = picture_of((80, 60))
    first = service.compare(picture, Request([BOX])).objects[0]
    assert first.sam.true_iou is None
    again = service.compare(picture, Request([BOX], ground_truth=first.sam.runs)).objects[0]
    assert again.sam.true_iou == 1.0
    assert again.sam.true_boundary_iou == 1.0
    assert again.sam_hq.true_iou == pytest.approx(first.agreement.iou)


def test_tiny_refines_an_earlier_answer() -> None:
    tiny = build_service(Settings(model="tiny", device="cpu", dtype="float32"))
    picture = read_picture(EXAMPLES / "house.jpg")
    click = Prompt(points=((237.0, 305.0),), labels=(1,))
    both = Prompt(points=((237.0, 305.0), (20.0, 20.0)), labels=(1, 0))
    alone = tiny.compare(picture, Request([both])).objects[0]
    refined = tiny.compare(picture, Request([both], refine_from=[RefineStep(click)])).objects[0]
    assert refined.prompt == both
    assert (refined.sam.runs.mask() != alone.sam.runs.mask()).any()
    assert (refined.sam_hq.runs.mask() != alone.sam_hq.runs.mask()).any()


def test_every_step_counts_and_so_does_their_order(service: CompareService) -> None:
    picture = picture_of((80, 60))
    chains = [(), (CLICK,), (BOX,), (CLICK, BOX), (BOX, CLICK), (BOX, BOX)]
    found = [
        service.compare(picture, Request([BOX], refine_from=[RefineStep(p) for p in chain])).objects[0]
        for chain in chains
    ]
    for answers in ([one.sam.runs for one in found], [one.sam_hq.runs for one in found]):
        assert len(set(answers)) == len(chains)


def test_a_refined_answer_comes_out_the_same_each_time(service: CompareService) -> None:
    """Nothing is kept between requests: the chain is all that counts."""
    picture = picture_of((80, 60))
    first = service.compare(picture, Request([BOX], refine_from=[RefineStep(CLICK)]))
    service.compare(picture, Request([CLICK], refine_from=[RefineStep(BOX)]))
    again = service.compare(picture, Request([BOX], refine_from=[RefineStep(CLICK)]))
    assert again.objects == first.objects


def test_each_model_goes_on_from_the_candidate_chosen_of_its_own(service: CompareService) -> None:
    picture = picture_of((80, 60))
    found = {
        (sam, sam_hq): service.compare(
            picture, Request([BOX], refine_from=[RefineStep(CLICK, sam, sam_hq)])
        ).objects[0]
        for sam, sam_hq in ((0, 0), (1, 0), (2, 0), (0, 1), (0, 2))
    }
    best = found[0, 0]
    for sam, sam_hq in ((1, 0), (2, 0)):
        assert found[sam, sam_hq].sam.runs != best.sam.runs
        assert found[sam, sam_hq].sam_hq == best.sam_hq
    for sam, sam_hq in ((0, 1), (0, 2)):
        assert found[sam, sam_hq].sam == best.sam
        assert found[sam, sam_hq].sam_hq.runs != best.sam_hq.runs
    assert len({one.sam.runs for one in found.values()}) == 3


def test_a_mask_prompt_starts_the_first_step(service: CompareService) -> None:
    picture = picture_of((80, 60))
    rough = np.zeros((60, 80), bool)
    rough[10:40, 10:50] = True
    started_from = Runs.from_mask(rough)
    without = service.compare(picture, Request([BOX], refine_from=[RefineStep(CLICK)])).objects[0]
    started = service.compare(
        picture, Request([BOX], refine_from=[RefineStep(CLICK)], mask_prompt=started_from)
    ).objects[0]
    direct = service.compare(picture, Request([BOX], mask_prompt=started_from)).objects[0]
    assert len({one.sam_hq.runs for one in (without, started, direct)}) == 3
    # The mask alone is a step as well.
    service.compare(picture, Request([BOX], refine_from=[RefineStep(Prompt())], mask_prompt=started_from))


def test_a_refining_prompt_may_be_empty_and_has_one_mask_unless_more_are_asked_for(
    service: CompareService,
) -> None:
    picture, steps = picture_of((80, 60)), [RefineStep(CLICK)]
    assert service.compare(picture, Request([Prompt()], refine_from=steps)).objects[0].prompt == Prompt()
    assert service.compare(picture, Request([CLICK], refine_from=steps)).objects[0].sam.candidates is None
    asked = service.compare(picture, Request([CLICK], refine_from=steps, multimask_output=True)).objects[0]
    assert asked.sam.candidates is not None


@pytest.mark.parametrize(
    ("steps", "options", "told"),
    [
        ([RefineStep(CLICK)] * 17, {}, "17 steps"),
        ([RefineStep(CLICK), RefineStep(Prompt(points=((500.0, 1.0),), labels=(1,)))], {}, "^Step 2 .*500"),
        ([RefineStep(Prompt())], {}, "^Step 1 .*Nothing is asked for"),
        ([RefineStep(BOX, 1)], {}, "^Step 1 .*sam_candidate is 1"),
        ([RefineStep(BOX, 0, 2)], {}, "^Step 1 .*sam_hq_candidate is 2"),
        ([RefineStep(CLICK, 1)], {"multimask_output": False}, "single mask"),
        ([RefineStep(CLICK), RefineStep(CLICK, 1)], {}, "^Step 2 .*single mask"),
        ([RefineStep(CLICK, 1)], {"mask_prompt": Runs.from_mask(np.ones((60, 80), bool))}, "single mask"),
    ],
)
def test_a_wrong_step_is_told_in_one_sentence_before_a_model_is_loaded(
    checkpoint: Path, steps: list[RefineStep], options: dict[str, object], told: str
) -> None:
    library = ModelLibrary(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    service = CompareService(library, cache=BoundedCache(max_bytes=1))
    with pytest.raises(ValueError, match=told) as caught:
        service.compare(picture_of((80, 60)), Request([CLICK], refine_from=steps, **options))
    assert "\n" not in str(caught.value)
    assert not service.status().ready


@pytest.mark.parametrize(
    ("prompts", "options", "told"),
    [
        ([], {}, "0 objects"),
        ([CLICK] * 33, {}, "33 objects"),
        ([Prompt()], {}, "point"),
        ([Prompt(points=((500.0, 1.0),), labels=(1,))], {}, "500"),
        ([CLICK], {"model": "enormous"}, "enormous"),
        ([CLICK], {"mask_prompt": Runs.from_mask(np.ones((3, 3), bool))}, "3x3"),
        ([CLICK], {"ground_truth": Runs.from_mask(np.ones((3, 3), bool))}, "3x3"),
        ([CLICK, BOX], {"mask_prompt": Runs.from_mask(np.ones((60, 80), bool))}, "one object"),
        ([CLICK, BOX], {"refine_from": [RefineStep(CLICK)]}, "one object"),
    ],
)
def test_a_wrong_request_is_told_in_one_sentence(
    service: CompareService, prompts: list[Prompt], options: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        service.compare(picture_of((80, 60)), Request(prompts, **options))
    assert "\n" not in str(caught.value)


def test_unequal_encoders_both_run_and_the_masks_are_each_models_own(tmp_path: Path) -> None:
    from testbed.checkpoints import SMALL, random_sam, random_sam_hq, save
    from tests.support.parity import Official, sam_predictor

    sam_hq, sam = random_sam_hq(SMALL, seed=3), random_sam(SMALL, seed=4)
    service = build_service(
        Settings(
            model=str(save(sam_hq, tmp_path / "hq")),
            baseline=str(save(sam, tmp_path / "sam")),
            device="cpu",
            dtype="float32",
        )
    )
    picture = picture_of((80, 60))
    found = service.compare(picture, Request([BOX], multimask_output=False)).objects[0]
    official = Official(sam_hq, picture)
    official.sam = sam_predictor(sam)
    official.sam.set_image(picture.pixels)
    assert (found.sam.runs.mask() == official.sam_masks(BOX, None, multimask=False)[0][0]).mean() >= 0.999
    true_hq, *_ = official.sam_hq_mask(BOX, None, multimask=False, hq_token_only=False)
    assert (found.sam_hq.runs.mask() == true_hq).mean() >= 0.999


def test_published_format_baseline_equal_to_the_frozen_tensors_shares_the_encoder(tmp_path: Path) -> None:
    from samhq_demo.models.checkpoints import frozen_sam
    from testbed.checkpoints import SMALL, random_sam_hq, save

    sam_hq = random_sam_hq(SMALL, seed=3)
    folder, baseline = save(sam_hq, tmp_path / "hq"), save(frozen_sam(sam_hq), tmp_path / "sam")
    library = ModelLibrary(Settings(model=str(folder), baseline=str(baseline), device="cpu", dtype="float32"))
    pair = library.pair(None)
    assert pair.shared_encoder
    assert pair.sam.vision_encoder is None
    service = CompareService(library, cache=BoundedCache(max_bytes=1))
    assert service.compare(picture_of((80, 60)), Request([BOX])).model == "hq"


def test_unreadable_checkpoint_is_told_and_not_half_loaded(tmp_path: Path) -> None:
    from testbed.checkpoints import SMALL, random_sam, save

    service = build_service(
        Settings(model=str(save(random_sam(SMALL, seed=1), tmp_path / "wrong")), device="cpu")
    )
    with pytest.raises(ValueError, match="SAM-HQ checkpoint"):
        service.compare(picture_of((80, 60)), Request([CLICK]))
    assert service.status().model is None


def test_counted_parameters_are_those_of_the_published_geometries() -> None:
    import torch
    from transformers import SamHQConfig, SamHQModel, SamModel

    from samhq_demo.models.checkpoints import sam_config
    from samhq_demo.weights.names import COUNTED

    shapes = {"base": (768, 12, 12), "large": (1024, 24, 16), "huge": (1280, 32, 16)}
    for name, (width, depth, heads) in shapes.items():
        vision = {
            "hidden_size": width,
            "num_hidden_layers": depth,
            "num_attention_heads": heads,
            "mlp_dim": 4 * width,
            "global_attn_indexes": [depth // 4 * (i + 1) - 1 for i in range(4)],
        }
        with torch.device("meta"):
            sam_hq = SamHQModel(SamHQConfig(vision_config=vision, mask_decoder_config={"vit_dim": width}))
            sam = SamModel(sam_config(sam_hq.config))
        total = sum(p.numel() for p in sam_hq.parameters())
        assert COUNTED[name] == (total, total - sum(p.numel() for p in sam.parameters()))
