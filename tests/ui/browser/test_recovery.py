"""What a visitor did survives: a reload, a lost connection, a server started anew, another picture."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio.context import Context
from gradio_client import Client, handle_file
from gradio_client.utils import Status
from playwright.sync_api import BrowserContext, expect

from samhq_demo.service import CompareService
from testbed.photos import save_photo
from testbed.running_app import RunningApp, free_port, run_app
from testbed.visitor import Visitor
from tests.support.servers import serve_page
from tests.support.waiting import wait

pytestmark = pytest.mark.browser

SIZE_WH = (400, 300)
# Whatever the page keeps fails, as in a private window of some browsers, or where a disk is full.
_NO_STORAGE = """
for (const name of ["sessionStorage", "indexedDB"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("forbidden", "SecurityError"); } });
}
"""
# Kept, and the file of the picture as well.
_IS_KEPT = """async () => {
  if (!sessionStorage.getItem("samhq.session")?.includes("Mine")) return false;
  const { picture } = JSON.parse(sessionStorage.getItem("samhq.kept"));
  const database = await new Promise((done) => {
    const opening = indexedDB.open("samhq", 1);
    opening.onsuccess = () => done(opening.result);
  });
  const found = await new Promise((done) => {
    const reading = database.transaction("pictures").objectStore("pictures").get(picture);
    reading.onsuccess = () => done(reading.result);
  });
  database.close();
  return Boolean(found);
}"""


@pytest.fixture
def newcomer(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """Who may meet faults: they belong to a lost connection."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    yield arrived
    arrived.page.close()


@contextmanager
def offline(visitor: Visitor) -> Iterator[None]:
    """Without a connection."""
    visitor.page.context.set_offline(True)
    try:
        yield
    finally:
        visitor.page.context.set_offline(False)


def works(visitor: Visitor, folder: Path) -> dict[str, Any]:
    """Their own photo with two objects, one with a name, a choice and a background point. -> the session."""
    visitor.bring(save_photo(folder / "photo.png", size_wh=SIZE_WH))
    visitor.ask(100, 100)
    visitor.sees_scores()
    visitor.press("2")
    visitor.page.locator(".objects .name").first.dblclick()
    visitor.page.keyboard.type("Mine")
    visitor.press("Enter", "n")
    visitor.page.evaluate("scrollTo(0, 0)")  # back to the picture
    visitor.ask(300, 200)
    visitor.ask(200, 250, button="right")
    state = visitor.state
    assert [each["name"] for each in state["objects"]] == ["Mine", "Object 2"]
    assert state["objects"][0]["choice"] == {"sam": 0, "sam_hq": 1}
    visitor.page.wait_for_function(_IS_KEPT)
    return state


def sees_it_again(visitor: Visitor, state: dict[str, Any]) -> None:
    """All that was there, with answers; the names of masks are the page's own."""
    visitor.page.wait_for_function(
        "wanted => document.querySelector('#viewer')?.viewer?.state().picture === wanted",
        arg=state["picture"],
    )
    visitor.sees_answer(0)
    assert visitor.state == state
    expect(visitor.page.locator("#picture img")).to_be_visible()


def test_a_reload_changes_nothing(newcomer: Visitor, tmp_path: Path) -> None:
    state = works(newcomer, tmp_path)
    newcomer.press("d")
    newcomer.page.reload()
    sees_it_again(newcomer, state)
    assert newcomer.page.get_attribute(".sv", "data-view") == "difference"
    newcomer.press("s")
    before = newcomer.revision
    newcomer.ask(310, 210)
    assert newcomer.revision > before
    newcomer.click_in_picture(40, 40, SIZE_WH)
    newcomer.sees_answer(before + 1)
    assert len(newcomer.prompt["points"]) == 4


def test_a_reload_right_after_an_edit_keeps_it(newcomer: Visitor, tmp_path: Path) -> None:
    works(newcomer, tmp_path)
    newcomer.click(50, 60)
    state = newcomer.state
    newcomer.page.reload()
    sees_it_again(newcomer, state)


