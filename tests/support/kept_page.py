"""A page that the tests of one process hand on, each as it found it.

An arrival takes more processor time than most of what a test then does. So whoever only needs somebody at
the page gets the one that is open, put back by its own means: fields and buttons as they were, the opening
example chosen again. Whether that made it as new is compared: every element that is seen with its
attributes, words and state, every canvas, every field, what is stored, the window. A page that differs is
closed, and the next visitor arrives anew. Tests of arriving, reloading and storage have a newcomer instead.
"""

from __future__ import annotations

import httpx
from playwright.sync_api import Browser, Error

from testbed.visitor import PATIENCE_MS, SIZE_WH, Visitor
from tests.support.waiting import wait

PUT_BACK_MS = 20_000  # a page that takes longer is given up
SETTLE_MS = 5_000

# What the page looks like, as text. Left out is what tells of the visit so far: addresses, ids, how many
# answers came, what undo goes back to, the words of the status line and of the tally of examples.
_LOOKS = """() => {
  const root = document.querySelector("#viewer");
  const state = root.viewer.state();
  const passing = /^(data-revision|src|href|for|name|aria-controls|aria-describedby)=|^tabindex=0$|^style=$/;
  const attributes = (each) => [...each.attributes]
    .map(({ name, value }) => `${name}=${value}`)
    .filter((text) => !passing.test(text))
    .sort();
  const words = (each) => [...each.childNodes]
    .filter((node) => node instanceof Text)
    .map(({ data }) => data.trim());
  const pixels = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((sum, pixel) => (Math.imul(sum, 31) + pixel) | 0, 0);
  };
  const look = (each) => {
    if (each.matches("[data-action=undo]")) return "";
    if (!each.checkVisibility()) return each.matches("select, input") ? `${each.value} ${each.checked}` : "";
    return [
      each.tagName, ...attributes(each), ...(each.matches(".status, .summary") ? [] : words(each)),
      each.value, each.checked, each.disabled, each.open, each.scrollLeft, each.scrollTop,
      each instanceof HTMLCanvasElement ? pixels(each) : "",
    ].join(" ");
  };
  const looks = [...document.querySelectorAll("body, body *")].map(look).filter(Boolean);
  const stored = [localStorage, sessionStorage].map((each) => JSON.stringify(Object.entries(each).sort()));
  const screen = [innerWidth, innerHeight, devicePixelRatio, scrollX, scrollY, document.activeElement.id];
  return [...looks, ...stored, screen.join(), JSON.stringify(state)].join("\\n")
    .replaceAll(state.picture, "ticket").replace(/\\\\?"id\\\\?":\\d+/g, "id");
}"""

# How it looks as it opens, and how its fields and buttons stand then.
_REMEMBER = f"""() => {{
  const isOn = (each) => each.matches("[aria-pressed=true], [aria-selected=true], .open");
  const fields = [...document.querySelectorAll("#viewer :is(select, input:not([type=file]))")];
  const buttons = [...document.querySelectorAll("#viewer :is([aria-pressed], [role=tab]), .label-wrap")];
  window.asOpened = {{
    isOn,
    fields: fields.map((each) => [each, each.value, each.checked]),
    buttons: buttons.map((each) => [each, isOn(each)]),
    looks: ({_LOOKS})(),
  }};
}}"""

_PUT_BACK = """() => {
  for (const each of document.querySelectorAll("dialog[open]")) each.close();
  for (const each of document.querySelectorAll(":popover-open")) each.hidePopover();
  for (const each of document.querySelectorAll("details[open]")) each.open = false;
  for (const each of document.querySelectorAll(".toast-close")) each.click();
  for (const each of document.querySelectorAll("input[type=file]")) each.value = "";
  const { isOn, fields, buttons } = window.asOpened;
  for (const [field, value, checked] of fields) {
    if (field.value === value && field.checked === checked) continue;
    Object.assign(field, field.type === "checkbox" ? { checked } : { value });
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
  // Of some of which one is on that one is pressed; what is on by itself is pressed once more.
  for (const [button, wasOn] of buttons) if (wasOn && !isOn(button)) button.click();
  for (const [button, wasOn] of buttons) if (!wasOn && isOn(button)) button.click();
  document.querySelector("#viewer [data-action=fit]").click();
}"""


class KeptPage:
    """Of a browser context of its own: no other page shares what it stores."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._visitor: Visitor | None = None

    def visitor(self) -> Visitor:
        """Somebody who is as good as new."""
        if self._visitor is None:
            # Until then it opens with an answer of another machine, some pixels apart from those of this one.
            wait(lambda: httpx.get(f"{self._url}readyz").status_code == httpx.codes.OK)
            self._visitor = Visitor.arrive(self._browser, self._url)
            self._visitor.sees_scores()
            self._visitor.rest()
            self._visitor.page.evaluate(_REMEMBER)
        return self._visitor

    def take_back(self, visitor: Visitor) -> None:
        """Assert what `Visitor.leave` does, and keep the page if it can be put back."""
        self._visitor = None
        try:
            visitor.meets_no_fault()
            is_new = self._is_as_new(visitor)
            visitor.meets_no_fault()
        except AssertionError:
            visitor.close()
            raise
        if is_new:
            self._visitor = visitor
            visitor.hosts.clear()
        else:
            visitor.close()

    def _is_as_new(self, visitor: Visitor) -> bool:
        page = visitor.page
        page.set_default_timeout(PUT_BACK_MS)
        try:
            _put_back(visitor)
            page.wait_for_function(f"({_LOOKS})() === asOpened.looks", polling=250, timeout=SETTLE_MS)
        except Error:  # as well where a test has closed it
            return False
        page.set_default_timeout(PATIENCE_MS)
        return True

    def close(self) -> None:
        if self._visitor is not None:
            self._visitor.close()


def _put_back(visitor: Visitor) -> None:
    page = visitor.page
    page.unroute_all()
    page.mouse.move(0, 0)
    page.set_viewport_size({"width": SIZE_WH[0], "height": SIZE_WH[1]})
    page.evaluate(_PUT_BACK)
    visitor.choose_example(0)
    visitor.sees_scores()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    visitor.rest()
