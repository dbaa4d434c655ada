"""A person at the viewer: chooses a picture, clicks, drags, presses keys and looks at the canvases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Page, Response

from samhq_demo.prompts.prompt import Prompt

PATIENCE_MS = 90_000

# A canvas's colors once what is due has been painted: [r, g, b, alpha, r, ...], as JSON, which comes over
# in a fraction of the time. places: picture positions, or where isClient, positions on the page. Only what
# lies around them is read: a canvas of a dense screen is sixty megabytes.
_COLORS = """async ([model, layer, places, isClient]) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const { viewer } = document.querySelector("#viewer");
  const canvas = document.querySelector(`#viewer canvas[data-model=${model}]${layer}`);
  const box = canvas.getBoundingClientRect();
  const clients = isClient ? places : places.map(([x, y]) => viewer.clientOf(x, y, model));
  const columns = clients.map(([x]) => Math.floor(((x - box.left) / box.width) * canvas.width));
  const rows = clients.map(([, y]) => Math.floor(((y - box.top) / box.height) * canvas.height));
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  const width = Math.max(...columns) - left + 1;
  const { data } = canvas.getContext("2d").getImageData(left, top, width, Math.max(...rows) - top + 1);
  return JSON.stringify(columns.flatMap((column, number) => {
    const at = 4 * ((rows[number] - top) * width + column - left);
    return [...data.subarray(at, at + 4)];
  }));
}"""

# Until nothing is left to paint and the picture has stayed where it is for some frames.
_COME_TO_REST = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const stage = document.querySelector("#viewer .stage");
  const place = () => Object.values(stage.getBoundingClientRect().toJSON()).join();
  for (let frames = 0, before = ""; frames < 4; await frame()) {
    const now = place();
    frames = document.querySelector("#viewer").viewer.isAtRest() && now === before ? frames + 1 : 0;
    before = now;
  }
}"""

# Keys are the viewer's while it has the focus or the pointer.
_POINT_AT_VIEWER = """() => {
  const viewer = document.querySelector("#viewer");
  const { activeElement } = document;
  const isTyping = activeElement.matches("input, textarea");
  const isElsewhere = !isTyping && !viewer.contains(activeElement);
  if (isElsewhere) viewer.querySelector(".stage").focus({ preventScroll: true });
}"""


