"""What the viewer asks and when, and what it does with slow, late and wrong answers and with the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from samhq_demo.ui.question import Question
from testbed.person import Person
from tests.support.viewer_harness import HQ_RADIUS, RADIUS_SHARE, Harness, launched
from tests.support.waiting import wait

pytestmark = pytest.mark.browser

SIZE_WH = (600, 400)
GRAY = (120, 120, 120)
NEAR = RADIUS_SHARE * 400 * 0.4  # well within both models' discs
PATIENCE_SECONDS = 5.0  # for every answer of this module, on a machine that may have much else to do
REST_MS = 300  # well over what the page waits before it asks of itself: for a pointer at rest, for candidates
THE_REST = '"is_preview":false'
PICTURES_SHOWN = "document.querySelector('#viewer').viewer.picturesShown()"
NUMBERS = [
    ("sam", "predicted_iou"),
    ("sam", "stability"),
    ("sam", "area"),
    ("agreement", "iou"),
    ("agreement", "boundary_iou"),
    ("agreement", "only_sam"),
]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    made = Harness(tmp_path_factory.mktemp("pictures"))
    made.add_picture(*SIZE_WH, name="gray", pixels=np.full((400, 600, 3), GRAY, np.uint8))
    for width, height in ((1000, 750), (2400, 1800), (6000, 4500)):
        made.add_picture(width, height, pixels=np.full((height, width, 3), GRAY, np.uint8))
    return made


@pytest.fixture(scope="module")
def visitor(browser: Browser, harness: Harness) -> Iterator[Person]:
    with launched(harness, patience_seconds=PATIENCE_SECONDS, hover_below_ms=5000) as address:
        opened = browser.new_page(viewport={"width": 1280, "height": 1300})
        yield Person(opened).open(address)


def is_masked(person: Person, x: float, y: float) -> bool:
    return person.color(x + NEAR, y) != GRAY


def waits_for_questions(harness: Harness, count: int) -> None:
    wait(lambda: len(harness.questions) >= count)


def holds_the_button(person: Person, harness: Harness, x: float, y: float) -> None:
    """Until that has been asked about."""
    person.move(x, y)
    person.page.mouse.down()
    waits_for_questions(harness, 1)


def test_quick_edits_become_one_question_with_the_last_of_them(person: Person, harness: Harness) -> None:
    before = person.revision
    with harness.holds():
        for x in (100, 200, 300, 400, 500):
            person.click(x, 200)
    person.sees_answer(before)
    assert [len(question.request.prompt.points) for question in harness.questions] == [1, 5]
    assert harness.most_at_once == 1
    assert all(is_masked(person, x, 200) for x in (100, 200, 300, 400, 500))
    assert person.revision == before + 1


def test_an_answer_that_comes_with_the_picture_is_shown_and_not_asked_for(
    person: Person, harness: Harness
) -> None:
    prompt = {"points": [[300, 200]], "labels": [1], "box": None}
    asked = {"picture": "gray", "sequence": 1, "object": 1, "prompt": prompt}
    answer = harness.answer(Question.from_json(asked))["objects"][0]
    shown, before = person.page.evaluate(PICTURES_SHOWN), person.revision
    told = [{"name": "Disc", "prompt": prompt, "answer": answer}, {"prompt": {"box": [50, 50, 90, 90]}}]
    person.page.fill(
        "#message textarea, #message input",
        json.dumps({"picture": harness.pictures["gray"], "objects": told}),
    )
    person.press("Enter")
    person.page.wait_for_function(f"shown => {PICTURES_SHOWN} > shown", arg=shown)
    person.sees_answer(before + 1)
    # The second object came without one.
    assert [question.request.prompt.box_xyxy for question in harness.questions] == [(50, 50, 90, 90)]
    assert is_masked(person, 300, 200)
    assert person.page.locator("#viewer .thumb:visible").count() == 6
    before = person.revision
    person.page.evaluate("document.activeElement.blur()")
    person.ask(320, 200)
    assert person.prompt["points"] == [[300, 200], [320, 200]]
    person.press("Control+z")
    assert person.prompt == prompt
    assert person.revision == before + 2
    prompts = [question.request.prompt for question in harness.questions]
    assert [prompt.box_xyxy for prompt in prompts if not prompt.points] == [(50, 50, 90, 90)]


def test_an_answer_to_what_was_undone_is_not_shown(person: Person, harness: Harness) -> None:
    before = person.ask(100, 100)
    with person.gets_reply(), harness.holds():
        person.click(300, 200)
        person.press("Control+z")
    assert person.revision == before
    assert not is_masked(person, 300, 200)
    assert is_masked(person, 100, 100)


def test_a_late_answer_never_replaces_a_newer_one(person: Person, harness: Harness) -> None:
    with person.gets_reply('"points":[[100,100]]'), harness.holds():
        person.click(100, 100)
        person.page.wait_for_function(
            "document.querySelector('#viewer .status').textContent.includes('did not answer')"
        )
        before = person.revision
        person.ask(300, 200)
    assert len(harness.questions) == 2
    assert is_masked(person, 300, 200)
    assert person.revision == before + 1


def test_a_refusal_is_shown_and_the_prompts_stay(person: Person, harness: Harness) -> None:
    person.ask(100, 100)
    harness.faults = [ValueError("This point is too pointed.")]
    person.click(300, 200)
    person.page.wait_for_selector("#viewer .status.error")
    assert person.status == "This point is too pointed."
    assert len(person.prompt["points"]) == 2
    assert is_masked(person, 100, 100)
    before = person.revision
    person.click(500, 300)
    person.sees_answer(before)
    assert is_masked(person, 300, 200)
    assert person.page.locator("#viewer .status.error").count() == 0


def test_a_fault_of_the_server_is_told_without_a_traceback(person: Person, harness: Harness) -> None:
    harness.faults = [RuntimeError("secret")]
    person.click(300, 200)
    person.page.wait_for_selector("#viewer .status.error")
    assert "server failed" in person.status
    assert "secret" not in person.status


def test_what_needs_the_queue_is_answered_through_it(person: Person, harness: Harness) -> None:
    harness.needs_queue = True
    person.ask(300, 200)
    person.ask(100, 100)
    assert is_masked(person, 300, 200)
    assert is_masked(person, 100, 100)
    assert len(harness.questions) == 2


def test_the_preview_is_above_the_masks_and_becomes_the_answer(person: Person, harness: Harness) -> None:
    person.press("h")
    person.ask(100, 100)  # from now on the viewer knows that answers are quick
    person.press("n")
    before, asked = person.revision, len(harness.questions)
    with person.gets_reply():
        person.move(300, 200)
    assert len(harness.questions) == asked + 1
    above = person.colors([(300 + NEAR, 200)], layer=" + .marks")[0]
    assert above[3] > 30
    assert not is_masked(person, 300, 200)
    assert person.revision == before
    person.click(300, 200)
    assert is_masked(person, 300, 200)
    assert person.revision == before + 1
    assert len(harness.questions) == asked + 1
    person.press("h")
    person.move(500, 300)
    person.outlasts_timer(REST_MS)
    person.ask(400, 100)  # a question of before would have come before this one
    assert len(harness.questions) == asked + 2


def test_where_answers_are_slow_the_preview_waits_until_the_pointer_rests(
    browser: Browser, harness: Harness
) -> None:
    harness.reset()
    page = browser.new_page(viewport={"width": 1280, "height": 1300})
    with launched(harness, hover=True) as address:
        person = Person(page).open(address)
        person.choose("gray")
        before = person.revision
        with harness.holds():
            person.click(100, 100)
            person.outlasts_timer(1000)  # a slow answer
        person.sees_answer(before)
        person.press("n")
        asked = len(harness.questions)
        for x in range(200, 400, 20):
            person.move(x, 200)
        assert len(harness.questions) == asked
        with person.gets_reply():
            waits_for_questions(harness, asked + 1)
        above = person.colors([(380 + NEAR, 200)], layer=" + .marks")[0]
        assert above[3] > 30
        page.close()


def test_candidates_follow_when_nothing_else_is_asked(person: Person, harness: Harness) -> None:
    harness.previews = True
    person.ask(300, 200)
    shown = person.revision
    assert not harness.questions[0].request.multimask_output and harness.questions[0].is_preview
    person.page.wait_for_selector("#viewer [data-candidate='sam_hq:2']:visible")
    assert [question.is_preview for question in harness.questions] == [True, False]
    assert person.revision == shown  # the masks were there already
    assert is_masked(person, 300, 200)
    person.press("2")
    assert person.page.locator("#viewer [data-candidate='sam_hq:1']").get_attribute("aria-pressed") == "true"
    assert len(harness.questions) == 2


def number(person: Person, of: str, key: str) -> str:
    return person.page.inner_text(f"#viewer dl[data-scores={of}] [data-key={key}]")


def test_what_the_masks_tell_is_counted_before_the_rest_comes(person: Person, harness: Harness) -> None:
    harness.previews = True
    with harness.holds(2):
        person.ask(300, 200)
        first = {(of, key): number(person, of, key) for of, key in NUMBERS}
        assert first["sam", "stability"] == first["agreement", "boundary_iou"] == "–"
        assert "agreement 55.9 %" in person.status  # the share of a disc of three quarters the radius
    person.page.wait_for_selector("#viewer .candidates:not(.coming) .thumb:visible")
    whole = {(of, key): number(person, of, key) for of, key in NUMBERS}
    assert "–" not in whole.values()
    assert [name for name in whole if whole[name] != first[name]] == [
        ("sam", "stability"),
        ("agreement", "boundary_iou"),
    ]


def test_a_large_pictures_masks_are_previewed_and_then_exact(person: Person, harness: Harness) -> None:
    person.choose("2400x1800")
    harness.previews = True
    radius = RADIUS_SHARE * 1800
    inner, outer = (1200 + radius - 5, 900), (1200 + radius + 5, 900)
    with harness.holds(2):
        shown = person.ask(1200, 900)
        assert person.color(*inner) != GRAY
        assert person.color(*outer) == GRAY
        assert number(person, "sam", "area") == number(person, "agreement", "iou") == "–"
        assert "agreement" not in person.status
    person.page.wait_for_selector("#viewer .candidates:not(.coming) .thumb:visible")
    assert int(number(person, "sam", "area").removesuffix(" px").replace(",", "")) == pytest.approx(
        np.pi * radius**2, rel=1e-3
    )
    assert person.revision == shown
    # Close by, the border is where the full mask has it, to a pixel.
    for _ in range(5):  # aimed anew: the browser tells whole pixels of the page
        person.wheel(1200 + radius, 900, 12)
    edge = int(1200 + radius)  # the last column with pixels of the disc
    assert person.color(edge - 0.5, 900.5) != GRAY
    assert person.color(edge + 1.5, 900.5) == GRAY


def test_candidates_on_their_way_hold_no_click_off(person: Person, harness: Harness) -> None:
    harness.previews = True
    with harness.holds(2):  # the question for candidates
        person.ask(300, 200)
        waits_for_questions(harness, 2)
        person.ask(100, 100)
        assert is_masked(person, 100, 100)
        assert [len(question.request.prompt.points) for question in harness.questions] == [1, 1, 2]
        assert harness.most_at_once == 2


def test_a_candidate_can_be_chosen_before_it_is_there(person: Person, harness: Harness) -> None:
    harness.previews = True
    with harness.holds(2):
        person.ask(300, 200)
        person.press("2")
    person.page.wait_for_selector("#viewer [data-candidate='sam_hq:1'][aria-pressed=true]:visible")
    # Only in the second candidate, which is twice as large.
    beyond = 300 + RADIUS_SHARE * 400 * HQ_RADIUS * 1.3
    assert person.color(beyond, 200, "sam_hq") != GRAY


def test_a_server_that_has_no_candidates_after_all_is_asked_once(person: Person, harness: Harness) -> None:
    harness.previews = True
    harness.faults = [None, ValueError("They are gone.")]
    with person.gets_reply(THE_REST):
        person.ask(300, 200)
    person.outlasts_timer(REST_MS)
    assert len(harness.questions) == 2
    assert "They are gone" not in person.status
    assert not person.page.locator("#viewer [data-candidate='sam_hq:2']").is_visible()


def test_an_answer_that_stays_a_preview_keeps_no_other_from_being_whole(
    person: Person, harness: Harness
) -> None:
    harness.previews = True
    gone = ValueError("The rest is gone.")
    harness.faults = [None, gone, gone, None, gone]
    person.ask(300, 200)
    waits_for_questions(harness, 2)
    person.press("n")  # an edit: what failed is asked for again
    waits_for_questions(harness, 3)
    person.ask(100, 100)
    waits_for_questions(harness, 6)
    wait(lambda: not harness.is_busy)
    person.outlasts_timer(REST_MS)
    assert [question.is_preview for question in harness.questions] == [True, False, False, True, False, False]
    assert harness.questions[5].request.prompt == harness.questions[0].request.prompt
    person.page.click("#viewer tbody tr:first-child .name")
    person.page.wait_for_selector("#viewer [data-candidate='sam_hq:2']:visible")


def test_the_press_of_a_button_already_asks(person: Person, harness: Harness) -> None:
    before = person.revision
    with person.gets_reply():
        holds_the_button(person, harness, 300, 200)
    assert not is_masked(person, 300, 200)
    assert person.revision == before
    person.page.mouse.up()
    assert is_masked(person, 300, 200)
    assert len(harness.questions) == 1


def test_a_press_that_becomes_a_box_shows_no_point(person: Person, harness: Harness) -> None:
    before = person.revision
    holds_the_button(person, harness, 200, 100)
    person.move(400, 300)
    person.page.mouse.up()
    person.sees_answer(before)
    assert person.prompt["points"] == []
    assert person.prompt["box"] == pytest.approx([200, 100, 400, 300], abs=1)
    assert [question.request.prompt.box_xyxy is None for question in harness.questions] == [True, False]
    assert not is_masked(person, 200 - 2 * NEAR, 100)


def test_a_canvas_that_the_browser_emptied_is_painted_anew(person: Person) -> None:
    person.ask(300, 200)
    person.page.evaluate(
        """() => {
          const canvas = document.querySelector("#viewer canvas[data-model=sam]");
          canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
        }"""
    )
    assert person.color(500, 300) == (0, 0, 0)
    person.page.evaluate(
        "document.querySelector('#viewer canvas[data-model=sam]').dispatchEvent(new Event('contextrestored'))"
    )
    assert person.color(500, 300) == GRAY
    assert is_masked(person, 300, 200)


def test_two_visitors_see_their_own_prompts(person: Person, browser: Browser) -> None:
    person.ask(300, 200)
    with browser.new_page(viewport={"width": 1280, "height": 1300}) as second_page:
        second = Person(second_page).open(person.page.url)
        second.choose("gray")
        second.ask(100, 100)
        assert second.prompt["points"] == [[100, 100]]
        assert not is_masked(second, 300, 200)
    assert person.prompt["points"] == [[300, 200]]
    assert not is_masked(person, 100, 100)
