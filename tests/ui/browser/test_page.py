"""The page as a person uses it: the real app with no network, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Browser, Route

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.house import EXAMPLES, HEARTS_AT, HOUSE, HOUSE_AT, SIZE_WH, TRUTH, inside
from tests.support.pixels import mask_iou

pytestmark = pytest.mark.browser

# The browser tells whole pixels of the page, and #picture shows the picture an eighth as wide.
THUMBNAIL_PIXEL = 9


@pytest.fixture
def house(visitor: Visitor) -> Visitor:
    """A visitor who chose the house and cleared its prompt; its true mask stays."""
    visitor.choose_example(HOUSE_AT)
    visitor.press("c")
    return visitor


@pytest.fixture
def client(app: RunningApp, tmp_path: Path) -> Client:
    return Client(app.url, verbose=False, analytics_enabled=False, download_files=tmp_path)


def painted(visitor: Visitor, model: str, size_wh: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A grid of places, (n, 2) in picture pixels, and whether the canvas shows a mask there, (n,) bool."""
    columns = np.arange(4, size_wh[0], 12)
    rows = np.arange(4, size_wh[1], 12)
    places = np.array([(x + 0.5, y + 0.5) for y in rows for x in columns])
    covered = visitor.colors([tuple(place) for place in places.tolist()], model)[:, :3].astype(int)
    visitor.press("Control+z")
    visitor.rest()
    plain = visitor.colors([tuple(place) for place in places.tolist()], model)[:, :3].astype(int)
    visitor.press("Control+y")
    visitor.rest()
    return places, np.abs(covered - plain).sum(axis=1) > 12


# ---- start, answers ----------------------------------------------------------------------------------------


def test_page_is_there_before_the_model_is(app: RunningApp) -> None:
    """It takes about five seconds; a machine with much else to do must not fail for that."""
    assert app.seconds_to_page < 60


def test_a_clicked_object_is_found_by_page_and_api_alike(house: Visitor, client: Client) -> None:
    house.ask(*inside(TRUTH))
    prompt = house.prompt
    assert np.abs(np.subtract(prompt["points"][0], inside(TRUTH))).max() < 0.02
    result, *files = client.predict(
        handle_file(HOUSE), points=prompt["points"], labels=prompt["labels"], api_name="/compare"
    )
    answer = result["objects"][0]
    for model, file in zip(("sam", "sam_hq"), files, strict=True):
        with Image.open(file) as image:
            assert mask_iou(np.asarray(image) > 127, TRUTH) >= 0.8
        predicted = f"{min(max(answer[model]['predicted_iou'], 0), 1):.3f}"
        assert house.score(model, "predicted_iou") == predicted
        assert predicted in house.page.inner_text(f"#{model.replace('_', '-')}")
        assert house.score(model, "stability") == f"{answer[model]['stability']:.3f}"
        assert house.score(model, "area") == f"{answer[model]['area']:,} px"
    assert house.score("agreement", "iou") == f"{answer['agreement']['iou']:.3f}"
    assert house.score("agreement", "boundary_iou") == f"{answer['agreement']['boundary_iou']:.3f}"
    assert house.score("agreement", "only_sam") == f"{answer['agreement']['only_sam']:,} px"


@pytest.mark.parametrize("model", ["sam", "sam_hq"])
def test_both_canvases_show_the_object(house: Visitor, model: str) -> None:
    house.ask(*inside(TRUTH))
    places, covered = painted(house, model, SIZE_WH)
    truth = TRUTH[places[:, 1].astype(int), places[:, 0].astype(int)]
    assert (covered & truth).sum() / (covered | truth).sum() >= 0.9


def test_a_click_in_the_picture_is_a_click_in_the_viewer(house: Visitor) -> None:
    before = house.revision
    house.click_in_picture(*inside(TRUTH), SIZE_WH)
    house.sees_answer(before)
    assert np.abs(np.subtract(house.prompt["points"][0], inside(TRUTH))).max() < THUMBNAIL_PIXEL
    assert house.prompt["labels"] == [1]
    assert float(house.score("sam", "true_iou")) > 0.8
    house.press("x")
    house.click_in_picture(60, 500, SIZE_WH)  # the other corner holds the small x
    house.sees_answer(before + 1)
    assert house.prompt["labels"] == [1, 0]


def test_a_picture_can_be_clicked_as_soon_as_it_takes_clicks(visitor: Visitor) -> None:
    """With no wait for anything: the click comes when the picture lets it through."""
    visitor.takes_picture_away()
    before = visitor.revision
    visitor.page.locator("#picture input[type=file]").set_input_files(HOUSE)
    image = visitor.page.locator("#picture img")
    image.click()  # in its middle
    visitor.sees_answer(before)
    (point,) = visitor.prompt["points"]
    assert point == pytest.approx([768 / 2, 576 / 2], abs=THUMBNAIL_PIXEL)
    for branch in ("#sam", "#sam-hq"):
        assert re.search(r"confidence\s+[01]\.\d{3}", visitor.page.inner_text(branch))


