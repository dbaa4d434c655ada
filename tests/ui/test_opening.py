"""The example that the page opens with, and the order of all of them; without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from samhq_demo.library import ModelLibrary
from samhq_demo.pictures import read_mask, read_picture
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.ui.examples import Example, in_order, read_examples
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.question import Question
from samhq_demo.ui.store import PictureStore
from samhq_demo.ui.viewer.component import NEEDS_QUEUE
from samhq_demo.weights.catalog import FALLBACK
from testbed.photos import save_photo
from tests.support.pixels import mask_iou, rle_decode
from tests.support.stand_in_service import BASE, TINY, StandIn
from tests.support.waiting import wait

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = read_examples(FOLDER)


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def handlers_of(service: Any) -> Handlers:
    opening = Opening(service, EXAMPLES)
    opening.answer_ahead()
    return Handlers(service, store=PictureStore(), examples=EXAMPLES, opening=opening)


def question_of(opened: tuple[Any, ...]) -> Question:
    """What the browser would ask about the example that came."""
    _, message, ticket, _ = opened
    asked = {"picture": ticket, "sequence": 1, "object": 1, "prompt": message["objects"][0]["prompt"]}
    return Question.from_json(asked)


# ---- the order ---------------------------------------------------------------------------------------------


def test_a_small_model_gets_the_examples_in_their_own_order() -> None:
    assert in_order(EXAMPLES, small=True) == EXAMPLES


def test_larger_models_get_photos_first_and_of_them_those_with_thin_parts() -> None:
    order = in_order(EXAMPLES, small=False)
    assert sorted(example.title for example in order) == sorted(example.title for example in EXAMPLES)
    kinds = [
        "thin" if one.is_photo and one.is_thin else "photo" if one.is_photo else "drawn" for one in order
    ]
    assert kinds == sorted(kinds, key=["thin", "photo", "drawn"].index)
    assert kinds[0] == "thin"


def test_there_are_photos_enough_some_with_truths_and_some_with_thin_parts() -> None:
    photos = [example for example in EXAMPLES if example.is_photo]
    assert len(photos) >= 5
    assert sum(photo.truth is not None for photo in photos) >= 3
    assert sum(photo.is_thin for photo in photos) >= 1
    assert len({example.title for example in EXAMPLES}) == len(EXAMPLES)
    assert all(example.file.stat().st_size <= 150_000 for example in EXAMPLES)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.truth], ids=lambda one: one.object_name)
def test_a_truth_is_what_the_prompt_is_for(example: Example) -> None:
    picture = read_picture(example.file)
    assert example.truth is not None
    truth = read_mask(example.truth, size_wh=picture.size_wh).mask()
    for x, y in example.prompt.points:
        assert truth[int(y), int(x)]
    if example.prompt.box_xyxy is not None:
        x0, y0, x1, y1 = (round(value) for value in example.prompt.box_xyxy)
        assert truth[y0:y1, x0:x1].sum() > 0.99 * truth.sum()
        # A box that touches its object: two pixels of each side's margin at most.
        inside = truth[y0:y1, x0:x1]
        for line in (inside[:4].any(), inside[-4:].any(), inside[:, :4].any(), inside[:, -4:].any()):
            assert line


# ---- the answer --------------------------------------------------------------------------------------------


def test_the_bundled_answer_is_what_the_bundled_checkpoint_says() -> None:
    """If not: `make examples`."""
    first = EXAMPLES[0]
    kept = first.bundled_answer()
    assert kept is not None
    assert not any(example.answer for example in EXAMPLES[1:])
    picture = read_picture(first.file)
    truth = None if first.truth is None else read_mask(first.truth, size_wh=picture.size_wh)
    service = build_service(Settings(model=FALLBACK, device="cpu", dtype="float32"))
    said = service.compare(picture, Request([first.prompt], ground_truth=truth)).to_json()["objects"][0]
    assert kept["prompt"] == said["prompt"]
    for model in ("sam", "sam_hq"):
        assert mask_iou(rle_decode(kept[model]["rle"]), rle_decode(said[model]["rle"])) > 0.99
        for key in ("predicted_iou", "true_iou", "true_boundary_iou"):
            assert kept[model][key] == pytest.approx(said[model][key], abs=0.01)


def test_the_bundled_checkpoint_opens_with_its_kept_answer_before_it_is_loaded() -> None:
    library = ModelLibrary(Settings(model=FALLBACK))  # nobody starts it
    opened = Opening(CompareService(library, cache=None), EXAMPLES).now()
    assert opened is not None
    assert (opened.example, opened.answer) == (EXAMPLES[0], EXAMPLES[0].bundled_answer())


def test_a_baseline_of_ones_own_has_no_kept_answer(checkpoint: Path) -> None:
    settings = Settings(model=FALLBACK, baseline=str(checkpoint))
    opening = Opening(CompareService(ModelLibrary(settings), cache=None), EXAMPLES)
    opened = opening.now()
    assert opened is not None and opened.answer is None


def test_a_loaded_model_answers_its_first_example_ahead(service: CompareService) -> None:
    opening = Opening(StandIn(service, BASE), EXAMPLES)
    first = in_order(EXAMPLES, small=False)[0]
    before = opening.now()
    assert before is not None
    assert (before.example, before.answer) == (first, None)
    opening.answer_ahead()
    wait(lambda: opening.now().answer is not None)
    said = service.compare(read_picture(first.file), Request([first.prompt]))
    assert said.encoded == "cached"
    opened = opening.now()
    assert opened is not None and opened.answer is not None
    assert opened.answer["sam_hq"]["rle"] == said.to_json()["objects"][0]["sam_hq"]["rle"]
    assert opened.answer["sam"]["true_iou"] is not None


def test_no_examples_no_opening(service: CompareService) -> None:
    assert Opening(service, ()).now() is None


# ---- what a new page gets ----------------------------------------------------------------------------------


def test_a_new_page_gets_the_example_its_prompt_its_truth_and_its_answer(service: CompareService) -> None:
    handlers = handlers_of(StandIn(service, TINY))
    wait(lambda: "answer" in handlers.open_page(None)[1]["objects"][0])
    view, message, ticket, _ = opened = handlers.open_page(None)
    (shown,) = message["objects"]
    assert message["picture"]["id"] == ticket
    assert message["picture"]["file"]["path"] == view
    assert (shown["name"], shown["prompt"]) == (EXAMPLES[0].object_name, EXAMPLES[0].prompt.to_json())
    assert shown["truth"]["name"] == "bicycle.mask.png"
    # Whoever clicks on goes on from there at once: the picture is encoded.
    answer = handlers.decode(question_of(opened))
    assert answer["encoded"] == "cached"
    assert answer["objects"][0]["sam"]["rle"] == shown["answer"]["sam"]["rle"]
    json.dumps(message["objects"])  # plain JSON


def test_every_new_page_has_a_ticket_of_its_own_and_no_new_files(
    service: CompareService, uploads: Path
) -> None:
    handlers = handlers_of(StandIn(service, TINY))
    _, _, first, _ = handlers.open_page(None)
    files = sorted(uploads.rglob("*"))
    tickets = {first, *(handlers.open_page(None)[2] for _ in range(3))}
    assert len(tickets) == 4
    assert sorted(uploads.rglob("*")) == files
    for file in files:  # as Gradio tidies up
        file.unlink()
    view, *_ = handlers.open_page(None)
    assert Path(view).is_file()


def test_a_picture_that_was_quicker_stays(service: CompareService, uploads: Path) -> None:
    handlers = handlers_of(StandIn(service, TINY))
    *_, (_, _, ticket) = handlers.take_picture(
        {"path": str(save_photo(uploads / "mine.png")), "name": "mine.png"}, None
    )
    assert handlers.open_page(ticket) == (gr.skip(),) * 4


def test_where_nothing_can_be_answered_ahead_the_browser_asks_through_the_queue(checkpoint: Path) -> None:
    """As on ZeroGPU, where the main process has no GPU."""
    fresh = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
    handlers = handlers_of(StandIn(fresh, BASE, is_ahead=False))
    opened = handlers.open_page(None)
    assert "answer" not in opened[1]["objects"][0]
    assert handlers.decode(question_of(opened)) == NEEDS_QUEUE
    assert handlers.answer(question_of(opened))["encoded"] == "now"


def test_nothing_is_prepared_on_zero_gpu(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModelLibrary(Settings(model=str(checkpoint), device="cpu"))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    library.when_loaded(lambda name: pytest.fail(f"{name} was prepared"))
    assert library._preparations == []


def test_an_opening_put_out_of_the_cache_is_encoded_again(checkpoint: Path) -> None:
    small = build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32", cache_mb=0))
    handlers = handlers_of(StandIn(small, BASE))
    wait(lambda: "answer" in handlers.open_page(None)[1]["objects"][0])
    _, _, other = handlers.take_example("House: one click")
    list(handlers.prepare(other, ""))  # takes the one place
    opened = handlers.open_page(None)
    assert "answer" in opened[1]["objects"][0]
    assert handlers.decode(question_of(opened)) == NEEDS_QUEUE
    list(handlers.prepare(opened[2], ""))
    assert handlers.decode(question_of(opened))["encoded"] == "cached"
