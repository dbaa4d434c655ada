"""What the page's events put out, with the real service and no browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from samhq_demo.cache import BoundedCache
from samhq_demo.library import ModelLibrary
from samhq_demo.pictures import read_mask
from samhq_demo.service import CompareService
from samhq_demo.settings import Settings
from samhq_demo.ui import texts
from samhq_demo.ui.examples import read_examples
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.question import Question
from samhq_demo.ui.store import PictureStore
from samhq_demo.ui.viewer.component import NEEDS_MASKS, NEEDS_QUEUE
from testbed.photos import save_photo
from tests.support.pixels import rle_decode

EXAMPLES = Path(__file__).parents[2] / "examples"
HOUSE = next(example for example in read_examples(EXAMPLES) if example.file.name == "house.jpg")


def sent(file: Path) -> dict[str, str]:
    """A file as the page's components hand it over."""
    return {"path": str(file), "name": file.name}


@pytest.fixture
def handlers(service: CompareService) -> Handlers:
    examples = read_examples(EXAMPLES)
    return Handlers(service, store=PictureStore(), examples=examples, opening=Opening(service, examples))


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo of 120 x 90 pixels where uploads go to."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return save_photo(folder / "photo.png", seed=int.from_bytes(tmp_path.name.encode()[-3:], "big"))


@pytest.fixture
def ticket(handlers: Handlers, upload: Path) -> str:
    *_, (_, _, ticket_id) = handlers.take_picture(sent(upload), None)
    assert isinstance(ticket_id, str)
    return ticket_id


def asked(ticket: str, **more: Any) -> dict[str, Any]:
    prompt = {"points": [[60, 45]], "labels": [1]}
    return {"picture": ticket, "sequence": 1, "object": 1, "prompt": prompt, **more}


def test_a_picture_is_shown_by_its_view_and_known_by_its_ticket(handlers: Handlers, upload: Path) -> None:
    reading, (view, message, ticket_id) = handlers.take_picture(sent(upload), None)
    assert reading[1]["work"] == texts.READING
    assert message["picture"]["id"] == ticket_id
    assert (message["picture"]["width"], message["picture"]["height"]) == (120, 90)
    assert message["picture"]["file"]["path"] == view
    assert Path(view).name.startswith("view-")


def test_a_file_that_is_no_picture_is_refused_and_the_old_one_shown_again(
    handlers: Handlers, upload: Path, ticket: str
) -> None:
    upload.with_suffix(".txt").write_text("no picture")
    events = handlers.take_picture(sent(upload.with_suffix(".txt")), ticket)
    next(events)  # that the file is being read
    shown, message, kept = next(events)
    assert Path(shown).name.startswith("view-")
    assert message["is_error"] and "no picture" in message["say"]
    assert kept == gr.skip()
    with pytest.raises(gr.Error):
        next(events)


def test_a_file_of_the_server_is_refused(handlers: Handlers, upload: Path, tmp_path: Path) -> None:
    secret = save_photo(tmp_path / "secret.png")
    for take in (
        handlers.take_picture(sent(secret), None),
        handlers.take_sent(None, gr.EventData(None, {"path": str(secret), "name": "secret.png"})),
    ):
        next(take)  # that the file is being read
        assert next(take)[0] is None
        with pytest.raises(gr.Error, match="is no upload"):
            next(take)


def test_an_example_comes_with_its_prompt_and_its_truth(handlers: Handlers, upload: Path) -> None:
    _, message, _ = handlers.take_example(HOUSE.title)
    (house,) = message["objects"]
    assert (house["name"], house["prompt"]) == ("House", HOUSE.prompt.to_json())
    assert HOUSE.truth is not None
    truth = read_mask(HOUSE.truth, size_wh=(768, 576))
    assert np.array_equal(rle_decode(house["truth"]["rle"]), truth.mask())


def test_a_picture_is_encoded_ahead_and_then_answered_without_the_queue(
    handlers: Handlers, ticket: str
) -> None:
    question = Question.from_json(asked(ticket))
    assert handlers.decode(question) == NEEDS_QUEUE
    *under_way, last = handlers.prepare(ticket, "")
    assert last["progress"] == 1
    assert all(0 <= message["progress"] <= 1 for message in under_way)
    answer = handlers.decode(question)
    assert answer["encoded"] == "cached"
    assert len(answer["objects"][0]["sam"]["candidates"]) == 3


def test_loading_the_model_and_encoding_the_picture_are_told_apart(checkpoint: Path, upload: Path) -> None:
    model = str(checkpoint)
    library = ModelLibrary(Settings(model=model, device="cpu", dtype="float32"))  # loads when it is asked
    service = CompareService(library, cache=BoundedCache(max_bytes=2**26))
    handlers = Handlers(service, store=PictureStore(), examples=(), opening=Opening(service, ()))
    for seed, work in ((51, texts.LOADING.format(model=library.name(None))), (52, texts.ENCODING)):
        photo = save_photo(upload.parent / f"{seed}.png", size_wh=(640, 480), seed=seed)
        *_, (_, _, ticket_id) = handlers.take_picture(sent(photo), None)
        first, *_, last = handlers.prepare(ticket_id, "")
        assert first["work"] == work
        assert last["work"] == ""


