"""Work that nobody waits for is dropped, and direct calls wait for their turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samhq_demo.masks.runs import Runs
from samhq_demo.service import CompareService
from samhq_demo.ui.api import CONCURRENCY
from samhq_demo.ui.handlers import AT_A_TIME, Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.served import write_mask, write_once
from samhq_demo.ui.store import PictureStore
from testbed.photos import save_photo
from tests.support.servers import compare_inputs, serve


@contextmanager
def busy(handlers: Handlers) -> Iterator[None]:
    """All encoders at work on something else."""
    done = threading.Event()
    for _ in range(AT_A_TIME):
        handlers._encoders.submit(done.wait, 60)
    try:
        yield
    finally:
        done.set()


def test_an_encode_whose_visitor_has_left_is_dropped(
    service: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    opening = Opening(service, ())
    handlers = Handlers(service, store=PictureStore(), examples=(), opening=opening)
    file = save_photo(tmp_path / "photo.png", size_wh=(64, 50), seed=77)
    ticket = handlers._store.admit(file, name="photo.png")
    with busy(handlers):
        visit = handlers.prepare(ticket.id, "")
        assert isinstance(visit, Generator)
        next(visit)
        visit.close()
        picture = handlers._store.picture(ticket.id)
    # The encoders take up what is left, in order; the last of these comes after what was dropped.
    for encoder in [handlers._encoders.submit(time.sleep, 0) for _ in range(AT_A_TIME)]:
        encoder.result(60)
    handlers._encoders.shutdown()
    assert service.progress(picture) == 0


def test_direct_calls_are_answered_few_at_a_time(
    service: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, lock = 0, 0, threading.Lock()
    compare = CompareService.compare

    def counted(self: CompareService, *args, **named):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.3)
        try:
            return compare(self, *args, **named)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(CompareService, "compare", counted)
    with serve(service, folder=tmp_path / "uploads") as served:
        photo = served.upload(save_photo(tmp_path / "photo.png"))
        with ThreadPoolExecutor(4 * CONCURRENCY) as clients:
            answers = clients.map(
                lambda _: served.run("compare", *compare_inputs(photo)), range(4 * CONCURRENCY)
            )
            assert all("data" in answer for answer in answers)
    assert most <= CONCURRENCY


def test_the_same_content_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    mask = Runs.from_mask(np.eye(20, dtype=bool))
    paths = {write_mask(mask, name="mask") for _ in range(5)}
    other = write_mask(Runs.from_mask(np.ones((20, 20), bool)), name="mask")
    assert sorted(tmp_path.iterdir()) == sorted({*paths, other})
    assert len(paths) == 1
    assert Image.open(paths.pop()).size == (20, 20)


def test_a_file_that_could_not_be_written_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def full(path: Path) -> None:
        path.write_bytes(b"its beginning")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_once("export.json", full)
    assert list(tmp_path.iterdir()) == []
    assert write_once("export.json", lambda path: path.write_text("{}")).read_text() == "{}"
