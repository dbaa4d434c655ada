"""What `benchmarks.gpu` measures, part by part: each yields its findings as soon as it has them."""

from __future__ import annotations

import copy
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from benchmarks import questions
from benchmarks.card import PRECISIONS, Card
from benchmarks.gpu_report import Row
from benchmarks.limit import encoder_flops
from samhq_demo.inline import InlineExecutor
from samhq_demo.masks.overlap import Overlap
from samhq_demo.masks.runs import Runs
from samhq_demo.models.answering import Answerer
from samhq_demo.models.checkpoints import frozen_sam, pair_of
from samhq_demo.models.compute import choose_compute
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.encoder import run_encoder
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import DecodedPair, ModelPair, OnSam
from samhq_demo.pictures import Picture
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.results.everything import StoppedError
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings

EQUAL_PIXELS, MEAN_IOU = 0.999, 0.99
EQUAL_WANTED = "99.9 % of each mask's pixels"
CLICK_MS = 15.0
_OF_A_SMALL_MODEL = EverythingOptions(predicted_iou_threshold=0.3, stability_threshold=0.5)
NO_OFFICIAL = "the official packages are not on this machine"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked.

    Attributes:
        product_side: of the product that the encoder's limit comes from.
        everything: by default what the page asks of a small model, which is seldom sure of a mask.
        light: whether Light HQ-SAM is looked at, which has one size only.
    """

    size_wh: tuple[int, int] = questions.SIZE_WH
    rounds: int = 30
    pictures: int = 2
    product_side: int = 8192
    boxes: int = 32
    users: tuple[int, ...] = (1, 16, 64)
    user_seconds: float = 3.0
    patience: float = 30.0
    everything: EverythingOptions = _OF_A_SMALL_MODEL
    light: bool = True


def pair_on(model: Any, *, name: str, device: str, dtype: str | None) -> ModelPair:
    """The app's pair of a SAM-HQ and the SAM inside it; the model stays as it is."""
    own = copy.deepcopy(model)
    return pair_of(frozen_sam(own), own, name=name, compute=choose_compute(device=device, dtype=dtype))