def test_four_quick_clicks_in_the_picture_give_four_points(house: Visitor) -> None:
    wanted = [(100.0, 300.0), (200.0, 300.0), (300.0, 300.0), (250.0, 400.0)]
    for xy in wanted:
        house.click_in_picture(*xy, SIZE_WH)
    house.page.wait_for_function(
        "document.querySelector('#viewer').viewer.state().objects[0].prompt.points.length === 4"
    )
    assert np.abs(np.subtract(house.prompt["points"], wanted)).max() < THUMBNAIL_PIXEL


def test_a_late_answer_does_not_replace_a_newer_one(house: Visitor) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    house.page.route("**/component_server/", hold_the_first)
    with house.page.expect_request("**/component_server/"):
        house.click(*inside(TRUTH))
    house.press("c")
    # Another picture, so that the question under way is given up and not waited for.
    before = house.revision
    house.page.locator(f"#example-{HEARTS_AT}").click()
    house.sees_answer(before)
    house.sees_scores()
    scores, revision = house.page.inner_text("#viewer .scores"), house.revision
    with house.gets_reply():
        held[0].continue_()
    assert house.page.inner_text("#viewer .scores") == scores
    assert house.revision == revision


# ---- pictures ----------------------------------------------------------------------------------------------


def test_a_picture_begins_to_encode_when_it_arrives(visitor: Visitor, tmp_path: Path) -> None:
    visitor.takes_picture_away()
    before = visitor.revision
    visitor.page.evaluate(
        """() => {
            const bar = document.querySelector('#viewer .progress');
            window.barSeen = false;
            new MutationObserver(() => (window.barSeen ||= !bar.hidden)).observe(bar, { attributes: true });
        }"""
    )
    visitor.bring(save_photo(tmp_path / "photo.png", size_wh=(2000, 1500), seed=11))
    visitor.page.wait_for_function("window.barSeen")
    visitor.page.wait_for_function("document.querySelector('#viewer .progress').hidden")
    assert visitor.revision == before
    visitor.ask(1000, 700)
    # Answered without the queue: the picture was encoded before anything was asked.
    assert "Answered in" in visitor.status


def test_a_click_while_the_picture_encodes_is_answered_when_it_is(visitor: Visitor, tmp_path: Path) -> None:
    visitor.bring(save_photo(tmp_path / "photo.png", size_wh=(2000, 1500), seed=12))
    visitor.ask(1000, 700)
    assert len(visitor.prompt["points"]) == 1


def test_a_picture_is_dropped_pasted_and_opened(visitor: Visitor, tmp_path: Path) -> None:
    files = [save_photo(tmp_path / f"{seed}.png", size_wh=(300, 200), seed=seed) for seed in (21, 22, 23)]
    send = """([kind, selector, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "photo.png", { type: "image/png" }));
        const event = kind === 'paste' ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true })
            : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector(selector).dispatchEvent(event);
    }"""
    for kind, selector, file in (("drop", "#viewer .stage", files[0]), ("paste", "body", files[1])):
        before = visitor.pictures_shown
        visitor.page.evaluate(send, [kind, selector, list(file.read_bytes())])
        visitor.sees_picture(before)
        visitor.ask(150, 100)
    before = visitor.pictures_shown
    with visitor.page.expect_file_chooser() as chooser:
        visitor.press("Control+o")
    chooser.value.set_files(files[2])
    visitor.sees_picture(before)
    assert visitor.state["objects"][0]["prompt"]["points"] == []


def test_a_file_that_is_no_picture_is_refused_and_all_else_stays(house: Visitor, tmp_path: Path) -> None:
    house.ask(*inside(TRUTH))
    before, shown = house.prompt, house.pictures_shown
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"no picture at all")
    house.bring_another(fake)
    house.page.wait_for_selector("#status.error")
    assert "no picture" in house.status
    assert "no picture" in house.notice()
    assert house.prompt == before
    assert house.pictures_shown == shown
    revision = house.revision
    house.ask(120, 400)
    assert house.revision > revision
    assert house.prompt["points"][0] == before["points"][0]


def test_a_refused_first_picture_leaves_the_box_empty(visitor: Visitor, tmp_path: Path) -> None:
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"no picture at all")
    visitor.takes_picture_away()
    visitor.page.locator("#picture input[type=file]").set_input_files(fake)
    visitor.page.wait_for_selector("#status.error")
    visitor.page.locator("#picture img").wait_for(state="detached")
    visitor.bring(HOUSE)
    visitor.says("Click the object")


