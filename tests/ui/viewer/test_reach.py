"""The viewer at hand for everyone: every screen, touch, the keyboard alone, screen readers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession

from testbed.person import Person
from tests.support.screens import other_screens, show_on_screen
from tests.support.viewer_harness import Harness

pytestmark = pytest.mark.browser

PICTURES = [(200, 150), (150, 200), (1000, 750), (750, 1000), (6000, 4000), (4000, 6000)]
# (device scale, page zoom)
SCREENS = [(1, 0.67), (1, 1.0), (1, 1.5), (2, 0.9), (2, 1.1), (3, 1.0), (3, 1.25)]


@pytest.fixture(scope="module")
def phone(browser: Browser, address: str) -> Iterator[Finger]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    yield Finger(Person(page).open(address), context.new_cdp_session(page))
    context.close()


@pytest.fixture
def finger(phone: Finger) -> Finger:
    """At a new picture, with the tool that the page opens with."""
    page = phone.person.page
    phone.person.choose("gray")
    page.tap("#viewer [data-action=tool-object]")
    page.evaluate("document.querySelector('#viewer .stage').scrollIntoView()")
    return phone


def telling_its_place(width: int, height: int) -> np.ndarray:
    """Red and green of each pixel are its column and row, modulo 256: (h, w, 3) uint8."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width) % 256
    pixels[..., 1] = np.arange(height)[:, None] % 256
    return pixels


class Finger:
    """Touches at picture positions."""

    def __init__(self, person: Person, session: CDPSession) -> None:
        self.person = person
        self._session = session

    def _send(self, kind: str, points: list[tuple[float, float]]) -> None:
        touches = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def press(self, x: float, y: float, *, long: bool = False) -> None:
        self._send("touchStart", [self.person.client(x, y)])
        if long:
            self._sees_it_is_held()
        self._send("touchEnd", [])

    def _sees_it_is_held(self) -> None:
        self.person.page.locator("#status", has_text="Drag to draw a box").wait_for()

    def stroke_with_pen(
        self, start: tuple[float, float], end: tuple[float, float], *, palm: tuple[float, float]
    ) -> None:
        """Draw with a pen while the hand touches the screen, is taken for a scroll, and touches it again."""
        ways = [self.person.client(*place) for place in (start, end)]
        self._pen("mousePressed", ways[0])
        self._pen("mouseMoved", ((ways[0][0] + ways[1][0]) / 2, (ways[0][1] + ways[1][1]) / 2))
        self._send("touchStart", [self.person.client(*palm)])
        self._send("touchCancel", [])
        self._send("touchStart", [self.person.client(*palm)])
        self._pen("mouseMoved", ways[1])
        self._send("touchEnd", [])
        self._pen("mouseReleased", ways[1])

    def _pen(self, kind: str, place: tuple[float, float]) -> None:
        pressed = {"button": "left", "clickCount": 1, "buttons": 1}
        self._session.send(
            "Input.dispatchMouseEvent",
            {"type": kind, "x": place[0], "y": place[1], "pointerType": "pen", **pressed},
        )

    def drag(self, *paths: tuple[tuple[float, float], tuple[float, float]], after_rest: bool = False) -> None:
        """One finger for each path (start, end), all at once. after_rest: it rests where it begins."""
        ways = [
            (np.array(self.person.client(*start)), np.array(self.person.client(*end))) for start, end in paths
        ]
        self._send("touchStart", [tuple(start) for start, _ in ways])
        if after_rest:
            self._sees_it_is_held()
        for share in (0.25, 0.5, 0.75, 1.0):
            self._send("touchMove", [tuple(start + share * (end - start)) for start, end in ways])
        self._send("touchEnd", [])


# ---- coordinates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", range(len(PICTURES)), ids=lambda number: "x".join(map(str, PICTURES[number]))
)
def test_a_click_takes_the_pixel_under_the_pointer(visitor: Person, harness: Harness, number: int) -> None:
    width, height = size_wh = PICTURES[number]
    picture_id = harness.add_picture(width, height, pixels=telling_its_place(width, height))
    visitor.choose(picture_id)
    with other_screens(visitor.page) as session:
        for scale, zoom in SCREENS[number % 2 :: 2]:  # each screen with three of the pictures
            show_on_screen(visitor.page, session, scale=scale, zoom=zoom, size_wh=(1280, 1300))
            visitor.press("0")
            visitor.rest()
            clicks_the_whole_picture_right(visitor, size_wh)
            clicks_the_pixel_it_sees(visitor, size_wh)


