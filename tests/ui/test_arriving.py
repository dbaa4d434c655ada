"""What uploads and answers leave behind: nothing of what broke off, and no more than fits."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest

from samhq_demo.ui import bodies
from samhq_demo.ui.errors import DISK_FULL, gradio_errors
from samhq_demo.ui.served import UploadedFiles, bound_uploads
from samhq_demo.ui.unfetched import drop_unfetched
from tests.support.servers import Served, serve
from tests.support.waiting import wait

pytestmark = pytest.mark.waits


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The endpoints with nothing behind them: no answer is asked for here."""
    with serve(None, folder=tmp_path_factory.mktemp("uploads")) as running:
        yield running


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def begin_upload(served: Served) -> socket.socket:
    """A connection on which the first part of an upload has been sent."""
    url = urlsplit(served.url)
    assert url.hostname is not None
    connection = socket.create_connection((url.hostname, url.port or 80))
    part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    connection.sendall(head.encode() + part + bytes(200_000))
    return connection


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    connection = begin_upload(served)
    wait(lambda: files_in(served.uploads) != [])
    connection.close()
    wait(lambda: files_in(served.uploads) == [])


def test_an_upload_that_stands_still_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", 1.5)
    with begin_upload(served):
        wait(lambda: files_in(served.uploads) != [])
        wait(lambda: files_in(served.uploads) == [])


def test_a_file_that_is_sent_as_something_else_leaves_nothing(served: Served) -> None:
    answer = httpx.post(f"{served.url}gradio_api/upload", files={"other": b"content"}, timeout=60)
    assert answer.json() == []
    wait(lambda: files_in(served.uploads) == [])  # the answer may come before it is deleted


def test_a_full_disk_refuses_uploads_until_there_is_room(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_full_disk(*args: Any, dir: str, **kwargs: Any) -> Any:
        (Path(dir) / "tmpfull").touch()
        file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - closed by the wrapper
        return tempfile._TemporaryFileWrapper(file, str(Path(dir) / "tmpfull"), delete=False)

    with monkeypatch.context() as full:
        full.setattr(tempfile, "NamedTemporaryFile", on_full_disk)
        answer = httpx.post(f"{served.url}gradio_api/upload", files={"files": bytes(100_000)}, timeout=60)
    assert answer.status_code == 507
    assert answer.json()["detail"] == DISK_FULL
    wait(lambda: files_in(served.uploads) == [])  # the answer may come before it is deleted
    (tmp_path / "photo.png").write_bytes(b"content")
    path = served.upload(tmp_path / "photo.png")
    assert Path(path).read_bytes() == b"content"
    Path(path).unlink()


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with (
        pytest.raises(gr.Error, match="disk is full"),
        gradio_errors("a test"),
        open("/dev/full", "w") as file,
    ):
        file.write("more")
        file.flush()


def uploaded(files: UploadedFiles, folder: Path, name: str, size: int) -> str:
    path = folder / name
    path.write_bytes(bytes(size))
    files.update([str(path)])
    return str(path)


def test_the_oldest_uploads_go_where_all_take_too_much(tmp_path: Path) -> None:
    files = UploadedFiles(in_use=tuple, max_bytes=100)
    first = uploaded(files, tmp_path, "a", 40)
    uploaded(files, tmp_path, "b", 50)
    files.update([first])  # sent again
    uploaded(files, tmp_path, "c", 30)
    uploaded(files, tmp_path, "d", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]


def test_uploads_that_a_page_has_open_go_last(tmp_path: Path) -> None:
    in_use: set[str] = set()
    files = UploadedFiles(in_use=lambda: in_use, max_bytes=100)
    in_use.add(uploaded(files, tmp_path, "open", 60))
    uploaded(files, tmp_path, "closed", 60)
    uploaded(files, tmp_path, "new", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "open"]
    in_use.add(uploaded(files, tmp_path, "too", 200))  # with nothing else to give up, they go too
    uploaded(files, tmp_path, "last", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_uploads_to_a_page_are_under_the_bound(served: Served, tmp_path: Path) -> None:
    bound_uploads(served.blocks, in_use=tuple, max_bytes=150)
    paths = []
    for number in range(4):
        (tmp_path / "photo.png").write_bytes(bytes([number]) * 100)
        paths.append(Path(served.upload(tmp_path / "photo.png")))
    assert [path.exists() for path in paths] == [False, False, True, True]
    for path in paths:
        path.unlink(missing_ok=True)


def ask_without_listening(served: Served, session: str) -> None:
    asked = {"fn_index": 0, "data": [], "session_hash": session}
    httpx.post(f"{served.url}gradio_api/queue/join", json=asked, timeout=60).raise_for_status()


@pytest.mark.parametrize("bounds", [{"max_messages": 5}, {"max_seconds": 0.0}])
def test_answers_that_nobody_fetches_do_not_pile_up(served: Served, bounds: dict[str, Any]) -> None:
    drop_unfetched(served.blocks, **bounds)
    session = str(bounds)
    for _ in range(8):
        ask_without_listening(served, session)
    queue = served.blocks._queue
    wait(lambda: not queue.event_ids_to_events)
    assert queue.pending_messages_per_session[session].qsize() <= 5
