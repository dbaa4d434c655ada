"""Where a page stands in line, as it is told: in Gradio's queue and at the encoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from samhq_demo.line import Line
from samhq_demo.service import CompareService
from samhq_demo.ui import texts
from samhq_demo.ui.everything import EverythingFinder
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.place import pages_before_in
from samhq_demo.ui.store import PictureStore
from testbed.photos import save_photo
from tests.support.waiting import wait


def stands(line: Line, key: str) -> bool:
    return line.before(key) is not None


@contextmanager
def held(line: Line, *keys: str) -> Iterator[dict[str, threading.Event]]:
    """A turn for each key, one after the other, each until its event is set."""
    ends = {key: threading.Event() for key in keys}

    def work(key: str) -> None:
        with line.turn(key):
            ends[key].wait(300)

    with ThreadPoolExecutor(len(keys)) as workers:
        for key in keys:
            workers.submit(work, key)
            wait(partial(stands, line, key))
        try:
            yield ends
        finally:
            for end in ends.values():
                end.set()


def test_pages_are_counted_once_however_much_they_have_waiting() -> None:
    assert pages_before_in(["a", "b", "a", "mine", "c", "mine"], "mine") == 2
    assert pages_before_in(["mine", "a"], "mine") == 0


def test_who_has_nothing_waiting_has_no_place() -> None:
    assert pages_before_in(["a", "b"], "mine") is None


def test_one_before_is_told_in_other_words_than_several() -> None:
    assert texts.waiting(1).endswith("you are next …")
    assert texts.waiting(3).endswith("3 are before you …")


def test_a_picture_is_told_how_many_are_before_it_and_then_that_it_is_encoded(
    service: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    service.wait_for_weights()
    line = service._library.pair(None).encoding
    handlers = Handlers(service, store=PictureStore(), examples=(), opening=Opening(service, ()))
    ticket = handlers._store.admit(save_photo(tmp_path / "a.png", size_wh=(70, 50), seed=31), name="a.png")
    asked = {"picture": ticket.id, "model": None, "queue": "encode"}
    assert handlers.place(asked) == {"work": ""}
    with held(line, "first", "second") as ends:
        assert handlers.place(asked) == {"work": ""}  # nobody has asked for this picture yet
        visit = handlers.prepare(ticket.id, "")
        next(visit)
        wait(lambda: service.encodes_before(ticket.content_id) == 2)
        assert handlers.place(asked) == {"work": texts.waiting(2)}
        assert next(visit)["work"] == texts.waiting(2)
        ends["first"].set()
        wait(lambda: service.encodes_before(ticket.content_id) == 1)
        assert next(visit)["work"] == texts.NEXT
    assert list(visit)[-1]["work"] == ""
    assert handlers.place(asked) == {"work": ""}


def test_a_search_for_everything_tells_how_many_pictures_are_before_its_own(
    service: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    service.wait_for_weights()
    store = PictureStore()
    ticket = store.admit(save_photo(tmp_path / "b.png", size_wh=(70, 50), seed=32), name="b.png")
    asked = {"picture": ticket.id, "sequence": 1, "model": None, "points_per_side": 2, "crop_layers": 0}
    with held(service._library.pair(None).encoding, "first", "second") as ends:
        search = EverythingFinder(service, store=store).search(asked)
        next(search)
        wait(lambda: service.encodes_before(ticket.content_id) == 2)
        assert next(search)["work"] == texts.waiting(2)
        ends["first"].set()
        wait(lambda: service.encodes_before(ticket.content_id) == 1)
        assert next(search)["work"] == texts.NEXT
    *_, last = search
    assert last["is_over"]