def clicks_the_whole_picture_right(person: Person, size_wh: tuple[int, int]) -> None:
    """The picture as large as its pane admits, in the middle: where a click falls is plain arithmetic."""
    box = person.page.locator("#viewer .pane").first.bounding_box()
    assert box is not None
    scale = min(box["width"] / size_wh[0], box["height"] / size_wh[1])
    x, y = round(box["x"] + box["width"] * 0.6), round(box["y"] + box["height"] * 0.3)
    person.page.mouse.click(x, y, button="right")
    expected = (
        size_wh[0] / 2 + (x - box["x"] - box["width"] / 2) / scale,
        size_wh[1] / 2 + (y - box["y"] - box["height"] / 2) / scale,
    )
    assert person.prompt["points"][-1] == pytest.approx(expected, abs=max(0.3 / scale * 0.1, 0.03))


def clicks_the_pixel_it_sees(person: Person, size_wh: tuple[int, int]) -> None:
    """Zoomed in until pixels are squares, the color under the pointer names the pixel to take."""
    person.press(*["+"] * 18)
    person.rest()
    box = person.page.locator("#viewer .pane").first.bounding_box()
    assert box is not None
    start, end = np.array(person.client(0, 0)), np.array(person.client(*size_wh))
    target = np.array([box["x"] + 0.37 * box["width"], box["y"] + 0.61 * box["height"]])
    column, row = ((target - start) / (end - start) * size_wh).astype(int).tolist()
    x, y = person.client(column + 0.5, row + 0.5)
    assert person.color_at_client(x, y)[:2] == [column % 256, row % 256]
    person.page.mouse.click(x, y, button="right")
    assert [int(value) for value in person.prompt["points"][-1]] == [column, row]


# ---- touch -----------------------------------------------------------------------------------------------


def test_a_tap_is_the_object_and_a_long_press_the_background(finger: Finger) -> None:
    finger.press(150, 200)
    finger.press(450, 200, long=True)
    assert finger.person.prompt["labels"] == [1, 0]
    assert np.array(finger.person.prompt["points"]) == pytest.approx(
        np.array([[150, 200], [450, 200]]), abs=1.1
    )


def test_a_finger_draws_a_box_and_moves_a_point(finger: Finger) -> None:
    finger.drag(((100, 100), (300, 300)), after_rest=True)
    assert finger.person.prompt["box"] == pytest.approx([100, 100, 300, 300], abs=1.1)
    finger.press(450, 150)
    finger.drag(((450, 150), (500, 350)))
    assert finger.person.prompt["points"][0] == pytest.approx([500, 350], abs=1.1)


def test_the_box_tool_has_a_finger_draw_at_once(finger: Finger) -> None:
    finger.person.page.tap("#viewer [data-action=tool-box]")
    finger.drag(((100, 100), (300, 300)))
    assert finger.person.prompt["box"] == pytest.approx([100, 100, 300, 300], abs=1.1)


def test_a_finger_that_does_not_rest_scrolls_the_page_and_marks_nothing(finger: Finger) -> None:
    page = finger.person.page
    before = page.evaluate("scrollY")
    finger.drag(((300, 390), (300, 60)))
    page.wait_for_function("before => scrollY > before + 30", arg=before)
    assert finger.person.prompt == {"points": [], "labels": [], "box": None}


def test_a_resting_palm_does_not_end_a_pens_stroke(finger: Finger) -> None:
    finger.stroke_with_pen((100, 100), (300, 300), palm=(500, 350))
    assert finger.person.prompt["points"] == []
    assert finger.person.prompt["box"] == pytest.approx([100, 100, 300, 300], abs=1.1)


def test_a_trackpads_pinch_in_safari_zooms_the_picture(person: Person) -> None:
    before = np.array(person.client(600, 0)) - person.client(0, 0)
    x, y = person.client(300, 200)
    person.page.evaluate(
        """([clientX, clientY]) => {
          const stage = document.querySelector("#viewer .stage");
          for (const [name, scale] of [["gesturestart", 1], ["gesturechange", 1.5], ["gesturechange", 3]]) {
            const event = new UIEvent(name, { bubbles: true, cancelable: true });
            stage.dispatchEvent(Object.assign(event, { scale, clientX, clientY }));
          }
        }""",
        [x, y],
    )
    after = np.array(person.client(600, 0)) - person.client(0, 0)
    assert after[0] / before[0] == pytest.approx(3, rel=0.01)


def test_a_tapped_point_shows_the_x_that_removes_it(finger: Finger) -> None:
    finger.press(300, 200)
    finger.press(300, 200)
    remover = finger.person.page.locator("#viewer .remover")
    remover.tap()
    assert finger.person.prompt["points"] == []


