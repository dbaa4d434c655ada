"""The page as a person uses it: the real app with no network, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Browser

from samhq_demo.drawing import SAM_HQ_RGB, SAM_RGB
from samhq_demo.masks import mask_iou
from samhq_demo.pictures import read_mask
from tests.browsing import ROOT, RunningApp, Visitor, chromium, run_app
from tests.serving import save_photo

pytestmark = pytest.mark.browser

EXAMPLES = json.loads((ROOT / "examples" / "examples.json").read_text())
# The first example: a plain shape, which every model should find. Its picture is 768 x 576.
HOUSE = ROOT / "examples" / EXAMPLES[0]["file"]
SIZE_WH = (768, 576)
TRUTH = read_mask(ROOT / "examples" / EXAMPLES[0]["truth"], size_wh=SIZE_WH)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with run_app(tmp_path_factory.mktemp("app"), SAMHQ_MODEL="tiny") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(app: RunningApp, browser: Browser) -> Iterator[Visitor]:
    arrived = Visitor.arrive(browser, app.url)
    yield arrived
    assert not arrived.complaints
    assert all(url.startswith((app.url, "data:", "blob:")) for url in arrived.asked)
    arrived.leave()


@pytest.fixture
def house(visitor: Visitor) -> Visitor:
    """A visitor who chose the first example and cleared its prompt."""
    visitor.choose_example(0)
    visitor.answered(EXAMPLES[0]["prompt"])
    visitor.page.locator("#clear").click()
    visitor.status("Ready")
    return visitor


def inside(truth: np.ndarray) -> tuple[int, int]:
    """(x, y) well inside an object, apart from where its example clicks: the middle of its lower third."""
    rows = np.flatnonzero(truth.any(axis=1))
    y = int(rows[0] + 0.75 * (rows[-1] - rows[0]))
    x = int(np.median(np.flatnonzero(truth[y])))
    assert truth[y - 20 : y + 20, x - 20 : x + 20].all(), "the place must be well inside"
    return x, y


def test_page_is_there_before_the_model_is(app: RunningApp) -> None:
    """It takes about five seconds; a machine with much else to do must not fail for that."""
    assert app.seconds_to_page < 60


def test_a_clicked_object_is_found_by_page_and_api_alike(
    app: RunningApp, house: Visitor, tmp_path: Path
) -> None:
    house.click(inside(TRUTH), SIZE_WH)
    prompt = house.points_answered(1)
    assert np.abs(np.subtract(prompt["points"][0], inside(TRUTH))).max() < 2

    client = Client(app.url, verbose=False, analytics_enabled=False, download_files=tmp_path)
    result, *files = client.predict(
        handle_file(HOUSE), points=prompt["points"], labels=prompt["labels"], api_name="/compare"
    )
    answer = result["objects"][0]
    for where, key, file in zip(("#sam", "#sam-hq"), ("sam", "sam_hq"), files, strict=True):
        with Image.open(file) as image:
            assert mask_iou(np.asarray(image) > 127, TRUTH) >= 0.8
        predicted = min(max(answer[key]["predicted_iou"], 0), 1)
        assert house.score(where, "predicted_iou") == f"{predicted:.3f}"
        assert house.score(where, "stability") == f"{answer[key]['stability']:.3f}"
        assert house.score(where, "area").startswith(f"{answer[key]['area']:,} px")
    assert house.score("#agreement", "agreement_iou") == f"{answer['agreement']['iou']:.3f}"


def test_both_masks_cover_the_object_on_the_screen(house: Visitor) -> None:
    house.click(inside(TRUTH), SIZE_WH)
    house.points_answered(1)
    for where, colour in (("#sam", SAM_RGB), ("#sam-hq", SAM_HQ_RGB)):
        shown = house.screenshot(where)
        height, width = shown.shape[:2]
        with Image.open(HOUSE) as image:
            plain = np.asarray(image.convert("RGB").resize((width, height)), np.float32)
        with Image.fromarray(TRUTH) as image:
            truth = np.asarray(image.resize((width, height)))
        tinted = plain * 0.45 + np.array(colour) * 0.55
        # Nearer to the tinted picture than to the plain one: what a person would call covered.
        covered = np.abs(shown - tinted).sum(axis=2) < np.abs(shown - plain).sum(axis=2)
        assert mask_iou(covered, truth) >= 0.75, where


def test_four_quick_clicks_give_four_points(house: Visitor) -> None:
    wanted = [(100.0, 300.0), (200.0, 300.0), (300.0, 300.0), (250.0, 400.0)]
    for xy in wanted:
        house.click(xy, SIZE_WH)
    points = house.points_answered(4)["points"]
    assert np.abs(np.subtract(points, wanted)).max() < 2
    assert house.page.locator("#marks circle").count() == 4


def test_marks_are_where_the_clicks_were(house: Visitor) -> None:
    house.click((600, 100), SIZE_WH)
    house.points_answered(1)
    mark, picture = house.page.locator("#marks circle").bounding_box(), house.image("#picture").bounding_box()
    assert mark is not None and picture is not None
    x = (mark["x"] + mark["width"] / 2 - picture["x"]) / picture["width"] * SIZE_WH[0]
    y = (mark["y"] + mark["height"] / 2 - picture["y"]) / picture["height"] * SIZE_WH[1]
    assert abs(x - 600) < 3 and abs(y - 100) < 3


def test_background_points_box_undo_and_clear(house: Visitor) -> None:
    house.use("background")
    house.click((600, 100), SIZE_WH)
    house.status("Only background so far")
    house.use("box")
    house.click((60, 40), SIZE_WH)
    house.status("First corner set")
    house.click((460, 480), SIZE_WH)
    prompt = house.points_answered(1)
    assert prompt["labels"] == [0]
    assert np.abs(np.subtract(prompt["box"], (60, 40, 460, 480))).max() < 2

    house.page.locator("#undo").click()
    house.status("Only background so far")
    house.image("#sam").wait_for(state="detached")
    house.page.locator("#clear").click()
    house.status("Ready")
    house.page.locator("#marks circle").wait_for(state="detached")
    house.page.locator("#undo").click()
    house.status("Only background so far")
    house.page.locator("#undo").click()
    house.status("Ready")


def test_a_picture_begins_to_encode_when_it_arrives(visitor: Visitor, tmp_path: Path) -> None:
    visitor.upload(save_photo(tmp_path / "photo.png", size_wh=(2000, 1500), seed=11))
    visitor.taken()
    visitor.click((1000, 700), (2000, 1500))
    visitor.points_answered(1)
    # Never by the click itself: it finds the picture encoded, or waits for the run that is at it.
    assert visitor.score("#agreement", "encode").split()[-1] in ("kept", "shared")


def test_a_file_that_is_no_picture_is_refused_and_all_else_stays(house: Visitor, tmp_path: Path) -> None:
    house.click(inside(TRUTH), SIZE_WH)
    prompt = house.points_answered(1)
    source = house.image("#picture").get_attribute("src")
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"no picture at all")
    house.upload_another(fake)
    house.status("no picture")
    assert "no picture" in house.notice()
    assert house.image("#picture").get_attribute("src") == source
    assert house.page.locator("#marks circle").count() == 1
    house.click((120, 400), SIZE_WH)
    assert house.points_answered(2)["points"][0] == prompt["points"][0]


def test_a_refused_first_picture_leaves_the_box_empty(visitor: Visitor, tmp_path: Path) -> None:
    fake = tmp_path / "fake.png"
    fake.write_bytes(b"no picture at all")
    visitor.upload(fake)
    visitor.status("no picture")
    visitor.image("#picture").wait_for(state="detached")
    visitor.upload(HOUSE)
    visitor.status("Ready")


def test_a_model_that_is_not_here_is_refused_and_the_prompt_stays(house: Visitor) -> None:
    house.click(inside(TRUTH), SIZE_WH)
    before = house.points_answered(1)
    house.page.locator("#model input").click()
    house.page.get_by_role("option", name="base").click()
    house.page.locator(".toast-body").wait_for()
    assert house.prompt() == before
    assert house.page.locator("#marks circle").count() == 1
    house.page.locator("#model input").click()
    house.page.get_by_role("option", name="tiny").click()
    house.answered(before)


def test_two_visitors_never_see_each_others_prompts(
    app: RunningApp, browser: Browser, house: Visitor
) -> None:
    other = Visitor.arrive(browser, app.url)
    other.choose_example(1)
    other.answered(EXAMPLES[1]["prompt"])
    house.click(inside(TRUTH), SIZE_WH)
    house.points_answered(1)
    assert other.prompt() == EXAMPLES[1]["prompt"]
    other.click((600, 100), SIZE_WH)
    assert len(other.points_answered(2)["points"]) == 2
    assert len(house.prompt()["points"]) == 1
    other.leave()


@pytest.mark.parametrize("size_wh", [(1440, 900), (390, 844)])
def test_nothing_moves_when_answers_come(app: RunningApp, browser: Browser, size_wh: tuple[int, int]) -> None:
    visitor = Visitor.arrive(browser, app.url, size_wh=size_wh)
    visitor.status("Choose an example")
    visitor.page.locator("#status .answering [data-mood=done]").wait_for()  # its text is final
    before = _places(visitor)
    visitor.choose_example(0)
    visitor.answered(EXAMPLES[0]["prompt"])
    assert _places(visitor) == before
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size_wh[0]
    visitor.leave()


def _places(visitor: Visitor) -> Any:
    return visitor.page.evaluate(
        """['#picture', '#sam', '#sam-hq', '#agreement', '#choices'].map(name => {
            const box = document.querySelector(name).getBoundingClientRect();
            return [name, box.x, box.y + window.scrollY, box.width, box.height].join(' ');
        })"""
    )


def test_programs_and_language_models_see_the_endpoints_alone(app: RunningApp) -> None:
    info = httpx.get(f"{app.url}gradio_api/info").json()
    assert sorted(info["named_endpoints"]) == ["/compare", "/compare_many", "/models"]
    tools = httpx.get(f"{app.url}gradio_api/mcp/schema").json()
    assert sorted(tool["name"] for tool in tools) == ["compare", "compare_many", "models"]


def test_the_page_says_that_tiny_knows_only_drawn_shapes(visitor: Visitor) -> None:
    visitor.page.locator("#status", has_text="knows only drawn shapes").wait_for()