def parity(model: Any, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """Each precision on the card against float32 on the CPU."""
    reference = _masks(pair_on(model, name=name, device="cpu", dtype="float32"), plan)
    for dtype in PRECISIONS:
        what = f"parity in {dtype}"
        wanted = EQUAL_WANTED if dtype == "float32" else "mean IoU 0.99"
        try:
            found = _masks(pair_on(model, name=name, device=card.device.type, dtype=dtype), plan)
        except ValueError as error:  # what is not finite, told by the app itself
            yield Row(name, what, str(error), wanted=wanted, met=False, is_parity=True)
            continue
        overlaps, equal = _compared(found, reference)
        iou = fmean(one.iou for one in overlaps)
        told = (
            f"{equal:.4%} of the worst mask's pixels, mean IoU {iou:.5f}, {len(overlaps)} masks, all finite"
        )
        met = equal >= EQUAL_PIXELS if dtype == "float32" else iou >= MEAN_IOU
        value = equal if dtype == "float32" else iou
        yield Row(name, what, told, value=value, unit="share", wanted=wanted, met=met, is_parity=True)


def _compared(found: Sequence[Runs], reference: Sequence[Runs]) -> tuple[list[Overlap], float]:
    """The masks' overlaps, one by one, and the share of equal pixels of the worst mask."""
    overlaps = [Overlap.between(a, b) for a, b in zip(found, reference, strict=True)]
    height, width = reference[0].size_hw
    return overlaps, min(1 - (one.only_a + one.only_b) / (height * width) for one in overlaps)


def _masks(pair: ModelPair, plan: Plan) -> list[Runs]:
    """Both branches' single masks of some clicks and boxes in each picture, each alone and all together."""
    found = []
    answerer = Answerer(pair)
    for number in range(plan.pictures):
        picture = questions.picture(number, size_wh=plan.size_wh)
        asked = [ask(3, number=number, size_wh=plan.size_wh) for ask in (questions.clicks, questions.boxes)]
        prompts = [*asked[0], *asked[1]]
        embedding = pair.encode(picture)
        for some in (*([prompt] for prompt in prompts), prompts):
            request = Request(some, multimask_output=False)
            objects = answerer.compare(
                embedding,
                request,
                decode=partial(_decoded, answerer, embedding, request),
                executor=InlineExecutor(),
            )
            found += [mask.runs for one in objects for mask in (one.sam, one.sam_hq)]
    return found


def _decoded(
    answerer: Answerer, embedding: ImageEmbedding, request: Request, on_sam: OnSam | None
) -> DecodedPair:
    return answerer.decode(embedding, request, on_sam=on_sam)


def encoder(
    model: Any, name: str, card: Card, plan: Plan, *, precisions: tuple[str, ...] = PRECISIONS
) -> Iterator[Row]:
    """The encoder alone against its limit, for one picture and for four at once; a whole new picture."""
    for dtype in precisions:
        yield from _encoder_in(dtype, model, name, card, plan)


def _encoder_in(dtype: str, model: Any, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """What `encoder` says of one precision; the memory counted is that of this one alone."""
    picture = questions.picture(0, size_wh=plan.size_wh)
    card.forget()
    before = card.held_mb()
    pair = pair_on(model, name=name, device=card.device.type, dtype=dtype)
    transform = InputTransform(plan.size_wh, pair.image_size, pair.low_res)
    values = transform.pixel_values(picture.pixels).to(card.device, pair.compute.dtype)
    peak = card.product_peak(pair.compute.dtype, side=plan.product_side)
    flops = encoder_flops(pair.sam_hq.config.vision_config).total
    card.forget()
    _encode(pair, values)()
    peak_mb = card.peak_mb() - before
    for batch in (1, 4):
        several = values.repeat(batch, 1, 1, 1)
        # One picture as the app encodes it: on a card that is a CUDA graph.
        task = partial(pair._see, values) if batch == 1 else _encode(pair, several)
        seconds = card.seconds(task, rounds=plan.rounds)
        limit = batch * flops / peak
        pictures = "one picture" if batch == 1 else f"{batch} pictures at once"
        told = f"{_ms(seconds)}, {seconds / limit:.2f} times its limit of {_ms(limit)}"
        told += f" ({flops / 1e9:,.0f} GFLOP a picture at {peak / 1e12:.3g} TFLOP/s)"
        yield Row(name, f"encoder in {dtype}, {pictures}", told, value=1000 * seconds, unit="ms")
    seconds = card.seconds(partial(pair.encode, picture), rounds=5, warm_up=1)
    yield Row(name, f"new picture in {dtype}, pixels to embedding", _ms(seconds), 1000 * seconds, "ms")
    if card.is_cuda:
        what = f"peak GPU memory, both models and a picture, encoder in {dtype}"
        yield Row(name, what, f"{peak_mb:,.0f} MB", peak_mb, "MB")


def _encode(pair: ModelPair, values: torch.Tensor) -> Callable[[], Any]:
    return lambda: run_encoder(pair.sam_hq.vision_encoder, values, fold_bias=pair.compute.fold_bias)


class Clicks:
    """Prompts of one click, none of which comes twice: the service keeps its last answers."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._size_wh, self._number, self._lock = size_wh, 0, threading.Lock()

    def next(self) -> Request:
        with self._lock:
            self._number += 1
            number = self._number
        return Request(questions.clicks(1, number=number, size_wh=self._size_wh))

    def ask(self, answer: Callable[[Picture, Request], Any], picture: Picture) -> Any:
        """What a way of the service answers to the next click."""
        return answer(picture, self.next())


def server(model: str, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """The app's service in the precision that it chooses here; `model` is as in the settings."""
    card.forget()
    before = card.held_mb()
    service = build_service(Settings(model=model, device=card.device.type))
    yield from clicks(service, name, card, plan)
    boxes = Request(questions.boxes(plan.boxes, number=1, size_wh=plan.size_wh))
    picture = questions.picture(7, size_wh=plan.size_wh)
    seconds = card.seconds(lambda: service.compare(picture, boxes), rounds=5, warm_up=1)
    yield Row(name, f"{plan.boxes} boxes in a picture seen before", _ms(seconds), 1000 * seconds, "ms")
    yield from _throughput(service, name, plan)
    if card.is_cuda:
        peak_mb = card.peak_mb() - before
        yield Row(name, "peak GPU memory, clicks and boxes", f"{peak_mb:,.0f} MB", peak_mb, "MB")
        card.forget()
        kept_mb = card.reserved_mb()
        told = f"{kept_mb:,.0f} MB"
        yield Row(name, "GPU memory kept after that, with CUDA graphs", told, kept_mb, "MB")


def at_once(model: str, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """First questions of many threads in new pictures, against the same one after the other.

    Each kind of prompt is the first of its kind, so that graphs are recorded while others compute.
    """
    pictures = [questions.picture(40 + i, size_wh=plan.size_wh) for i in range(4)]
    asked = [(picture, request) for request in _kinds(plan) for picture in pictures]

    def found(threads: int) -> list[Runs]:
        service = build_service(Settings(model=model, device=card.device.type))
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(lambda one: service.compare(*one), asked))
        return [m.runs for answer in answers for one in answer.objects for m in (one.sam, one.sam_hq)]

    overlaps, equal = _compared(found(16), found(1))
    told = f"{equal:.4%} of the worst mask's pixels, {len(overlaps)} masks"
    met = equal >= EQUAL_PIXELS
    yield Row(name, "16 threads at once", told, equal, "share", EQUAL_WANTED, met, is_parity=True)


def _kinds(plan: Plan) -> list[Request]:
    """Requests for one object: of 1 to 4 points, and of a box without and with them."""
    found = []
    for number in range(1, 5):
        points = tuple(one.points[0] for one in questions.clicks(number, number=number, size_wh=plan.size_wh))
        (box,) = questions.boxes(1, number=number, size_wh=plan.size_wh)
        alone = Prompt(points=points, labels=(PointLabel.OBJECT,) * number)
        found += [alone, box if number == 1 else replace(alone, box_xyxy=box.box_xyxy)]
    return [Request((prompt,)) for prompt in found]


def light_service(folder: Path, card: Card) -> CompareService:
    """The app's service with Light HQ-SAM, in the precision that it chooses here."""
    from benchmarks.ways import LightWay
    from benchmarks.weights import prepare_light

    prepare_light(folder)
    return LightWay(folder, dtype=None, device=card.device.type).service


def clicks(service: CompareService, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """New pictures, from pixels to embedding, and clicks in one that was seen before."""
    pair = service._library.pair(None)
    dtype = str(pair.compute.dtype).removeprefix("torch.")
    picture, asked = questions.picture(7, size_wh=plan.size_wh), Clicks(plan.size_wh)
    service.prepare(picture)
    embedding = service._embedding(picture, model=None)[1]
    rounds = plan.rounds
    seconds = card.seconds(partial(pair.encode, picture), rounds=5)
    yield Row(name, f"new picture on the server in {dtype}", _ms(seconds), 1000 * seconds, "ms")
    seconds = card.seconds(lambda: pair.decode(embedding, [asked.next().prompt]), rounds=rounds)
    yield Row(name, "click, both decoders alone", _ms(seconds), 1000 * seconds, "ms")
    for what, answer in (("preview", service.preview), ("compare", service.compare)):
        seconds = card.seconds(partial(asked.ask, answer, picture), rounds=rounds)
        met, wanted = 1000 * seconds <= CLICK_MS, f"at most {CLICK_MS:g} ms on an H100"
        yield Row(name, f"click, {what}, encoder in {dtype}", _ms(seconds), 1000 * seconds, "ms", wanted, met)


def everything(model: str, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """All masks of a picture seen before, the second time; given up after `plan.patience` seconds."""
    service = build_service(Settings(model=model, device=card.device.type))
    picture = questions.picture(7, size_wh=plan.size_wh)
    service.prepare(picture)
    seconds = 0.0
    for _ in range(2):
        until = time.perf_counter() + plan.patience
        try:
            found = service.segment_everything(picture, plan.everything, should_stop=partial(_is_over, until))
        except StoppedError:
            yield Row(name, "everything", f"given up after {plan.patience:g} s")
            return
        seconds = time.perf_counter() - until + plan.patience
    told = f"{seconds:.2f} s, {len(found.sam)} and {len(found.sam_hq)} masks"
    yield Row(name, "everything", told, seconds, "s")


def _is_over(until: float) -> bool:
    return time.perf_counter() > until


def _throughput(service: CompareService, name: str, plan: Plan) -> Iterator[Row]:
    """Answers a second while so many threads click on pictures that are encoded."""
    clicks = Clicks(plan.size_wh)
    pictures = [questions.picture(20 + i, size_wh=plan.size_wh) for i in range(4)]
    for picture in pictures:
        service.prepare(picture)
    for what, answer in (("preview", service.preview), ("compare", service.compare)):
        for count in plan.users:
            asked = [partial(clicks.ask, answer, pictures[i % len(pictures)]) for i in range(count)]
            rate = _rate(asked, seconds=plan.user_seconds)
            yield Row(name, f"{count} threads clicking, {what}", f"{rate:.1f} answers/s", rate, "answers/s")


def _rate(asked: Sequence[Callable[[], Any]], *, seconds: float) -> float:
    """Answers a second: each one's thread asks again once it has its answer, for so long."""
    began = time.perf_counter()
    counts = [0] * len(asked)
    errors: list[BaseException] = []

    def click(place: int) -> None:
        try:
            while not counts[place] or time.perf_counter() - began < seconds:
                asked[place]()
                counts[place] += 1
        except Exception as error:
            errors.append(error)

    running = [threading.Thread(target=click, args=(i,)) for i in range(len(asked))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
    return sum(counts) / (time.perf_counter() - began)


def others(folder: Path, name: str, card: Card, plan: Plan) -> Iterator[Row]:
    """The model cards' way and the official predictors, with the weights that `write_weights` wrote."""
    from benchmarks.ways import WaySpec, build  # here, as it wants more of transformers than the rest

    picture = questions.picture(9, size_wh=plan.size_wh)
    click = questions.clicks(1, number=3, size_wh=plan.size_wh)
    for dtype in ("float32", "bfloat16"):
        way = build(WaySpec("transformers", folder, dtype, card.device.type))
        seconds = card.seconds(partial(way.answer, picture, click), rounds=5, warm_up=1)
        yield Row(name, f"click, transformers in {dtype}", _ms(seconds), 1000 * seconds, "ms")
    if not have_official():
        yield Row(name, "click, official predictors", NO_OFFICIAL)
        return
    way = build(WaySpec("official", folder, device=card.device.type))
    for what, rounds in (("click in a new picture", 1), ("click in the same picture", 5)):
        seconds = card.seconds(lambda: way.answer(picture, click), rounds=rounds, warm_up=0)
        yield Row(name, f"{what}, official predictors in float32", _ms(seconds), 1000 * seconds, "ms")


def have_official() -> bool:
    """Whether both official packages can be imported here."""
    return all(importlib.util.find_spec(name) for name in ("segment_anything", "segment_anything_hq"))


def write_weights(model: Any, folder: Path) -> Path:
    """Put SAM-HQ and the SAM inside it where the service and the other ways load them; returns SAM-HQ's."""
    for part, one in (("sam_hq", model), ("sam", frozen_sam(model))):
        one.save_pretrained(folder / part, safe_serialization=True)
        if have_official():
            from testbed.official import official_weights

            torch.save(official_weights(one), folder / f"{part}.pth")
    return folder / "sam_hq"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{1000 * seconds:,.0f} ms"
