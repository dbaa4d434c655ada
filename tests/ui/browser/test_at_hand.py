"""Everything at hand: on one screen without a scroll, and one way to bring a file, wherever it is dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from testbed.photos import save_photo
from testbed.running_app import NOWHERE, RunningApp, run_app
from testbed.visitor import Visitor

pytestmark = pytest.mark.browser

SHEETS = {
    "objects": [".objects", "[data-action=new]", "[data-action=refine]", "[data-action=truth]"],
    "everything": ["[data-action=everything]", ".every-points", ".every-line"],
    "options": ["[data-setting=hq_token_only]", "[data-setting=multimask]", ".single-keys"],
    "export": ["[data-take=mask]", "[data-take=coco-polygons]", "[data-take=prompts]", "[data-take=curl]"],
}
ALWAYS = [".stage", ".scores [data-scores=sam]", ".scores [data-scores=sam_hq]", ".status", ".candidates"]

# Drop a file on an element, as a browser does.
_DROP = """([selector, name, type, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const options = { dataTransfer: data, bubbles: true, cancelable: true };
  const target = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover"]) target.dispatchEvent(new DragEvent(kind, options));
  const isTold = document.querySelector("#viewer .dropping").matches(":popover-open");
  target.dispatchEvent(new DragEvent("drop", options));
  return isTold && !document.querySelector("#viewer .dropping").matches(":popover-open");
}"""


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app as it starts by itself where no Hub can be reached: `base` is wanted and does not come."""
    with run_app(tmp_path_factory.mktemp("cut-off"), HF_HUB_OFFLINE="0", HF_ENDPOINT=NOWHERE) as running:
        yield running


def drop(visitor: Visitor, file: Path, *, on: str, kind: str) -> None:
    """It is seen that the page takes it, for as long as it is over the page."""
    assert visitor.page.evaluate(_DROP, [on, file.name, kind, list(file.read_bytes())])


@pytest.mark.parametrize("size_wh", [(1366, 768), (1440, 900), (1920, 1080)])
def test_all_of_it_is_reached_without_a_scroll(
    app: RunningApp, profile: BrowserContext, size_wh: tuple[int, int]
) -> None:
    visitor = Visitor.arrive_in_tab(profile, app.url, size_wh=size_wh)
    reaches_all(visitor, size_wh)
    visitor.leave()


@pytest.mark.parametrize("size_wh", [(1366, 768), (1440, 900)])
def test_where_the_hub_is_out_of_reach_it_is_said_in_two_lines(
    cut_off: RunningApp, browser: Browser, size_wh: tuple[int, int]
) -> None:
    visitor = Visitor.arrive(browser, cut_off.url, size_wh=size_wh)
    note = visitor.page.locator("#answering summary", has_text="base could not be downloaded")
    box = note.bounding_box()
    assert box is not None
    assert box["height"] <= 2 * 16 + 2 * 4  # two lines and the room around them
    reaches_all(visitor, size_wh)
    why = visitor.page.locator("#answering .told", has_text="cannot be reached")
    assert not why.is_visible()
    note.click()
    why.wait_for()
    opened = why.bounding_box()
    assert opened is not None
    assert opened["x"] >= 0 and opened["x"] + opened["width"] <= size_wh[0]
    reaches_all(visitor, size_wh)  # nothing has moved
    visitor.leave()


def reaches_all(visitor: Visitor, size_wh: tuple[int, int]) -> None:
    """All that one works with is on the screen, whichever sheet is open."""
    for sheet, parts in SHEETS.items():
        visitor.opens(sheet)
        for part in [*ALWAYS, *parts]:
            box: Any = visitor.page.locator(f"#viewer {part}").first.bounding_box()
            assert box is not None, part
            assert box["y"] >= 0 and box["y"] + box["height"] <= size_wh[1], (sheet, part, box)
            assert box["x"] >= 0 and box["x"] + box["width"] <= size_wh[0], (sheet, part, box)
    assert visitor.page.evaluate("scrollY") == 0


@pytest.mark.parametrize("size_wh", [(390, 844), (844, 390), (820, 1180)])
def test_the_picture_and_the_first_action_are_on_a_phones_first_screen(
    app: RunningApp, browser: Browser, size_wh: tuple[int, int]
) -> None:
    phone = Visitor.arrive(browser, app.url, size_wh=size_wh, has_touch=True, is_mobile=True)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= size_wh[0]
    for part in ("#example-0", "#upload", "#viewer [data-action=tool-object]"):
        box = phone.page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size_wh[1] / 2, part
    pane = phone.page.locator("#sam").bounding_box()
    assert pane is not None
    assert pane["y"] <= size_wh[1] * 0.4
    assert pane["y"] + pane["height"] <= size_wh[1] + 1
    phone.leave()


def test_on_a_phone_the_picture_of_a_tapped_example_comes_into_sight(
    app: RunningApp, browser: Browser
) -> None:
    """A low window, as between a phone's bars: the page is taller, and the picture's end is below it."""
    phone = Visitor.arrive(browser, app.url, size_wh=(390, 520), has_touch=True, is_mobile=True)
    phone.page.evaluate("scrollTo(0, 0)")
    stage = phone.page.locator("#viewer .stage")
    before = stage.bounding_box()
    assert before is not None
    assert before["y"] + before["height"] > 520
    answers = phone.revision
    phone.page.locator("#example-2").tap()
    phone.sees_answer(answers)
    phone.rest()
    box = stage.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 521
    for caption in phone.page.locator("#viewer .caption:visible").all():
        assert "IoU" in caption.inner_text()
    phone.leave()


def test_a_file_that_cannot_be_sent_is_told_and_sending_is_over(visitor: Visitor, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "mine.png", size_wh=(300, 200), seed=33)
    visitor.page.route("**/upload*", lambda route: route.abort())
    drop(visitor, photo, on="#credits", kind="image/png")
    visitor.says("mine.png could not be sent")
    visitor.page.unroute("**/upload*")
    shown = visitor.pictures_shown
    drop(visitor, photo, on="#credits", kind="image/png")
    visitor.sees_picture(shown)
    visitor.says("Click the object")
    visitor.faults.clear()  # the browser told of the request that failed


@pytest.mark.parametrize("place", ["#picture", "#credits"])
def test_a_picture_dropped_anywhere_is_shown(visitor: Visitor, tmp_path: Path, place: str) -> None:
    photo = save_photo(tmp_path / "mine.png", size_wh=(300, 200), seed=31)
    shown = visitor.pictures_shown
    drop(visitor, photo, on=place, kind="image/png")
    visitor.sees_picture(shown)
    visitor.says("Click the object")
    assert visitor.page.evaluate("document.querySelector('#picture img') !== null")


def test_dropped_prompts_are_loaded(visitor: Visitor, tmp_path: Path) -> None:
    file = visitor.take("prompts", tmp_path)
    saved = [each["prompt"] for each in json.loads(file.read_text())["objects"]]
    visitor.press("Shift+C")
    visitor.page.wait_for_function(
        "document.querySelector('#viewer').viewer.state().objects[0].prompt.box === null"
    )
    drop(visitor, file, on="#credits", kind="application/json")
    visitor.says("Loaded the prompts")
    assert [each["prompt"] for each in visitor.state["objects"]] == saved


def test_prompts_without_a_picture_say_what_is_missing(visitor: Visitor, tmp_path: Path) -> None:
    file = visitor.take("prompts", tmp_path)
    visitor.takes_picture_away()
    drop(visitor, file, on="#lead", kind="application/json")
    visitor.says("Saved prompts belong to a picture: open that first.")


def test_letters_are_shortcuts_only_at_the_viewer_and_only_while_they_are_wanted(newcomer: Visitor) -> None:
    view = newcomer.page.locator("#viewer .sv")
    newcomer.page.evaluate("document.activeElement.blur()")
    newcomer.page.mouse.move(5, 5)
    newcomer.page.keyboard.press("d")
    assert view.get_attribute("data-view") == "side"
    newcomer.page.hover("#viewer .verdict")
    newcomer.page.keyboard.press("d")
    assert view.get_attribute("data-view") == "difference"
    newcomer.opens("options")
    newcomer.page.locator("#viewer .single-keys").uncheck()
    newcomer.press("s")
    assert view.get_attribute("data-view") == "difference"
    newcomer.press("Control+z", "Control+Shift+z")  # they are no single letters
    newcomer.page.reload()
    newcomer.page.wait_for_selector("#viewer[data-revision]")
    newcomer.opens("options")
    assert not newcomer.page.locator("#viewer .single-keys").is_checked()


def test_the_skip_link_leads_to_the_picture(visitor: Visitor) -> None:
    visitor.page.locator("#lead .skip").focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_function("document.activeElement.id === 'stage'")


def test_every_target_is_at_least_24_pixels(visitor: Visitor) -> None:
    small = visitor.page.evaluate(
        """() => [...document.querySelectorAll("#viewer :is(button, select), #bring button, #models input")]
          .filter((each) => each.checkVisibility())
          .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)"""
    )
    assert small == []


def test_masks_are_seen_against_the_dark_on_a_checkerboard_or_not_at_all(visitor: Visitor) -> None:
    def corner() -> list[int]:
        """The picture's first pixels: outside every mask."""
        return [int(each) for each in visitor.colors([(2.0, 2.0)])[0][:3]]

    plain = corner()
    visitor.page.click("#viewer [data-action=spotlight]")
    assert sum(corner()) < sum(plain) / 2
    visitor.page.click("#viewer [data-action=cutout]")
    assert corner() in ([255, 255, 255], [207, 211, 216])
    visitor.page.click("#viewer [data-action=cutout]")
    assert corner() == plain
    prompt = visitor.prompt["box"]
    inside = [(x, (prompt[1] + prompt[3]) / 2) for x in range(int(prompt[0]), int(prompt[2]), 8)]
    tinted = visitor.colors(inside)
    visitor.page.get_by_label("Hide Bicycle").click()
    hidden = visitor.colors(inside)
    assert (tinted != hidden).any()
    visitor.page.get_by_label("Hide Bicycle").click()
    assert (visitor.colors(inside) == tinted).all()
    visitor.page.click("#viewer [data-action=hide]")
    assert (visitor.colors(inside) == hidden).all()


def test_the_pointers_place_is_told(visitor: Visitor) -> None:
    visitor.move(120.5, 80.5)
    visitor.page.locator("#viewer .place", has_text="x 120, y 80").wait_for()


def test_the_zoom_is_told_as_it_is_after_a_resize(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 1000, "height": 900})
    visitor.page.wait_for_function(
        """() => {
          const { width } = document.querySelector("#sam").getBoundingClientRect();
          const [left] = document.querySelector("#viewer").viewer.clientOf(0, 0);
          const [right] = document.querySelector("#viewer").viewer.clientOf(100, 0);
          const text = document.querySelector("#viewer .zoom").textContent;
          return width < 500 && text === `${Math.round(right - left)} %`;
        }"""
    )
