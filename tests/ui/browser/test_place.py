"""Who comes while the server is busy with others reads how many are before them, and then the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, BrowserContext, expect

from samhq_demo.line import Line
from samhq_demo.service import CompareService
from samhq_demo.ui.handlers import AT_A_TIME
from samhq_demo.ui.store import PictureStore
from testbed.photos import save_photo
from testbed.visitor import Visitor
from tests.support.data_sets import disc, picture_of, save, white
from tests.support.servers import serve_page
from tests.support.waiting import wait
from tests.ui.browser.test_evaluation import give
from tests.ui.test_place import held

pytestmark = pytest.mark.browser

EVERYTHING_LINE = "#viewer .every-line"
EVALUATION_LINE = "#evaluate-line [role=status]"
NEXT, TWO = (
    "The server is busy with others: you are next …",
    "The server is busy with others: 2 are before you …",
)


@dataclass(frozen=True, slots=True)
class Busy:
    """The page on a service, whose line for the encoder a test can hold up. url ends with a slash."""

    url: str
    page: gr.Blocks
    store: PictureStore
    line: Line

    def asks(self, session: str, file: Path) -> None:
        """Another page's click in a picture that is not encoded yet; returns once it is in the queue."""
        ticket = self.store.admit(file, name=file.name)
        question = {"picture": ticket.id, "sequence": 1, "object": 1, "prompt": {"points": [[9, 9]]}}
        number = next(key for key, fn in self.page.fns.items() if fn.name == "answer")
        body: dict[str, Any] = {"fn_index": number, "data": [], "event_data": question}
        joined = httpx.post(f"{self.url}gradio_api/queue/join", json={**body, "session_hash": session})
        joined.raise_for_status()


@contextmanager
def busy(service: CompareService, folder: Path) -> Iterator[Busy]:
    service.wait_for_weights()
    store = PictureStore()
    with serve_page(service, folder=folder, store=store) as served:
        yield Busy(served.url, served.blocks, store, service._library.pair(None).encoding)


def test_the_place_in_line_is_told_until_the_answer_is_there(
    service: CompareService, profile: BrowserContext, tmp_path: Path
) -> None:
    mine, theirs = (save_photo(tmp_path / f"{seed}.png", size_wh=(400, 300), seed=seed) for seed in (41, 42))
    with busy(service, tmp_path) as served, held(served.line, "first") as first:
        visitor = Visitor.arrive_in_tab(profile, served.url)
        client = Client(served.url, verbose=False, download_files=tmp_path / "down")
        program = client.submit(handle_file(theirs), [[100, 100]], api_name="/compare")
        wait(lambda: len(served.line) == 2)
        with held(served.line, "last") as last:
            visitor.bring(mine)
            visitor.says("The server is busy with others: 3 are before you …")
            visitor.click(100, 100)  # the way a click goes that has to wait for its picture
            visitor.says("3 are before you …")
            first["first"].set()
            visitor.says("The server is busy with others: you are next …")
            program.result(timeout=60)
            assert visitor.revision == 0
            last["last"].set()
            visitor.sees_answer(0)
        visitor.says("Object 1: agreement")
        visitor.leave()


def test_it_is_told_as_well_to_who_waits_in_the_queue_before_the_encoder(
    service: CompareService, profile: BrowserContext, tmp_path: Path
) -> None:
    files = [save_photo(tmp_path / f"{seed}.png", size_wh=(90, 60), seed=seed) for seed in range(50, 61)]
    with busy(service, tmp_path) as served, held(served.line, "first") as first:
        visitor = Visitor.arrive_in_tab(profile, served.url)
        for number, file in enumerate(files[:AT_A_TIME]):
            served.asks(f"page {number}", file)
        wait(lambda: len(served.line) == 1 + AT_A_TIME)
        served.asks("one that waits in the queue", files[AT_A_TIME])
        visitor.bring(files[-1])
        visitor.says(f"{2 + AT_A_TIME} are before you …")
        first["first"].set()
        visitor.ask(20, 20)
        visitor.says("Object 1: agreement")
        visitor.leave()


def everything_asked(browser: Browser, url: str, file: Path) -> Visitor:
    """Someone who has just asked for everything in a picture.

    In a browser context of their own: in one, tabs have six connections together, and three use them up.
    """
    visitor = Visitor.arrive(browser, url)
    visitor.bring(file)
    visitor.opens("everything")
    visitor.page.locator("#viewer .every-points").select_option("8")
    press(visitor, "Segment everything")
    return visitor


