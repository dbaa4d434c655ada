"""Objects, their candidates and their ground truth; what Python sends to the page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from testbed.person import Person
from tests.support.painted import (
    GRAY,
    IN_BOTH,
    ORANGE,
    RADIUS,
    SIZE_WH,
    SKY_BLUE,
    blended,
)
from tests.support.pixels import rle_encode
from tests.support.viewer_harness import HQ_RADIUS, Harness, drawn_mask

pytestmark = pytest.mark.browser


def test_objects_have_their_own_prompts_colors_and_rows(person: Person) -> None:
    person.ask(150, 100)
    person.page.click("#viewer [data-action=new]")
    person.drag((350, 150), (450, 350))
    person.sees_answer(person.revision - 1)
    assert person.color(150 + IN_BOTH, 100) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(400, 250) == pytest.approx(blended(ORANGE), abs=2)
    rows = person.page.locator("#viewer tbody tr")
    sam, sam_hq = (drawn_mask(person.prompts[0], SIZE_WH, share=share).sum() for share in (1, HQ_RADIUS))
    expected = [f"{sam_hq / sam * 100:.1f} %", f"{sam_hq:,}", "0.900 / 0.900"]
    assert rows.nth(0).locator(".name").inner_text() == "Object 1"
    cells = (rows.nth(0).locator(f"[data-key={key}]") for key in ("agreement", "area", "confidence"))
    assert [(cell.text_content() or "").strip() for cell in cells] == expected  # a narrow panel shows some
    assert rows.nth(1).locator("[data-key=agreement]").inner_text() == "100.0 %"
    rows.nth(0).locator(".name").click()
    assert person.prompt["points"] == [[150, 100]]
    person.press("j")
    assert person.prompt["points"] == []


def test_what_can_not_be_done_yet_says_why(person: Person) -> None:
    refine = person.page.locator("#viewer [data-action=refine]")
    clear = person.page.locator("#viewer [data-action=clear]")
    assert refine.is_disabled() and clear.is_disabled()
    assert (refine.get_attribute("title") or "").endswith("(R): first mark the object")
    assert clear.get_attribute("title") == "Clear this object (C): nothing is marked"
    person.opens("export")
    assert person.page.locator("#viewer [data-take=mask]").is_disabled()
    person.page.locator("#viewer .holes", has_text="mark it in the picture first").wait_for()
    person.ask(300, 200)
    assert person.page.locator("#viewer [data-take=mask]").is_enabled()
    assert person.page.inner_text("#viewer .holes") == ""
    assert (refine.get_attribute("title") or "").endswith("(R)")
    assert clear.get_attribute("title") == "Clear this object (C)"


def test_an_object_is_renamed_and_deleted(person: Person) -> None:
    person.ask(150, 100)
    person.page.get_by_label("Rename Object 1").click()
    person.page.locator("#viewer tbody input").fill("Fence")
    person.press("Enter")
    assert person.state["objects"][0]["name"] == "Fence"
    person.page.get_by_label("Delete Fence").click()
    assert person.state["objects"][0]["prompt"]["points"] == []
    assert person.color(150 + IN_BOTH, 100) == GRAY
    person.press("Control+z")
    assert person.state["objects"][0]["name"] == "Fence"


def test_candidates_are_chosen_by_click_and_by_key(person: Person, harness: Harness) -> None:
    person.ask(300, 200)
    thumbs = person.page.locator("#viewer .thumb:visible")
    assert thumbs.count() == 6
    assert thumbs.nth(0).inner_text() == "0.900"
    beyond = 300 + RADIUS * 1.3  # only in the second candidates, which are twice as large
    person.press("2")
    person.rest()
    assert person.color(beyond, 200, "sam_hq") == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(beyond, 200, "sam") == GRAY
    person.page.click("#viewer [data-candidate='sam:1']")
    person.rest()
    assert person.color(beyond, 200, "sam") == pytest.approx(blended(SKY_BLUE), abs=2)
    sam, sam_hq = (drawn_mask(person.prompts[0], SIZE_WH, share=share).sum() for share in (2, 2 * HQ_RADIUS))
    row = person.page.locator("#viewer tbody tr")
    assert row.locator("[data-key=agreement]").inner_text() == f"{sam_hq / sam * 100:.1f} %"
    assert len(harness.questions) == 1
    person.ask(100, 100)
    assert thumbs.count() == 0


def test_choices_of_the_question_ask_for_every_object_again(person: Person, harness: Harness) -> None:
    person.ask(150, 100)
    person.press("n")
    before = person.ask(300, 200)
    person.opens("options")
    person.page.get_by_label("When to give candidates").select_option("never")
    person.sees_answer(before + 1)
    assert [question.request.multimask_output for question in harness.questions] == [None, None, False, False]
    assert person.page.locator("#viewer .thumb:visible").count() == 0
    person.page.get_by_label("When to give candidates").select_option("for a single click")


# ---- Python's side ---------------------------------------------------------------------------------------


def send(person: Person, **message: object) -> None:
    person.page.fill("#message textarea, #message input", json.dumps(message))
    person.press("Enter")


def test_true_scores_appear_with_a_truth_and_go_with_it(person: Person) -> None:
    before = person.ask(300, 200)
    assert person.page.locator("#viewer td[data-key=true]:visible").count() == 0
    truth = {"name": "fence.png", "rle": rle_encode(np.ones((400, 600), np.bool_))}
    send(person, objects=[{"prompt": person.prompt, "truth": truth}])
    before = person.sees_answer(before)
    assert person.page.inner_text("#viewer td[data-key=true]") == "0.810 / 0.920"
    assert person.page.inner_text("#viewer dl[data-scores=sam_hq] [data-key=true_iou]") == "0.920"
    person.page.click("#viewer [aria-label='Without ground truth: fence.png']")
    person.rest()
    assert person.page.locator("#viewer td[data-key=true]:visible").count() == 0
    assert person.page.inner_text("#viewer dl[data-scores=sam_hq] [data-key=true_iou]") == "–"


def test_a_true_mask_is_sent_once_and_again_where_the_server_lost_it(
    person: Person, harness: Harness
) -> None:
    before = person.ask(300, 200)
    rle = rle_encode(np.ones((400, 600), np.bool_))
    send(person, objects=[{"prompt": person.prompt, "truth": {"name": "fence.png", "rle": rle}}])
    before = person.sees_answer(before)
    harness.questions.clear()
    before = person.ask(320, 220)
    assert [set(question.truth) for question in harness.questions] == [{"id"}]
    harness.needs_masks = True
    person.ask(340, 240)
    _, named, whole = (question.truth for question in harness.questions)
    assert whole == {**named, **rle}


def test_python_sends_prompts_settings_and_progress(person: Person, harness: Harness) -> None:
    before = person.revision
    send(person, point=[300, 200])
    before = person.sees_answer(before)
    assert person.prompt["points"] == [[300, 200]]
    fence = {"points": [[100, 100]], "labels": [1], "box": [50, 50, 150, 150]}
    send(person, objects=[{"name": "Fence", "prompt": fence}, {"prompt": {"box": [200, 200, 300, 300]}}])
    before = person.sees_answer(before + 1)
    first, second = person.state["objects"]
    assert (first["name"], first["prompt"]) == ("Fence", fence)
    assert second["prompt"] == {"points": [], "labels": [], "box": [200, 200, 300, 300]}
    send(person, settings={"model": "large"}, progress=0.4, say="Reading the large model.")
    person.page.wait_for_selector("#viewer progress:visible")
    person.sees_answer(before + 1)
    assert [question.request.model for question in harness.questions] == [None, None, None, "large", "large"]
    send(person, progress=1, settings={"model": None})
    person.page.wait_for_selector("#viewer progress:visible", state="hidden")