def test_two_fingers_zoom_and_move_without_a_prompt(finger: Finger) -> None:
    before = np.array(finger.person.client(600, 0)) - finger.person.client(0, 0)
    finger.drag(((250, 200), (150, 200)), ((350, 200), (450, 200)))
    after = np.array(finger.person.client(600, 0)) - finger.person.client(0, 0)
    assert after[0] / before[0] == pytest.approx(3, rel=0.05)
    assert finger.person.prompt == {"points": [], "labels": [], "box": None}


# ---- keyboard and screen readers -------------------------------------------------------------------------


def test_the_keyboard_alone_places_moves_and_removes(person: Person) -> None:
    person.page.focus("#viewer .stage")
    person.press(
        "ArrowRight", "Shift+ArrowRight", "Enter"
    )  # the first arrow brings the cursor, in the middle
    assert person.prompt["points"] == [[301, 200]]
    person.press("Shift+ArrowDown", "Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft")
    assert person.prompt["points"] == [[299, 200]]
    person.press("Control+z")
    assert person.prompt["points"] == [[301, 200]]
    person.press("m", *["ArrowUp"] * 5, "Shift+Enter")
    assert person.prompt["labels"] == [1, 0]
    assert person.prompt["points"][1][1] < 190
    person.press("m", "Delete")
    assert person.prompt["labels"] in ([0], [1])


def test_the_keyboard_draws_a_box(person: Person) -> None:
    person.page.focus("#viewer .stage")
    person.press("ArrowLeft", "b", *["Shift+ArrowRight"] * 7, *["Shift+ArrowDown"] * 4, "b")
    assert person.prompt["box"] == [300, 200, 307, 204]


def test_the_cursor_says_where_it_is_and_in_whose_mask(person: Person) -> None:
    person.ask(300, 200)
    person.page.focus("#viewer .stage")
    person.press("ArrowRight")
    assert person.status == "Cursor at x 300, y 200, in SAM's mask and SAM-HQ's mask."
    assert person.page.get_attribute("#viewer .status", "aria-live") == "polite"


def test_the_question_mark_lists_every_key(person: Person) -> None:
    person.press("?")
    listed = person.page.inner_text("#viewer dialog")
    for words in ("Undo", "Ctrl+Z", "Side by side", "Object point at the cursor", "SAM-HQ's candidates"):
        assert words in listed
    person.press("d", "c")  # behind the open dialog no key does anything
    assert person.page.locator("#viewer [data-view=side]").count() == 1
    person.press("Escape")
    assert person.page.is_hidden("#viewer dialog")


def test_everything_is_reached_by_tab_named_and_seen_to_have_the_focus(person: Person) -> None:
    person.ask(300, 200)
    person.press("l")
    person.rest()
    wanted = person.page.evaluate(
        """() => [...document.querySelectorAll('#viewer :is(button, select, input, [tabindex])')]
          .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0).length"""
    )
    person.page.evaluate("document.querySelector('#viewer [data-action]').focus()")
    seen: dict[str, None] = {}
    for _ in range(wanted):
        name, is_marked = person.page.evaluate(
            """() => {
              const focused = document.activeElement;
              const name = focused.ariaLabel || focused.labels?.[0]?.innerText || focused.innerText;
              const ring = focused.matches('.divider') ? focused.firstElementChild : focused;
              return [name.trim(), getComputedStyle(ring).outlineStyle !== 'none'];
            }"""
        )
        assert name
        assert is_marked or not seen  # the first got the focus from this script, not from a key
        seen[name] = None
        person.press("Tab")
    assert len(seen) == wanted
    assert {"Undo", "Difference", "Opacity of the masks", "Delete Object 1", "Objects", "Refine"} <= set(seen)
    assert person.page.evaluate("document.activeElement.closest('#viewer') === null")


# ---- layout ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280, 3840])
def test_nothing_moves_when_answers_come_and_nothing_is_cut_off(person: Person, width: int) -> None:
    person.page.set_viewport_size({"width": width, "height": 1300})
    person.rest()
    parts = ["stage", "status", "scores", "candidates", "objects", "panels"]
    boxes = "parts => parts.map(name => { const box = document.querySelector('#viewer .' + name)"
    boxes += ".getBoundingClientRect(); return [box.x, box.y + scrollY, box.width, box.height]; })"
    before = person.page.evaluate(boxes, parts)
    person.ask(300, 200)
    person.rest()
    assert person.page.evaluate(boxes, parts) == before
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    person.page.set_viewport_size({"width": 1280, "height": 1300})