def evaluation_asked(browser: Browser, url: str, folder: Path | None) -> Visitor:
    """Someone else who has just asked for an evaluation. folder: None: without giving anything."""
    visitor = Visitor.arrive(browser, url)
    press(visitor, "Is SAM-HQ better on my")
    if folder is not None:
        give(visitor, "Pictures", *(folder / "im").iterdir())
        give(visitor, "True masks", *(folder / "gt").iterdir())
    press(visitor, "Evaluate")
    return visitor


def evaluation_begun(browser: Browser, url: str, folder: Path) -> Visitor:
    """Someone whose evaluation has begun, and waits at the encoder."""
    visitor = evaluation_asked(browser, url, folder)
    reads(visitor, EVALUATION_LINE, "0 of 1 pictures are done")
    return visitor


def one_pair(folder: Path, *, radius: int) -> Path:
    """im/ and gt/ with a picture, which no other radius has, and its true mask."""
    drawn, mask = folder / str(radius), disc((60, 60), radius)
    save(picture_of(mask), drawn / "im" / "a.png")
    save(white(mask), drawn / "gt" / "a.png")
    return drawn


def press(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=name, exact=name != "Is SAM-HQ better on my").click()


def reads(visitor: Visitor, line: str, words: str) -> None:
    """Wait until a line of the page says so."""
    expect(visitor.page.locator(line)).to_contain_text(words, timeout=180_000)


def test_a_search_for_everything_tells_its_place_until_it_begins_or_is_stopped(
    service: CompareService, browser: Browser, tmp_path: Path
) -> None:
    files = [save_photo(tmp_path / f"{seed}.png", size_wh=(90, 60), seed=seed) for seed in (71, 72, 73)]
    with busy(service, tmp_path) as served, held(served.line, "first") as first:
        searched = everything_asked(browser, served.url, files[0])
        reads(searched, EVERYTHING_LINE, NEXT)
        wait(lambda: len(served.line) == 2)
        with held(served.line, "second") as second:
            waiting, last = (everything_asked(browser, served.url, file) for file in files[1:])
            reads(waiting, EVERYTHING_LINE, NEXT)
            reads(last, EVERYTHING_LINE, TWO)
            press(last, "Stop")
            reads(last, EVERYTHING_LINE, "A grid of points is asked")
            press(last, "Segment everything")
            reads(last, EVERYTHING_LINE, TWO)
            first["first"].set()
            reads(searched, EVERYTHING_LINE, "Point at a mask")
            reads(last, EVERYTHING_LINE, NEXT)
            second["second"].set()
        for visitor in (waiting, last):
            reads(visitor, EVERYTHING_LINE, "Point at a mask")
        for visitor in (searched, waiting, last):
            visitor.leave()


def test_an_evaluation_tells_its_place_until_it_begins_or_is_stopped(
    service: CompareService, browser: Browser, tmp_path: Path
) -> None:
    folders = [one_pair(tmp_path, radius=radius) for radius in (21, 22, 23)]
    with busy(service, tmp_path) as served, held(served.line, "first") as first:
        evaluated = evaluation_begun(browser, served.url, folders[0])
        waiting, last = (evaluation_asked(browser, served.url, folder) for folder in folders[1:])
        reads(waiting, EVALUATION_LINE, NEXT)
        for _ in range(2):  # the second time nothing that Python tells is new
            reads(last, EVALUATION_LINE, TWO)
            press(last, "Stop")
            reads(last, EVALUATION_LINE, "Stopped.")
            press(last, "Evaluate")
        reads(last, EVALUATION_LINE, TWO)
        first["first"].set()
        for visitor in (evaluated, waiting, last):
            reads(visitor, EVALUATION_LINE, "Done.")
            visitor.leave()


def test_a_place_in_line_goes_where_the_evaluation_then_is_refused(
    service: CompareService, browser: Browser, tmp_path: Path
) -> None:
    with busy(service, tmp_path) as served, held(served.line, "first") as first:
        evaluated = evaluation_begun(browser, served.url, one_pair(tmp_path, radius=24))
        refused = evaluation_asked(browser, served.url, None)
        reads(refused, EVALUATION_LINE, NEXT)
        first["first"].set()
        refused.page.locator(".toast-body", has_text="Give pictures and their true masks").wait_for()
        expect(refused.page.locator(EVALUATION_LINE)).to_have_text("", timeout=180_000)
        for visitor in (evaluated, refused):
            visitor.leave()
