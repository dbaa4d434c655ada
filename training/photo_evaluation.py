"""Score a checkpoint on photos whose regions people drew; see `training.evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from samhq_demo.evaluation.metrics import MaskScore
from samhq_demo.masks.runs import Runs
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import MaskPrediction, ObjectComparison
from samhq_demo.service import CompareService
from training.photos import LARGEST_SHARE, LEAST_SHARE, Photo, Region
from training.scores import BASELINE_HEADER, MODEL_HEADER, BaselineScore, Score, mean
from training.thin_on_photos import paste_thin

CLICK, CLICK_BEST, BOX = "click", "click, best of three", "box"
THIN = "thin shapes pasted, box"


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """The tables of a folder of photos; `baselines` is empty where they were left out."""

    pictures: int
    regions: int
    models: tuple[Score, ...]
    baselines: tuple[BaselineScore, ...] = ()

    def __str__(self) -> str:
        mean_regions = self.regions / self.pictures
        title = f"Photos: {self.pictures}. Regions: {self.regions}, {mean_regions:.2f} a photo on average."
        lines = [title, "", MODEL_HEADER, *map(str, self.models)]
        if self.baselines:
            lines += ["", BASELINE_HEADER, *map(str, self.baselines)]
        return "\n".join(lines)

    def summary(self) -> PhotoScores:
        """SAM's figures, which the page tells of the bundled checkpoint."""
        iou = {score.asked.removeprefix("photos, "): score.sam_iou for score in self.models}
        return PhotoScores(
            click_iou=iou[CLICK],
            click_best_of_three_iou=iou[CLICK_BEST],
            box_iou=iou[BOX],
            photos=self.pictures,
        )


@dataclass(frozen=True, slots=True)
class PairScore:
    """Both models' scores for one region."""

    sam: MaskScore
    sam_hq: MaskScore


def evaluate_photos(
    service: CompareService, photos: Iterable[Photo], *, with_baselines: bool = True
) -> PhotoReport:
    """Ask for every region by a click and by a box, all of a picture at once; then for a thin object.

    The thin object of a photo is cut out of the photo before it; that of the first out of itself.

    Raises:
        ValueError: there is not one region to ask for, or what `photos` raises.
    """
    pictures, regions = 0, 0
    pairs: dict[str, list[PairScore]] = {CLICK: [], CLICK_BEST: [], BOX: [], THIN: []}
    baselines: dict[str, list[MaskScore]] = {}
    before: Photo | None = None
    for photo in photos:
        pictures += 1
        regions += len(photo.regions)
        for asked, score in _model_scores(service, photo):
            pairs[asked].append(score)
        pairs[THIN].append(_thin_score(service, paste_thin(photo, before or photo, name=str(pictures))))
        before = photo
        if with_baselines:
            for name, baseline in _baseline_scores(photo):
                baselines.setdefault(name, []).append(baseline)
    if not regions:
        raise ValueError(
            f"None of the photos ({pictures}) has a region that is solid and covers "
            f"{LEAST_SHARE:.0%} to {LARGEST_SHARE:.0%} of it."
        )
    return PhotoReport(
        pictures,
        regions,
        tuple(_mean_pair(asked, scores) for asked, scores in pairs.items()),
        tuple(_mean_baseline(name, scores) for name, scores in baselines.items()),
    )


def _model_scores(service: CompareService, photo: Photo) -> Iterator[tuple[str, PairScore]]:
    """What was asked and how it was answered, region by region."""
    if not photo.regions:
        return
    # One request: the picture is encoded once, and prompts of one kind are decoded in batches.
    prompts = [*(region.click for region in photo.regions), *(region.box for region in photo.regions)]
    answers = service.compare(photo.picture, Request(tuple(prompts))).objects
    clicks, boxes = answers[: len(photo.regions)], answers[len(photo.regions) :]
    for region, click, box in zip(photo.regions, clicks, boxes, strict=True):
        yield from _scored(region, click=click, box=box).items()


def _scored(region: Region, *, click: ObjectComparison, box: ObjectComparison) -> dict[str, PairScore]:
    truth = region.runs
    sam, sam_hq = (_candidate_scores(answer, truth) for answer in (click.sam, click.sam_hq))
    return {
        CLICK: PairScore(sam[0], sam_hq[0]),
        CLICK_BEST: PairScore(best_of(sam), best_of(sam_hq)),
        BOX: _pair(box, truth),
    }


def _thin_score(service: CompareService, photo: Photo) -> PairScore:
    region = photo.regions[0]
    return _pair(service.compare(photo.picture, Request((region.box,))).objects[0], region.runs)


def _pair(answer: ObjectComparison, truth: Runs) -> PairScore:
    return PairScore(MaskScore.of(answer.sam.runs, truth), MaskScore.of(answer.sam_hq.runs, truth))


def _candidate_scores(prediction: MaskPrediction, truth: Runs) -> list[MaskScore]:
    """The candidates' scores, that of the highest predicted IoU first."""
    assert prediction.candidates is not None, "a single click is answered with candidates"
    return [MaskScore.of(candidate.runs, truth) for candidate in prediction.candidates]


def best_of(scores: list[MaskScore]) -> MaskScore:
    """The scores of the candidate with the highest true IoU."""
    return max(scores, key=lambda score: score.iou)


def _baseline_scores(photo: Photo) -> Iterator[tuple[str, MaskScore]]:
    from training.baselines import baseline_masks  # needs OpenCV, which is no part of the app

    for region in photo.regions:
        for name, mask in baseline_masks(photo.picture.pixels, region.box_xyxy).items():
            yield name, MaskScore.of(Runs.from_mask(mask), region.runs)


def _mean_pair(asked: str, scores: list[PairScore]) -> Score:
    sam, sam_hq = mean([s.sam for s in scores]), mean([s.sam_hq for s in scores])
    return Score(f"photos, {asked}", len(scores), sam.iou, sam_hq.iou, sam.boundary_iou, sam_hq.boundary_iou)


def _mean_baseline(name: str, scores: list[MaskScore]) -> BaselineScore:
    both = mean(scores)
    return BaselineScore(name, len(scores), both.iou, both.boundary_iou)