class Person:
    """One visitor with a page; positions are picture pixels unless a name says client."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)
        page.on("request", lambda request: self.hosts.add(request.url.partition("://")[2].partition("/")[0]))

    def open(self, address: str) -> Person:
        self.page.goto(address)
        self.page.wait_for_selector("#viewer[data-revision]")
        return self

    def choose(self, picture_id: str) -> None:
        """Another picture: prompts, history and zoom begin anew; the view is side by side again."""
        shown = self.page.evaluate("document.querySelector('#viewer').viewer.picturesShown()")
        field = self.page.locator("#choose textarea, #choose input")
        field.fill(picture_id)
        field.press("Enter")
        self.page.wait_for_function(
            "shown => document.querySelector('#viewer').viewer.picturesShown() > shown", arg=shown
        )
        self.page.evaluate("document.activeElement.blur()")
        self.press("s", "0")

    # ---- what one sees -----------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        return int(self.page.get_attribute("#viewer", "data-revision") or -1)

    def sees_answer(self, after: int) -> int:
        """Wait until more answers were painted than `after`, and none is awaited any more."""
        self.page.wait_for_function(
            "after => { const viewer = document.querySelector('#viewer');"
            " return Number(viewer.dataset.revision) > after && !viewer.hasAttribute('data-busy'); }",
            arg=after,
        )
        return self.revision

    @property
    def status(self) -> str:
        return self.page.inner_text("#viewer .status")

    @property
    def state(self) -> dict[str, Any]:
        return self.page.evaluate("document.querySelector('#viewer').viewer.state()")

    @property
    def prompt(self) -> dict[str, Any]:
        """The selected object's prompt."""
        state = self.state
        return next(each["prompt"] for each in state["objects"] if each["id"] == state["selected"])

    @property
    def prompts(self) -> list[Prompt]:
        """All objects' prompts, as the API has them."""
        return [Prompt.from_json(each["prompt"]) for each in self.state["objects"]]

    def client(self, x: float, y: float, model: str = "sam") -> tuple[float, float]:
        """Where a picture position is on the page now."""
        across, down = self.page.evaluate(
            "([x, y, model]) => document.querySelector('#viewer').viewer.clientOf(x, y, model)", [x, y, model]
        )
        return across, down

    def colors(self, places: list[tuple[float, float]], model: str = "sam", *, layer: str = "") -> np.ndarray:
        """(n, 4) colors of a model's canvas at picture positions. layer: " + .marks" for what lies above."""
        return self._colors(places, model, layer, is_client=False)

    def color(self, x: float, y: float, model: str = "sam") -> tuple[int, int, int]:
        red, green, blue, _ = self.colors([(x, y)], model)[0].tolist()
        return red, green, blue

    def color_at_client(self, x: float, y: float, model: str = "sam") -> list[int]:
        color: list[int] = self._colors([(x, y)], model, "", is_client=True)[0].tolist()
        return color

    def _colors(
        self, places: list[tuple[float, float]], model: str, layer: str, *, is_client: bool
    ) -> np.ndarray:
        """All places in one call of the page: each costs as much as painting does."""
        values = self.page.evaluate(_COLORS, [model, layer, [list(each) for each in places], is_client])
        return np.array(json.loads(values)).reshape(-1, 4)

    # ---- what one does -----------------------------------------------------------------------------

    def click(self, x: float, y: float, *, model: str = "sam", **how: Any) -> None:
        self.page.mouse.click(*self.client(x, y, model), **how)

    def ask(self, x: float, y: float, **how: Any) -> int:
        """Click and wait for the answer."""
        before = self.revision
        self.click(x, y, **how)
        return self.sees_answer(before)

    def move(self, x: float, y: float, model: str = "sam") -> None:
        self.page.mouse.move(*self.client(x, y, model))

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        button: Any = "left",
        model: str = "sam",
    ) -> None:
        """With the button down from one picture position to another, as they lie when it begins."""
        target = self.client(*end, model)
        self.move(*start, model)
        self.page.mouse.down(button=button)
        self.page.mouse.move(*target, steps=4)
        self.page.mouse.up(button=button)

    def wheel(self, x: float, y: float, notches: int) -> None:
        """Turned towards the picture (positive): closer; four notches at a time."""
        self.move(x, y)
        for _ in range(0, abs(notches), 4):
            self.page.mouse.wheel(0, -480 if notches > 0 else 480)
        self.rest()

    def press(self, *keys: str) -> None:
        self.page.evaluate(_POINT_AT_VIEWER)
        for key in keys:
            self.page.keyboard.press(key)

    def opens(self, sheet: str) -> None:
        """Choose one of the panel's tabs: "objects", "options" or "export"."""
        self.page.locator(f"#tab-{sheet}").click()

    def rest(self) -> None:
        """Let what is under way come to an end: frames, masks painted anew after a zoom, layout."""
        self.page.evaluate(_COME_TO_REST)

    def outlasts_timer(self, milliseconds: int) -> None:
        """Wait until all that the page does after at most so many milliseconds has been done or begun.

        However slow the page is: of two timers the one that was set later and takes longer fires last.
        """
        self.page.evaluate(
            "milliseconds => new Promise(done => setTimeout(done, milliseconds))", milliseconds
        )
        self.rest()

    @contextmanager
    def gets_reply(self, words: str = "") -> Iterator[None]:
        """Until the page has the reply to a question that is asked inside, whose JSON has these words."""

        def is_awaited(response: Response) -> bool:
            asked = response.request
            return asked.url.endswith("/component_server/") and words in (asked.post_data or "")

        with self.page.expect_response(is_awaited) as reply:
            yield
        reply.value.finished()
        self.rest()
