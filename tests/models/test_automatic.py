"""Everything in a picture: the official generators' masks, in bounded memory, and it can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from samhq_demo.models.checkpoints import frozen_sam
from samhq_demo.models.held_logits import HeldLogits
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import ModelPair
from samhq_demo.models.upsampling import FullMask
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.everything import FoundMask, StoppedError
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from testbed.checkpoints import SMALL, random_sam_hq, save
from testbed.official import official_sam, official_sam_hq, sam_hq_predictor, sam_predictor
from tests.support.parity import picture_of, service_of
from tests.support.pixels import mask_iou
from tests.support.programs import run_python

LEAST_PIXELS = 0.999
# What tiny is sure of, and what random weights are: of nothing.
TINY = {"predicted_iou_threshold": 0.5, "stability_threshold": 0.8}
ALL: dict[str, Any] = {"predicted_iou_threshold": 0, "stability_threshold": 0, "box_nms_threshold": 1}
OFFICIAL_NAMES = {
    "points_per_side": "points_per_side",
    "predicted_iou_threshold": "pred_iou_thresh",
    "stability_threshold": "stability_score_thresh",
    "stability_offset": "stability_score_offset",
    "box_nms_threshold": "box_nms_thresh",
    "crop_layers": "crop_n_layers",
    "crop_nms_threshold": "crop_nms_thresh",
    "crop_overlap": "crop_overlap_ratio",
    "crop_points_downscale": "crop_n_points_downscale_factor",
    "min_area": "min_mask_region_area",
}


@pytest.fixture(scope="module")
def tiny() -> CompareService:
    return build_service(Settings(model="tiny", device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompareService, Any]:
    """A service, and the SAM-HQ that it has loaded."""
    sam_hq = random_sam_hq(SMALL, seed=3)
    return service_of(save(sam_hq, tmp_path_factory.mktemp("random") / "small")), sam_hq


@pytest.fixture(scope="module")
def drawn() -> Picture:
    """Shapes large and small on a plain ground: 300 x 200."""
    image = Image.new("RGB", (300, 200), (70, 90, 130))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 120, 120), fill=(230, 200, 60))
    draw.rectangle((180, 30, 270, 90), fill=(200, 60, 50))
    for place in range(4):
        draw.ellipse((30 + 60 * place, 140, 60 + 60 * place, 170), fill=(40 + 50 * place, 180, 110))
    return Picture.from_pixels(np.asarray(image))


@pytest.fixture(scope="module")
def officials() -> Callable[[Any], tuple[Any, Any]]:
    """Both official models of a SAM-HQ, made once; their encoders see the same pixels once."""
    made: dict[int, tuple[Any, Any]] = {}

    def of(sam_hq: Any) -> tuple[Any, Any]:
        if id(sam_hq) not in made:
            predictors = sam_predictor(frozen_sam(sam_hq)), sam_hq_predictor(sam_hq)
            for predictor in predictors:
                encoder = predictor.model.image_encoder
                encoder.forward = once_a_picture(encoder.forward)
            made[id(sam_hq)] = predictors[0].model, predictors[1].model
        return made[id(sam_hq)]

    return of


@pytest.fixture(scope="module", autouse=True)
def encoded_once() -> Iterator[None]:
    """Ours as well: what comes after the encoders is tested here, and they take most of the time."""
    real, found = ModelPair.run_encoders, {}

    def run_encoders(self: ModelPair, pixel_values: torch.Tensor, **how: Any) -> Any:
        if self not in found:
            found[self] = once_a_picture(partial(real, self))
        return found[self](pixel_values, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModelPair, "run_encoders", run_encoders)
        yield


def once_a_picture(encode: Callable[..., Any]) -> Callable[..., Any]:
    found: dict[bytes, Any] = {}

    def encode_once(pixel_values: torch.Tensor, *more: Any, **how: Any) -> Any:
        key = pixel_values.numpy().tobytes()
        if key not in found:
            found[key] = encode(pixel_values, *more, **how)
        return found[key]

    return encode_once


def assert_official(ours: Sequence[FoundMask], official: Sequence[dict[str, Any]], *, least: int) -> None:
    """The same masks, whichever comes first; at least so many."""
    assert len(ours) == len(official) >= least

    def key(point: Sequence[float], score: float) -> tuple[float, ...]:
        return round(point[1], 3), round(point[0], 3), score

    own = sorted(ours, key=lambda mask: key(mask.point_xy, mask.predicted_iou))
    true = sorted(official, key=lambda record: key(record["point_coords"][0], record["predicted_iou"]))
    for mask, record in zip(own, true, strict=True):
        assert mask.point_xy == pytest.approx(record["point_coords"][0])
        assert mask.predicted_iou == pytest.approx(record["predicted_iou"], abs=1e-4)
        # A share of pixels, of which one may lie within rounding of a threshold.
        one_pixel = 1.01 / max(1, mask.runs.area)
        assert mask.stability == pytest.approx(record["stability_score"], abs=max(1e-3, one_pixel))
        assert (mask.runs.mask() == record["segmentation"]).mean() >= LEAST_PIXELS
    areas = [mask.runs.area for mask in ours]
    assert areas == sorted(areas, reverse=True)


def assert_equal_to_both(
    service: CompareService, officials: tuple[Any, Any], picture: Picture, *, least: int, **options: Any
) -> None:
    found = service.segment_everything(picture, EverythingOptions(**options))
    named = {OFFICIAL_NAMES[name]: value for name, value in options.items()}
    sam, sam_hq = officials
    assert_official(
        found.sam,
        official_sam.SamAutomaticMaskGenerator(sam, **named).generate(picture.pixels),
        least=least,
    )
    assert_official(
        found.sam_hq,
        official_sam_hq.SamAutomaticMaskGenerator(sam_hq, **named).generate(picture.pixels),
        least=least,
    )


@pytest.mark.parametrize(
    "options",
    [
        ALL,
        {**ALL, "stability_threshold": 0.02, "stability_offset": 0.5},
        {**ALL, "min_area": 40},
        {**ALL, "predicted_iou_threshold": 0.1},
    ],
)
def test_masks_of_random_weights_are_the_official_ones(
    random: tuple[CompareService, Any],
    officials: Callable[[Any], tuple[Any, Any]],
    options: dict[str, Any],
) -> None:
    service, sam_hq = random
    picture = picture_of((160, 100))
    assert_equal_to_both(service, officials(sam_hq), picture, least=4, points_per_side=4, **options)


@pytest.mark.parametrize("size_wh", [(60, 160), (160, 9), (7, 160), (120, 120)])
def test_masks_reach_the_edges_of_a_picture_of_any_shape(
    random: tuple[CompareService, Any], officials: Callable[[Any], tuple[Any, Any]], size_wh: tuple[int, int]
) -> None:
    # No masks are made of the padding beyond them.
    service, sam_hq = random
    assert_equal_to_both(service, officials(sam_hq), picture_of(size_wh), least=4, points_per_side=4, **ALL)


@pytest.mark.parametrize(
    "options",
    [
        {"points_per_side": 8},
        {"points_per_side": 4, "crop_layers": 1},
        {"points_per_side": 6, "crop_layers": 1, "crop_points_downscale": 2, "crop_nms_threshold": 0.5},
        {"points_per_side": 6, "min_area": 60, "stability_threshold": 0.7},
        {"points_per_side": 6, "box_nms_threshold": 0.3},
    ],
)
def test_masks_of_the_bundled_checkpoint_are_the_official_ones(
    tiny: CompareService,
    officials: Callable[[Any], tuple[Any, Any]],
    drawn: Picture,
    options: dict[str, Any],
) -> None:
    sam_hq = tiny._library.pair("tiny").sam_hq
    assert_equal_to_both(tiny, officials(sam_hq), drawn, least=3, **{**TINY, **options})


@pytest.mark.parametrize("more", [{}, {"crop_layers": 1, "points_per_side": 4}])
def test_one_search_tells_what_stays_with_each_stability(
    tiny: CompareService, drawn: Picture, more: dict[str, Any]
) -> None:
    options = {"points_per_side": 8, "predicted_iou_threshold": 0.3, **more}
    all_of_it = tiny.segment_everything(
        drawn, EverythingOptions(**options, stability_threshold=0.5, all_stabilities=True)
    )
    seen = set()
    for threshold in (0.5, 0.7, 0.8, 0.9):
        alone = tiny.segment_everything(drawn, EverythingOptions(**options, stability_threshold=threshold))
        for branch in ("sam", "sam_hq"):
            stay = [
                mask.runs
                for mask in all_of_it.by(branch)
                if any(low < threshold <= high for low, high in mask.stays)
            ]
            assert stay == [mask.runs for mask in alone.by(branch)]
            seen |= set(stay)
    # Some of them are duplicates at first.
    assert len(seen) > len(
        {mask.runs for b in ("sam", "sam_hq") for mask in all_of_it.by(b) if mask.stays[0][0] < 0}
    )


def test_it_finds_the_drawn_shapes(tiny: CompareService, drawn: Picture) -> None:
    found = tiny.segment_everything(drawn, EverythingOptions(points_per_side=8, **TINY))
    disk = np.hypot(*(np.indices((200, 300)) - 70)) <= 50
    for masks in (found.sam, found.sam_hq):
        assert max(mask_iou(mask.runs.mask(), disk) for mask in masks) > 0.9


def test_the_picture_is_encoded_once_for_both_and_every_crop_once(
    drawn: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    real = ModelPair.run_encoders

    def counting(self: ModelPair, pixel_values: Any, **how: Any) -> Any:
        ran.append(pixel_values)
        return real(self, pixel_values, **how)

    monkeypatch.setattr(ModelPair, "run_encoders", counting)
    fresh = build_service(Settings(model="tiny", device="cpu", dtype="float32"))
    assert fresh.prepare(drawn) == "now"
    found = fresh.segment_everything(drawn, EverythingOptions(points_per_side=2, crop_layers=1))
    assert found.encoded == "cached"
    assert len(ran) == 1 + 4


def test_little_memory_gives_the_same_masks(service: CompareService) -> None:
    picture = picture_of((900, 700))
    options = {**ALL, "points_per_side": 8}
    plenty = service.segment_everything(picture, EverythingOptions(**options, memory_mb=4096))
    little = service.segment_everything(picture, EverythingOptions(**options, memory_mb=16))
    # More than there is room for in a quarter of the memory, so some were let go and made again.
    assert sum(mask.runs.nbytes for mask in plenty.sam) > 16 * 2**20 / 4
    for branch in ("sam", "sam_hq"):
        ours, others = little.by(branch), plenty.by(branch)
        assert len(ours) == len(others) > 60
        by_score = {(mask.point_xy, round(mask.predicted_iou, 4)): mask for mask in others}
        for mask in ours:
            other = by_score[mask.point_xy, round(mask.predicted_iou, 4)]
            assert (mask.runs.mask() == other.runs.mask()).mean() >= LEAST_PIXELS


def test_of_duplicates_no_masks_are_made(tiny: CompareService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawn house is seen from nearly every point, and is found a few times."""
    counts = {"held": 0, "made": 0}
    hold, make = HeldLogits.of, InputTransform.full_mask

    def holding(*args: Any, **options: Any) -> HeldLogits:
        counts["held"] += 1
        return hold(*args, **options)

    def making(*args: Any, **options: Any) -> FullMask:
        counts["made"] += 1
        return make(*args, **options)

    monkeypatch.setattr(HeldLogits, "of", holding)
    monkeypatch.setattr(InputTransform, "full_mask", making)
    house = Picture.from_pixels(np.asarray(Image.open("examples/house.jpg").convert("RGB")))
    found = tiny.segment_everything(house, EverythingOptions(points_per_side=16))
    assert counts["held"] > 100
    assert 0 < len(found.sam) + len(found.sam_hq) <= counts["made"] < counts["held"] / 5


