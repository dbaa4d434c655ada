"""One id leads from what a person is told of a fault to the lines of the log."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from samhq_demo.ui.errors import SERVER_FAULT
from samhq_demo.ui.request_ids import HEADER, LogLines, answering, current_id
from testbed.running_app import RunningApp
from tests.support.servers import Served, compare_inputs, serve

_ID = r"[0-9a-f]{12}"
_FAULT = re.escape(SERVER_FAULT).replace(r"\{id\}", f"({_ID})")


class _Broken:
    """Fails as no code of ours should."""

    def compare(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError("secret detail")


@pytest.fixture
def lines() -> Any:
    """What the log of the app holds."""
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.extend(self.format(record).splitlines())

    handler = Kept()
    handler.setFormatter(LogLines())
    logging.getLogger("samhq_demo").addHandler(handler)
    yield written
    logging.getLogger("samhq_demo").removeHandler(handler)


def fault_id(text: str) -> str:
    (found,) = re.findall(_FAULT, text)
    return str(found)


@pytest.mark.parametrize("way", ["run", "call"])
def test_the_id_in_the_answer_finds_the_traceback_in_the_log(
    tmp_path: Path, photo: Path, lines: list[str], way: str
) -> None:
    with serve(_Broken(), folder=tmp_path) as served:
        asked = compare_inputs(served.upload(photo))
        told = str(served.run("compare", *asked)) if way == "run" else served.call("compare", *asked)
    assert "secret" not in told
    of_it = [line for line in lines if f" request={fault_id(told)} " in line]
    assert re.search(
        rf"T[\d:]+[+-]\d{{4}} ERROR request={_ID} samhq_demo\.ui\.errors: /compare failed", of_it[0]
    )
    assert of_it[1].endswith("Traceback (most recent call last):")
    assert of_it[-1].endswith("RuntimeError: secret detail")
    assert len(of_it) == len(lines)


def test_a_fault_of_gradio_around_a_handler_is_told_with_its_id_too(
    tmp_path: Path, photo: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch, service: Any
) -> None:
    with serve(service, folder=tmp_path) as served:

        async def fails(*args: object, **kwargs: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(served.blocks, "postprocess_data", fails)
        told = str(served.run("compare", *compare_inputs(served.upload(photo))))
    assert "secret" not in told
    assert f" request={fault_id(told)} " in lines[-1]


def test_the_id_of_a_queued_request_is_that_of_the_answer_to_its_asking(tmp_path: Path, photo: Path) -> None:
    with serve(_Broken(), folder=tmp_path) as served:
        base = f"{served.url}gradio_api/call/compare"
        asked = httpx.post(base, json={"data": compare_inputs(served.upload(photo))}, timeout=60)
        told = httpx.get(f"{base}/{asked.json()['event_id']}", timeout=60).text
    assert fault_id(told) == asked.headers[HEADER]


def test_every_answer_has_an_id_of_its_own(served: Served) -> None:
    ids = {httpx.get(f"{served.url}config", timeout=60).headers[HEADER] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(_ID, one) for one in ids)


def test_a_refusal_is_logged_with_the_id_of_its_request(served: Served, lines: list[str]) -> None:
    answer = httpx.post(f"{served.url}gradio_api/run/compare", json={"data": []}, timeout=60)
    (line,) = lines
    assert f" WARNING request={answer.headers[HEADER]} samhq_demo.ui.errors: /compare refused: " in line


def test_outside_a_request_there_is_no_id() -> None:
    assert current_id() == "-"
    with answering(None):
        assert current_id() == "-"


def test_the_app_logs_in_this_form(app: RunningApp) -> None:
    httpx.post(f"{app.url}gradio_api/run/compare", json={"data": []}, timeout=60)
    assert re.search(
        rf"^[\d-]+T[\d:]+[+-]\d{{4}} WARNING request={_ID} samhq_demo\.ui\.errors: /compare refused: .+$",
        app.log.read_text(),
        flags=re.MULTILINE,
    )