def test_another_tab_begins_with_the_example(app: RunningApp, newcomer: Visitor, tmp_path: Path) -> None:
    state = works(newcomer, tmp_path)
    other = Visitor(newcomer.page.context.new_page())
    other.open(app.url)
    other.sees_opening()
    assert other.state["picture"] != state["picture"]
    other.page.close()
    assert newcomer.state == state


def test_a_lost_connection_is_told_and_asked_again_once_it_is_back(newcomer: Visitor, tmp_path: Path) -> None:
    works(newcomer, tmp_path)
    places = [(x + 0.5, y + 0.5) for x in range(5, 400, 15) for y in range(5, 300, 15)]
    answered = newcomer.colors(places)
    with offline(newcomer):
        newcomer.click(50, 60)
        newcomer.says("cannot be reached")
        # What is on the screen answers the prompt of before, and looks so.
        assert newcomer.page.get_attribute(".sv", "data-old") is not None
        assert (newcomer.colors(places) != answered).any()
        state = newcomer.state
    sees_it_again(newcomer, state)
    expect(newcomer.page.locator(".sv[data-old]")).to_have_count(0)
    expect(newcomer.page.locator("#status")).to_contain_text("agree")


def test_a_server_that_was_started_anew_gets_the_picture_again(
    service: CompareService, profile: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start knows of no picture."""
    launch, starts = {"server_port": free_port()}, ExitStack()

    def start(name: str) -> str:
        monkeypatch.setattr(Context, "id", 0)  # numbers of components begin anew, as in a new process
        return starts.enter_context(serve_page(service, folder=tmp_path / name, launch=launch)).url

    with starts:
        visitor = Visitor.arrive_in_tab(profile, start("one"))
        works(visitor, tmp_path)
        starts.close()
        visitor.click(50, 60)
        visitor.says("cannot be reached")
        state = visitor.state
        start("two")
        expect(visitor.page.locator("#status")).to_contain_text("agree", timeout=60_000)
        assert visitor.state == state
        visitor.page.reload()  # as Gradio does sooner or later, if it has not by now
        sees_it_again(visitor, state)
        # Once more, with nothing asked in between.
        starts.close()
        start("three")
        visitor.page.reload()
        sees_it_again(visitor, state)
        before = visitor.revision
        visitor.click_in_picture(40, 40, SIZE_WH)
        visitor.sees_answer(before)
        visitor.page.close()


def test_a_server_that_is_killed_in_mid_answer_is_told_and_gives_the_answer_once_it_is_back(
    profile: BrowserContext, tmp_path: Path
) -> None:
    """To a page and to a program, which asks again."""
    port, photo = free_port(), handle_file(save_photo(tmp_path / "program.png", size_wh=(400, 300)))
    how: dict[str, Any] = {"verbose": False, "analytics_enabled": False, "download_files": tmp_path}
    (tmp_path / "app").mkdir()
    with run_app(tmp_path / "app", port=port, SAMHQ_MODEL="tiny") as running:
        visitor = Visitor.arrive_in_tab(profile, running.url)
        works(visitor, tmp_path)
        client = Client(running.url, **how)
        job = client.submit(image=photo, points_per_side=64, api_name="/segment_everything")
        wait(lambda: job.status().code is Status.PROCESSING)
        os.kill(running.process_id, signal.SIGSTOP)  # so that the page's answer is under way for sure
        visitor.click(50, 60)
        visitor.page.wait_for_selector("#viewer[data-busy]")
        os.kill(running.process_id, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises((httpx.TransportError, CancelledError)):  # by what it was waiting for
            job.result(timeout=60)
        assert time.monotonic() - began < 30
        visitor.says("cannot be reached")
        state = visitor.state
        assert len(visitor.prompt["points"]) == 3
    with run_app(tmp_path / "app", port=port, SAMHQ_MODEL="tiny") as again:
        result, _, _ = Client(again.url, **how).predict(image=photo, points=[[200, 150]], api_name="/compare")
        assert result["objects"][0]["sam_hq"]["area"] > 0
        sees_it_again(visitor, state)
        expect(visitor.page.locator("#status")).to_contain_text("agree", timeout=60_000)
        visitor.page.close()


def test_without_storage_the_page_works_as_ever(
    app: RunningApp, profile: BrowserContext, tmp_path: Path
) -> None:
    visitor = Visitor.arrive_in_tab(profile, app.url, before=lambda page: page.add_init_script(_NO_STORAGE))
    visitor.bring(save_photo(tmp_path / "photo.png", size_wh=SIZE_WH))
    visitor.ask(100, 100)
    visitor.page.reload()
    visitor.page.wait_for_selector("#viewer[data-revision]")
    visitor.sees_opening()
    visitor.leave()


# ---- another picture can be undone -------------------------------------------------------------------------


def undoes(visitor: Visitor, state: dict[str, Any]) -> None:
    visitor.page.keyboard.press("Control+z")
    visitor.page.wait_for_function(
        "wanted => document.querySelector('#viewer').viewer.state().picture === wanted", arg=state["picture"]
    )
    visitor.page.wait_for_function("!document.querySelector('#viewer').hasAttribute('data-busy')")
    assert visitor.state == state


def bring_another(visitor: Visitor, folder: Path) -> None:
    before = visitor.pictures_shown
    visitor.bring_another(save_photo(folder / "other.png", size_wh=(200, 260), seed=5))
    visitor.sees_picture(before)


def bring_example(visitor: Visitor, folder: Path) -> None:
    visitor.choose_example(1)


def paste(visitor: Visitor, folder: Path) -> None:
    file = save_photo(folder / "pasted.png", size_wh=(200, 260), seed=6)
    before = visitor.pictures_shown
    visitor.page.evaluate(
        """bytes => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        list(file.read_bytes()),
    )
    visitor.sees_picture(before)