def test_a_picture_taken_away_leaves_an_empty_page(house: Visitor) -> None:
    house.ask(*inside(TRUTH))
    house.page.get_by_label("Remove Image").click()
    house.says("Choose an example")
    assert house.score("sam", "predicted_iou") == "–"


# ---- models, visitors --------------------------------------------------------------------------------------


def test_choosing_a_model_that_is_not_here_keeps_the_one_that_answers(house: Visitor) -> None:
    house.ask(*inside(TRUTH))
    before = house.prompt
    house.page.locator("#model input").click()
    house.page.get_by_role("option", name="base (0.8 GB to download)").click()
    house.page.locator("#answering", has_text="base could not be downloaded").wait_for()
    house.page.locator("#answering", has_text="tiny answers instead").wait_for()
    assert house.prompt == before
    assert house.state["settings"]["model"] is None
    house.ask(600, 100, button="right")
    assert house.page.locator("#status.error").count() == 0
    house.page.locator("#model input").click()
    house.page.get_by_role("option", name="tiny (5.04 M parameters)").click()
    house.page.locator("#answering", has_text="tiny answers; base is sharper.").wait_for()


def test_the_menu_of_models_closes_on_tab(visitor: Visitor) -> None:
    visitor.page.locator("#model input").click()
    visitor.page.get_by_role("option", name="base").wait_for()
    visitor.page.keyboard.press("Tab")
    visitor.page.get_by_role("option", name="base").wait_for(state="detached")


def test_the_page_comes_compressed(app: RunningApp) -> None:
    sizes = {}
    for encoding in ("gzip", "identity"):
        with httpx.stream("GET", app.url, headers={"Accept-Encoding": encoding}) as answer:
            sizes[encoding] = sum(map(len, answer.iter_raw()))
            assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert sizes["gzip"] < sizes["identity"] / 3


def test_an_idle_page_asks_nothing(app: RunningApp, browser: Browser) -> None:
    visitor = Visitor.arrive(browser, app.url, before=lambda page: page.clock.install())
    visitor.sees_scores()
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))

    def in_a_minute() -> list[str]:
        asked.clear()
        visitor.page.clock.fast_forward(60_000)
        visitor.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return asked

    # What is under way as the page opens comes to an end.
    assert any(in_a_minute() == [] for _ in range(20))
    assert in_a_minute() == in_a_minute() == []
    visitor.leave()


def test_two_visitors_never_see_each_others_picture_or_prompts(
    app: RunningApp, browser: Browser, house: Visitor
) -> None:
    other = Visitor.arrive(browser, app.url)
    other.choose_example(HEARTS_AT)
    house.ask(*inside(TRUTH))
    theirs = other.prompt
    assert theirs == EXAMPLES[HEARTS_AT]["prompt"]
    assert other.state["picture"] != house.state["picture"]
    other.ask(600, 100)
    assert len(other.prompt["points"]) == 2
    assert len(house.prompt["points"]) == 1
    other.leave()


def test_a_ticket_of_no_picture_is_refused_in_a_sentence(house: Visitor) -> None:
    """Whoever guesses at others' pictures learns nothing."""
    house.ask(*inside(TRUTH))
    house.page.route(
        "**/component_server/",
        lambda route: route.continue_(
            post_data=(route.request.post_data or "").replace(house.state["picture"], "guessed")
        ),
    )
    house.click(120, 400)
    house.page.wait_for_selector("#status.error")
    assert house.status == "The server no longer has this picture: open it again."


# ---- what is hidden and what is said -----------------------------------------------------------------------


def test_programs_and_language_models_see_the_endpoints_alone(app: RunningApp) -> None:
    info = httpx.get(f"{app.url}gradio_api/info").json()
    assert sorted(info["named_endpoints"]) == ["/compare", "/compare_many", "/models", "/segment_everything"]
    assert not info["unnamed_endpoints"]
    tools = httpx.get(f"{app.url}gradio_api/mcp/schema").json()
    assert sorted(tool["name"] for tool in tools) == [
        "compare",
        "compare_many",
        "models",
        "segment_everything",
    ]


def test_the_page_says_which_model_answers_and_what_the_scores_are(visitor: Visitor) -> None:
    visitor.page.locator("#answering summary", has_text="tiny answers; base is sharper.").wait_for()
    visitor.page.get_by_role("button", name="What the scores mean").click()
    about = visitor.page.locator("#about")
    about.locator("table").wait_for()
    text = about.inner_text()
    for words in ("An estimate can pass 1", "94.8 M", "1.07 M, 1.1%", "Boundary IoU"):
        assert words in text
