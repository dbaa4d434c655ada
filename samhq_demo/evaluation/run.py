"""One picture after the other: read, ask, measure, keep. One is read ahead while another is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from samhq_demo.evaluation.folders import Item
from samhq_demo.evaluation.metrics import thinness
from samhq_demo.evaluation.options import EvaluationOptions
from samhq_demo.evaluation.prompting import Answer, Questioner, Times
from samhq_demo.evaluation.records import BranchRecord, ObjectRecord, PictureRecord, RecordFile
from samhq_demo.evaluation.truths import TrueObject
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.service import CompareService

OnRecord = Callable[[PictureRecord], None]
Measure = Callable[[Iterable[Item]], Iterator[PictureRecord]]


@dataclass(frozen=True, slots=True)
class ReadItem:
    """A picture with those of its objects that count; or the problem with its files."""

    item: Item
    picture: Picture | None
    objects: tuple[TrueObject, ...]
    milliseconds: float
    problem: str | None = None


def read_item(item: Item, options: EvaluationOptions) -> ReadItem:
    """Read a picture's files; whatever is wrong with them is told in `problem`."""
    began = time.perf_counter()
    try:
        picture = read_picture(item.picture)
        pixels = picture.width * picture.height
        objects = tuple(
            one
            for one in item.truths.read(picture.size_wh)
            if options.least_share <= one.truth.area / pixels <= options.largest_share and _is_left(one)
        )
    except ValueError as error:
        return ReadItem(item, None, (), _since(began), str(error))
    return ReadItem(item, picture, objects, _since(began))


def measure(
    service: CompareService, read: ReadItem, options: EvaluationOptions, *, model: str | None = None
) -> PictureRecord:
    """Ask for every object of a picture and measure the answers."""
    item = read.item
    if read.picture is None:
        return PictureRecord(item.name, item.group, problem=read.problem)
    times = Times()
    questioner = Questioner(service, model, options)
    began = time.perf_counter()
    try:
        answers = questioner.ask(read.picture, read.objects, name=item.name, times=times)
        objects = tuple(
            _object(true, sam, sam_hq, read.picture)
            for true, (sam, sam_hq) in zip(read.objects, answers, strict=True)
        )
    except ValueError as error:  # a model that answers with nothing finite, a prompt that cannot be made
        return PictureRecord(item.name, item.group, problem=str(error))
    spent = _since(began)
    return PictureRecord(
        item.name,
        item.group,
        read.picture.size_wh,
        objects,
        {
            "read": read.milliseconds,
            "encode": times.encode,
            "decode": times.decode,
            "score": spent - times.encode - times.decode,
        },
    )


def measured_here(
    service: CompareService, options: EvaluationOptions, *, model: str | None = None
) -> Measure:
    """Measure in this process, with one model; at most two pictures are in memory."""

    def measured(items: Iterable[Item]) -> Iterator[PictureRecord]:
        with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
            ahead: Future[ReadItem] | None = None
            for item in items:
                following = reader.submit(read_item, item, options)
                if ahead is not None:
                    yield measure(service, ahead.result(), options, model=model)
                ahead = following
            if ahead is not None:
                yield measure(service, ahead.result(), options, model=model)

    return measured


def evaluate(
    items: Iterable[Item], records: RecordFile, measured: Measure, *, on_record: OnRecord = lambda _: None
) -> None:
    """Measure the pictures that are not done yet, and keep each one as soon as it is."""
    for record in evaluating(items, records, measured):
        on_record(record)


def evaluating(items: Iterable[Item], records: RecordFile, measured: Measure) -> Iterator[PictureRecord]:
    """The same one by one: nothing is measured that is not asked for."""
    done = records.done
    for record in measured(item for item in items if item.name not in done):
        records.append(record)
        yield record


def _is_left(item: TrueObject) -> bool:
    return item.void is None or bool(item.truth.without(item.void).area)


def _object(true: TrueObject, sam: Answer, sam_hq: Answer, picture: Picture) -> ObjectRecord:
    return ObjectRecord(
        name=true.name,
        area=true.truth.area,
        share=true.truth.area / (picture.width * picture.height),
        thinness=thinness(true.truth.mask()),
        sam=_branch(sam),
        sam_hq=_branch(sam_hq),
    )


def _branch(answer: Answer) -> BranchRecord:
    return BranchRecord(
        iou=answer.score.iou,
        boundary_iou=answer.score.boundary_iou,
        predicted_iou=answer.predicted_iou,
        prompt=answer.prompt.to_json(),
        rle=answer.runs.rle(),
        click_ious=answer.click_ious,
    )


def _since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