def take_away(visitor: Visitor, folder: Path) -> None:
    visitor.takes_picture_away()
    visitor.says("undo brings it back")


def clear_all(visitor: Visitor, folder: Path) -> None:
    visitor.page.locator("[data-action=clear-all]").click()


@pytest.mark.parametrize("step", [bring_another, bring_example, paste, take_away, clear_all])
def test_a_step_that_takes_the_work_away_can_be_undone(visitor: Visitor, tmp_path: Path, step: Any) -> None:
    state = works(visitor, tmp_path)
    step(visitor, tmp_path)
    after = visitor.state
    assert after["objects"] != state["objects"]
    undoes(visitor, state)
    # Python knows of it too: the small picture is this one, and takes clicks.
    before = visitor.revision
    expect(visitor.page.locator("#picture img")).to_have_js_property("naturalWidth", SIZE_WH[0])
    visitor.click_in_picture(40, 40, SIZE_WH)
    visitor.sees_answer(before)
    (point,) = [
        each for each in visitor.prompt["points"] if each not in state["objects"][1]["prompt"]["points"]
    ]
    assert abs(point[0] - 40) < 4 and abs(point[1] - 40) < 4
    visitor.press("Control+z", "Control+y", "Control+z")
    assert visitor.state == state


def test_a_picture_that_was_undone_can_be_redone(visitor: Visitor, tmp_path: Path) -> None:
    state = works(visitor, tmp_path)
    bring_another(visitor, tmp_path)
    visitor.ask(100, 100)
    after = visitor.state
    visitor.press("Control+z")
    undoes(visitor, state)
    visitor.press("Control+y")
    visitor.page.wait_for_function(
        "wanted => document.querySelector('#viewer').viewer.state().picture === wanted", arg=after["picture"]
    )
    visitor.press("Control+y")
    assert visitor.state == after