def test_a_picture_put_out_of_the_cache_meanwhile_goes_through_the_queue(
    handlers: Handlers, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server function must not encode: on ZeroGPU it has no GPU."""
    monkeypatch.setattr(CompareService, "progress", lambda *asked, **how: 1.0)
    assert handlers.decode(Question.from_json(asked(ticket))) == NEEDS_QUEUE


def test_the_masks_come_first_where_the_rest_can_wait(handlers: Handlers, ticket: str) -> None:
    preview = handlers.answer(Question.from_json(asked(ticket, is_preview=True)))["objects"][0]
    whole = handlers.answer(Question.from_json(asked(ticket)))["objects"][0]
    assert preview["is_preview"] and "is_preview" not in whole
    assert preview["sam_hq"] == {key: whole["sam_hq"][key] for key in ("predicted_iou", "rle")}
    assert len(whole["sam_hq"]["candidates"]) == 3


def test_an_answer_from_the_queue_encodes_the_picture(handlers: Handlers, ticket: str) -> None:
    assert handlers.answer(Question.from_json(asked(ticket)))["encoded"] == "now"


def save_mask(file: Path) -> Path:
    """A rectangle in a picture of 120 x 90."""
    inside = np.zeros((90, 120), np.uint8)
    inside[20:70, 30:100] = 255
    Image.fromarray(inside).save(file)
    return file


def test_a_mask_and_a_truth_from_the_browser_take_part(handlers: Handlers, ticket: str, upload: Path) -> None:
    rough = np.zeros((90, 120), np.uint8)
    rough[20:70, 30:100] = 255
    file = upload.with_name("rough.png")
    Image.fromarray(rough).save(file)
    rle = handlers.mask({"picture": ticket, "path": str(file)})["rle"]
    assert np.array_equal(rle_decode(rle), rough > 0)
    plain = handlers.answer(Question.from_json(asked(ticket)))["objects"][0]
    with_both = handlers.answer(Question.from_json(asked(ticket, mask=rle, truth=rle)))["objects"][0]
    assert plain["sam"]["true_iou"] is None
    assert 0 <= with_both["sam_hq"]["true_boundary_iou"] <= 1
    assert with_both["sam"]["rle"] != plain["sam"]["rle"]


def test_a_mask_that_was_sent_is_known_by_its_id(handlers: Handlers, ticket: str, upload: Path) -> None:
    rle = handlers.mask({"picture": ticket, "path": str(save_mask(upload.with_name("truth.png")))})["rle"]
    named, whole = {"id": 7}, {"id": 7, **rle}
    assert handlers.answer(Question.from_json(asked(ticket, truth=named))) == NEEDS_MASKS
    first = handlers.answer(Question.from_json(asked(ticket, truth=whole)))["objects"][0]
    again = handlers.answer(Question.from_json(asked(ticket, truth=named)))["objects"][0]
    assert first["sam"]["true_iou"] is not None
    assert again == first
    *_, (_, _, other) = handlers.take_picture(sent(upload), None)
    assert handlers.answer(Question.from_json(asked(other, truth=named))) == NEEDS_MASKS


def test_a_true_mask_that_came_with_a_preview_is_known_after_it(
    handlers: Handlers, ticket: str, upload: Path
) -> None:
    rle = handlers.mask({"picture": ticket, "path": str(save_mask(upload.with_name("truth.png")))})["rle"]
    handlers.answer(Question.from_json(asked(ticket, is_preview=True, truth={"id": 1, **rle})))
    rest = handlers.answer(Question.from_json(asked(ticket, truth={"id": 1})))
    assert rest["objects"][0]["sam"]["true_iou"] is not None


def test_answers_are_fed_back(handlers: Handlers, ticket: str) -> None:
    step = {"points": [[60, 45]], "labels": [1], "box": None, "sam_candidate": 1, "sam_hq_candidate": 0}
    plain = handlers.answer(Question.from_json(asked(ticket, multimask=False)))["objects"][0]
    refined = handlers.answer(Question.from_json(asked(ticket, steps=[step])))["objects"][0]
    assert refined["sam"]["rle"] != plain["sam"]["rle"]
    assert "candidates" not in refined["sam"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"mask": {"size": [9, 9], "counts": "11"}}, "90"),
        ({"truth": {"size": [90, 120], "counts": "\x01"}}, "."),
        ({"mask": {"id": 1, "size": [9, 9], "counts": "11"}}, "90"),
        ({"mask": {"id": "1"}}, "id must be a whole number"),
        ({"truth": "mask"}, "keys size and counts"),
        ({"steps": [{"points": [[999, 1]]}]}, "outside the picture"),
    ],
)
def test_wrong_extras_are_refused_in_a_sentence(
    handlers: Handlers, ticket: str, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        handlers.answer(Question.from_json(asked(ticket, **more)))


def test_a_mask_of_another_size_and_a_servers_file_are_refused(
    handlers: Handlers, ticket: str, upload: Path, tmp_path: Path
) -> None:
    small = save_photo(upload.with_name("small.png"), size_wh=(30, 30))
    with pytest.raises(ValueError, match="120 x 90"):
        handlers.mask({"picture": ticket, "path": str(small)})
    with pytest.raises(ValueError, match="is no upload"):
        handlers.mask({"picture": ticket, "path": str(save_photo(tmp_path / "secret.png"))})


def test_a_click_in_the_picture_is_told_in_picture_pixels(handlers: Handlers, ticket: str) -> None:
    clicked = gr.SelectData(None, {"index": [30, 40], "value": None})
    assert handlers.click(ticket, clicked)["point"] == (30, 40)
    with pytest.raises(gr.Error, match="First"):
        handlers.click(None, clicked)


def test_an_unknown_model_fails_where_the_picture_is_prepared(handlers: Handlers, ticket: str) -> None:
    with pytest.raises(gr.Error, match="nothing"):
        list(handlers.prepare(ticket, "nothing"))


def test_two_visitors_with_equal_pictures_share_the_work_but_no_ticket(
    handlers: Handlers, upload: Path, ticket: str
) -> None:
    list(handlers.prepare(ticket, ""))
    *_, (_, _, other) = handlers.take_picture(sent(upload), None)
    assert other != ticket
    assert handlers.decode(Question.from_json(asked(other)))["encoded"] == "cached"
