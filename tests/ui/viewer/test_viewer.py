"""The viewer in a real browser, used as a person would; the harness answers at once with drawn masks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from testbed.person import Person
from tests.support.pixels import rle_encode
from tests.support.viewer_harness import HQ_RADIUS, RADIUS_SHARE, Harness, drawn_mask, launched

pytestmark = pytest.mark.browser

GREY = (120, 120, 120)
SKY_BLUE, ORANGE, BLUE = (86, 180, 233), (230, 159, 0), (0, 114, 178)
SIZE_WH = (600, 400)
RADIUS = RADIUS_SHARE * 400
IN_BOTH, IN_SAM_ALONE = RADIUS * HQ_RADIUS * 0.6, RADIUS * 0.87  # so far from a point


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    made = Harness(tmp_path_factory.mktemp("pictures"))
    made.add_picture(*SIZE_WH, name="grey", pixels=np.full((400, 600, 3), GREY, np.uint8))
    return made


@pytest.fixture(scope="module")
def visitor(browser: Browser, harness: Harness) -> Iterator[Person]:
    """One page for all tests that need no other: a new picture begins everything anew."""
    with launched(harness) as address, browser.new_page(viewport={"width": 1280, "height": 1300}) as page:
        yield Person(page).open(address)


@pytest.fixture
def person(visitor: Person, harness: Harness) -> Iterator[Person]:
    visitor.choose("grey")
    harness.reset()
    yield visitor
    assert visitor.faults == []
    assert {host.partition(":")[0] for host in visitor.hosts} <= {"127.0.0.1", "localhost"}


def blended(color: tuple[int, int, int], opacity: float = 0.5) -> tuple[float, ...]:
    return tuple(opacity * one + (1 - opacity) * under for one, under in zip(color, GREY, strict=True))


# ---- prompts ---------------------------------------------------------------------------------------------


def test_a_click_paints_both_masks_and_counts_one_revision(person: Person) -> None:
    before = person.revision
    person.ask(300, 200)
    assert person.revision == before + 1
    assert person.prompt == {"points": [[300, 200]], "labels": [1], "box": None}
    for model in ("sam", "sam_hq"):
        assert person.color(300 + IN_BOTH, 200, model) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(300 + IN_SAM_ALONE, 200, "sam") == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(300 + IN_SAM_ALONE, 200, "sam_hq") == GREY


def test_a_click_in_the_other_pane_is_the_same(person: Person) -> None:
    person.ask(200, 100, model="sam_hq")
    assert person.prompt["points"] == [[200, 100]]


def test_the_painted_mask_is_the_answered_mask(person: Person) -> None:
    person.drag((100, 80), (260, 190))
    person.ask(420, 250)
    person.ask(240, 180, button="right")
    answered = drawn_mask(person.prompts[0], SIZE_WH)
    columns, rows = np.random.default_rng(0).integers((3, 3), (597, 397), (400, 2)).T
    around = np.stack([answered[rows + dy, columns + dx] for dy in (-2, 0, 2) for dx in (-2, 0, 2)])
    clear = (around == around[4]).all(axis=0)  # on an edge, a pixel of the screen shows both sides
    places = [(x + 0.5, y + 0.5) for x, y in zip(columns[clear], rows[clear], strict=True)]
    painted = person.colors(places)[:, 2] > GREY[2] + 10
    assert painted.tolist() == answered[rows, columns][clear].tolist()
    assert 20 < painted.sum() < len(places) - 20


def test_right_click_and_the_background_tool_take_away(person: Person) -> None:
    person.drag((100, 100), (500, 300))
    person.sees_answer(0)
    person.ask(200, 200, button="right")
    assert person.color(200, 200 + IN_BOTH) == GREY
    person.press("x")
    person.ask(400, 200)
    person.press("x")
    assert person.prompt["labels"] == [0, 0]
    assert person.color(400, 200 + IN_BOTH) == GREY


def test_background_alone_is_not_asked_but_explained(person: Person, harness: Harness) -> None:
    person.click(300, 200, button="right")
    assert "click the object too" in person.status
    assert harness.questions == []


def test_a_click_beside_the_picture_does_nothing(person: Person, harness: Harness) -> None:
    person.page.set_viewport_size({"width": 1280, "height": 700})
    person.press("l")  # wider than the picture
    person.click(-20, 200)
    person.page.set_viewport_size({"width": 1280, "height": 1300})
    assert "outside the picture" in person.status
    assert harness.questions == []


def test_a_drag_draws_a_box_whichever_way(person: Person) -> None:
    person.drag((400, 300), (150, 100))
    person.sees_answer(0)
    assert person.prompt["box"] == pytest.approx([150, 100, 400, 300], abs=0.02)
    assert person.color(160, 110) == pytest.approx(blended(SKY_BLUE), abs=2)


def test_a_box_drawn_over_the_edge_ends_at_it(person: Person) -> None:
    person.drag((500, 300), (630, 290))
    assert person.prompt["box"] == pytest.approx([500, 290, 599.99, 300], abs=0.02)


def test_a_point_and_the_sides_of_a_box_are_moved_by_dragging(person: Person) -> None:
    person.drag((100, 100), (300, 250))
    person.click(450, 200)
    person.drag((450, 200), (500, 260))
    assert person.prompt["points"][0] == pytest.approx([500, 260], abs=0.02)
    person.drag((300, 250), (330, 280))  # a corner
    person.drag((100, 150), (60, 170))  # the left side: moves across only
    assert person.prompt["box"] == pytest.approx([60, 100, 330, 280], abs=0.02)
    person.press("Control+z", "Control+z")  # each drag is one step back
    assert person.prompt["box"] == pytest.approx([100, 100, 300, 250], abs=0.02)
    assert person.prompt["points"][0] == pytest.approx([500, 260], abs=0.02)


def test_alt_click_removes_a_point_or_the_box(person: Person) -> None:
    person.drag((100, 100), (300, 250))
    person.click(450, 200)
    person.page.keyboard.down("Alt")
    person.click(450, 200)
    person.click(300, 250)
    person.page.keyboard.up("Alt")
    assert person.prompt == {"points": [], "labels": [], "box": None}


def test_the_small_x_beside_a_point_removes_it(person: Person) -> None:
    person.click(200, 200)
    person.click(400, 200)
    person.move(300, 100)
    assert person.page.locator("#viewer .remover").is_hidden()
    person.move(400, 200)
    remover = person.page.locator("#viewer .remover")
    assert remover.get_attribute("aria-label") == "Remove object point 2"
    remover.click()
    assert person.prompt["points"] == [[200, 200]]


def test_escape_leaves_off_a_drag(person: Person) -> None:
    person.click(200, 200)
    person.move(200, 200)
    person.page.mouse.down()
    person.move(300, 300)
    person.press("Escape")
    person.page.mouse.up()
    assert person.prompt["points"] == [[200, 200]]


# ---- history ---------------------------------------------------------------------------------------------


def test_every_edit_can_be_undone_and_done_again(person: Person, harness: Harness) -> None:
    person.ask(150, 100)
    person.ask(300, 200)
    person.drag((350, 150), (450, 350))
    person.sees_answer(0)
    with_all, asked = person.state["objects"], len(harness.questions)
    person.press("c")
    assert person.prompt["points"] == []
    assert person.color(300 + IN_BOTH, 200) == GREY
    person.press(*["Control+z"] * 4)
    assert person.prompt["points"] == []
    person.press("Control+y", "Control+Shift+z", "Control+y")
    assert person.state["objects"] == with_all
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert len(harness.questions) == asked  # answers known once are not asked for again
    assert person.page.is_enabled("[data-action=redo]")
    person.click(500, 50)
    assert person.page.is_disabled("[data-action=redo]")


def test_clear_all_can_be_undone(person: Person) -> None:
    person.click(150, 100)
    person.press("n")
    person.click(300, 200)
    before = person.state["objects"]
    person.press("Shift+C")
    assert [each["prompt"]["points"] for each in person.state["objects"]] == [[]]
    person.press("Control+z")
    assert person.state["objects"] == before


def test_keys_do_nothing_while_one_types(person: Person) -> None:
    person.ask(300, 200)
    field = person.page.locator("#choose textarea, #choose input")
    field.press_sequentially("cdnl1?")
    field.press("Control+z")
    assert person.prompt["points"] == [[300, 200]]
    assert person.page.locator("#viewer [data-view=side]").count() == 1
    assert len(person.state["objects"]) == 1


# ---- views -----------------------------------------------------------------------------------------------


def test_opacity_outline_and_views_ask_for_nothing(person: Person, harness: Harness) -> None:
    person.ask(300, 200)
    person.press("]", "]", "]", "]")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE, 0.9), abs=2)
    person.press("o")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == GREY
    assert person.color(300 + RADIUS - 1, 200) == pytest.approx(blended(SKY_BLUE, 0.95), abs=6)
    person.press("o", "[", "[", "[", "[", "l", "d", "s")
    person.rest()
    assert person.color(300 + IN_BOTH, 200) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert len(harness.questions) == 1


def test_the_slider_shows_sam_to_its_left_and_sam_hq_to_its_right(person: Person) -> None:
    person.ask(300, 200)
    person.press("l")
    divider = person.page.locator("#viewer .divider")
    shown = "([x, y]) => document.elementFromPoint(x, y).dataset.model"
    left, right = list(person.client(250, 100)), list(person.client(350, 100))
    assert person.page.evaluate(shown, left) == "sam"
    assert person.page.evaluate(shown, right) == "sam_hq"
    divider.focus()
    divider.press("End")
    assert divider.get_attribute("aria-valuenow") == "100"
    assert person.page.evaluate(shown, right) == "sam"
    divider.drag_to(person.page.locator("#viewer .stage"))
    assert divider.get_attribute("aria-valuenow") == "50"
    assert len(person.prompt["points"]) == 1


def test_the_difference_has_three_colors_and_a_legend(person: Person) -> None:
    person.ask(300, 200)
    person.press("d")
    person.rest()
    dimmed = tuple(0.65 * value for value in GREY)
    assert person.color(100, 100, "difference") == pytest.approx(dimmed, abs=2)
    only_sam = [0.9 * one + 0.1 * under for one, under in zip(ORANGE, dimmed, strict=True)]
    assert person.color(300 + IN_SAM_ALONE, 200, "difference") == pytest.approx(only_sam, abs=2)
    both = [0.35 * 232 + 0.65 * under for under in dimmed]
    assert person.color(300 + IN_BOTH, 200, "difference") == pytest.approx(both, abs=2)
    assert person.page.is_visible("#viewer .legend")
    assert person.page.inner_text("#viewer .legend").split("\n") == ["only SAM", "only SAM-HQ", "both"]


def test_both_panes_zoom_and_pan_in_step(person: Person) -> None:
    person.ask(300, 200)
    person.wheel(300, 200, 4)
    place, pane = np.array(person.client(300, 200)), np.array(person.client(300, 200, "sam_hq"))
    person.drag((300, 200), (320, 210), button="middle")
    assert person.page.inner_text("#viewer .zoom") != "102 %"
    moved, moved_other = np.array(person.client(300, 200)), np.array(person.client(300, 200, "sam_hq"))
    assert moved - place == pytest.approx(moved_other - pane)
    assert (moved - place).min() > 5
    assert person.color(300 + IN_BOTH, 200, "sam_hq") == pytest.approx(blended(SKY_BLUE), abs=2)
    person.page.keyboard.down(" ")
    person.drag((300, 200), (290, 195))
    person.page.keyboard.up(" ")
    assert (person.client(300, 200) - moved).max() < -5
    assert person.prompt["box"] is None


def test_a_double_click_shows_the_whole_picture_and_adds_no_point(person: Person) -> None:
    person.press("+", "+", "+")
    person.page.mouse.dblclick(*person.client(300, 200))
    assert person.page.is_disabled("[data-action=zoom-out]")
    assert person.prompt["points"] == []
    assert person.page.is_disabled("[data-action=redo]")


# ---- objects and candidates ------------------------------------------------------------------------------


def test_objects_have_their_own_prompts_colors_and_rows(person: Person) -> None:
    person.ask(150, 100)
    person.page.click("#viewer [data-action=new]")
    person.drag((350, 150), (450, 350))
    person.sees_answer(person.revision - 1)
    assert person.color(150 + IN_BOTH, 100) == pytest.approx(blended(SKY_BLUE), abs=2)
    assert person.color(400, 250) == pytest.approx(blended(ORANGE), abs=2)
    rows = person.page.locator("#viewer tbody tr")
    sam, sam_hq = (drawn_mask(person.prompts[0], SIZE_WH, share=share).sum() for share in (1, HQ_RADIUS))
    expected = ["Object 1", f"{sam_hq / sam * 100:.1f} %", f"{sam_hq:,}", "0.900 / 0.900"]
    assert [text.strip() for text in rows.nth(0).inner_text().split("\t")[:4]] == expected
    assert rows.nth(1).locator("[data-key=agreement]").inner_text() == "100.0 %"
    rows.nth(0).locator(".name").click()
    assert person.prompt["points"] == [[150, 100]]
    person.press("j")
    assert person.prompt["points"] == []


def test_an_object_is_renamed_and_deleted(person: Person) -> None:
    person.ask(150, 100)
    person.page.get_by_label("Rename Object 1").click()
    person.page.locator("#viewer tbody input").fill("Fence")
    person.press("Enter")
    assert person.state["objects"][0]["name"] == "Fence"
    person.page.get_by_label("Delete Fence").click()
    assert person.state["objects"][0]["prompt"]["points"] == []
    assert person.color(150 + IN_BOTH, 100) == GREY
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
    assert person.color(beyond, 200, "sam") == GREY
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