def test_no_more_points_are_decoded_at_once_than_memory_allows(
    tiny: CompareService, drawn: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    real = ModelPair.attend_many

    def counting(self: ModelPair, branch: Any, shared: Any, transform: Any, prompts: Sequence[Prompt]) -> Any:
        at_once.append(len(prompts))
        return real(self, branch, shared, transform, prompts)

    monkeypatch.setattr(ModelPair, "attend_many", counting)
    for memory_mb in (16, 64):
        at_once.clear()
        tiny.segment_everything(drawn, EverythingOptions(points_per_side=9, memory_mb=memory_mb))
        # Half of it for decoding, shared by two, of which a point takes 12 bytes a value of the embedding.
        assert max(at_once) * 2 * 12 * 128 * 40 * 40 <= memory_mb * 2**20 / 2
        assert sum(at_once) >= 2 * 81


GROWTH = """
import numpy as np
from PIL import Image

from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.service import build_service
from samhq_demo.settings import Settings
from testbed.memory import peak_mb

service = build_service(Settings(model="tiny", device="cpu"))
picture = Picture.from_pixels(np.asarray(Image.open("examples/house.jpg").convert("RGB")))

service.segment_everything(picture, EverythingOptions(points_per_side=1, memory_mb=16))
for memory_mb in (64, 256):
    before = peak_mb()
    found = service.segment_everything(picture, EverythingOptions(points_per_side=20, memory_mb=memory_mb))
    assert found.sam and found.sam_hq
    print(peak_mb() - before)
"""


def test_it_takes_no_more_memory_than_it_is_told() -> None:
    little, plenty = map(float, run_python(GROWTH).split())
    assert little <= 64
    assert 10 < plenty <= 256 - little


def test_progress_grows_to_one(tiny: CompareService, drawn: Picture) -> None:
    told: list[float] = []
    tiny.segment_everything(drawn, EverythingOptions(points_per_side=20), on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 10


def test_it_stops_soon_and_the_next_click_is_answered(tiny: CompareService, drawn: Picture) -> None:
    told: list[float] = []
    with pytest.raises(StoppedError):
        tiny.segment_everything(drawn, on_progress=told.append, should_stop=lambda: len(told) >= 3)
    assert len(told) == 3 and told[-1] < 0.3
    click = Prompt(points=((70.0, 70.0),), labels=(1,))
    assert tiny.compare(drawn, Request([click])).objects[0].sam_hq.runs.area


def test_a_picture_of_one_pixel(service: CompareService) -> None:
    picture = Picture.from_pixels(np.full((1, 1, 3), 90, np.uint8))
    found = service.segment_everything(picture, EverythingOptions(points_per_side=1, crop_layers=1, **ALL))
    assert all(mask.runs.size_hw == (1, 1) for mask in (*found.sam, *found.sam_hq))


def test_the_answer_as_json_has_plain_values(tiny: CompareService, drawn: Picture) -> None:
    found = tiny.segment_everything(drawn, EverythingOptions(points_per_side=8, **TINY)).to_json()
    assert found["model"] == "tiny"
    assert found["image"] == {"width": 300, "height": 200}
    first = found["sam_hq"][0]
    assert list(first) == ["rle", "bbox", "area", "predicted_iou", "stability", "point"]
    assert [type(value) for value in first["point"] + first["bbox"]] == [float] * 2 + [int] * 4


def test_a_model_that_is_not_here_is_told(tiny: CompareService, drawn: Picture, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no model 'best'"):
        tiny.segment_everything(drawn, model="best")
