"""A search for everything as the page asks for it: news on the way, stopping, leaving, what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService
from samhq_demo.settings import Settings
from samhq_demo.ui import everything
from samhq_demo.ui.everything import EverythingFinder
from samhq_demo.ui.store import PictureStore, UnknownPictureError
from tests.support.pixels import rle_decode

HOUSE = Path(__file__).parent.parent.parent / "examples" / "house.jpg"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def tiny() -> CompareService:
    from samhq_demo.service import build_service  # torch is slow to import

    return build_service(Settings(model="tiny", device="cpu"))


@pytest.fixture
def finder(
    tiny: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EverythingFinder]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    made = EverythingFinder(tiny, store=PictureStore())
    yield made
    made._executor.shutdown()


def asked_of(finder: EverythingFinder, **changed: Any) -> dict[str, Any]:
    ticket = finder._store.admit(HOUSE, name="house.jpg")
    request = {"picture": ticket.id, "sequence": 1, "model": None, "points_per_side": 4, "crop_layers": 0}
    return {**request, **changed}


def test_news_say_how_far_it_is_and_last_what_was_found(finder: EverythingFinder) -> None:
    *on_the_way, last = finder.search(asked_of(finder))
    assert {news["points"] for news in on_the_way} == {16}
    assert sorted(news["done"] for news in on_the_way) == [news["done"] for news in on_the_way]
    assert last["is_over"]
    assert last["least"]["predicted_iou"] < last["first"]["predicted_iou"] < 0.88  # a small model
    for branch in ("sam", "sam_hq"):
        areas = [mask["area"] for mask in last[branch]]
        assert areas and areas == sorted(areas, reverse=True)
        for mask in last[branch]:
            assert rle_decode(mask["rle"]).sum() == mask["area"]
            assert mask["predicted_iou"] > last["least"]["predicted_iou"]


def test_a_mask_is_the_candidate_of_its_point_that_it_names(finder: EverythingFinder) -> None:
    """So that an object made of it can be asked again, refined, and copied as a program."""
    asked = asked_of(finder)
    *_, found = finder.search(asked)
    picture = finder._store.picture(asked["picture"])
    for branch in ("sam", "sam_hq"):
        mask = found[branch][-1]
        request = Request((Prompt.from_json({"points": [mask["point"]]}),), multimask_output=True)
        (answered,) = finder._service.compare(picture, request).objects
        candidate = getattr(answered, branch).candidates[mask["candidate"]]
        assert (candidate.runs.mask() == rle_decode(mask["rle"])).mean() > 0.9999
        assert candidate.predicted_iou == pytest.approx(mask["predicted_iou"], abs=1e-4)


def test_a_word_stops_it_and_the_next_one_has_its_turn(finder: EverythingFinder) -> None:
    asked = asked_of(finder, points_per_side=64, crop_layers=1)
    search = finder.search(asked)
    next(search)
    with ThreadPoolExecutor(1) as visitor:
        rest = visitor.submit(list, search)
        assert finder.stop({"picture": asked["picture"], "sequence": 1}) == {"stopped": True}
        *_, last = rest.result(PATIENCE_SECONDS)
    assert last == {"is_over": True}
    assert not finder._running
    *_, found = finder.search(asked_of(finder, sequence=2))
    assert found["sam"]


def test_a_word_that_comes_before_its_turn_counts(finder: EverythingFinder) -> None:
    asked = asked_of(finder, points_per_side=64)
    assert finder.stop({"picture": asked["picture"], "sequence": 1}) == {"stopped": False}
    assert list(finder.search(asked))[-1] == {"is_over": True}


def test_it_stops_when_its_visitor_leaves(finder: EverythingFinder) -> None:
    search = finder.search(asked_of(finder, points_per_side=64, crop_layers=1))
    next(search)
    began = time.monotonic()
    search.close()
    finder._executor.submit(lambda: None).result(PATIENCE_SECONDS)  # after what was under way
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert not finder._running


def test_the_surest_masks_are_sent_where_there_are_too_many(
    finder: EverythingFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, whole = finder.search(asked_of(finder))
    monkeypatch.setattr(everything, "MAX_MASKS", 1)
    *_, found = finder.search(asked_of(finder))
    for branch in ("sam", "sam_hq"):
        assert found[branch] == [max(whole[branch], key=lambda mask: mask["predicted_iou"])]
    assert found["left_out"] == len(whole["sam"]) + len(whole["sam_hq"]) - 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"picture": None}, "names no picture"),
        ({"sequence": "1"}, "sequence must be a whole number"),
        ({"points_per_side": 65}, "points_per_side must be from 1 to 64"),
        ({"crop_layers": 2}, "crop_layers must be from 0 to 1"),
        ({"model": 3}, "model must be a model's name"),
        ({"model": "nothing"}, "nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    finder: EverythingFinder, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        list(finder.search(asked_of(finder, **changed)))


def test_an_unknown_picture_is_asked_for_again(finder: EverythingFinder) -> None:
    with pytest.raises(UnknownPictureError):
        next(finder.search(asked_of(finder, picture="A" * 22)))
