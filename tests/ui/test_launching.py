"""Wherever the app is started, it starts, or says in one sentence which variable helps."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from samhq_demo.ui.launching import (
    check_address,
    check_proxies,
    choose_temporary_folder,
    keep_own_address_from_proxy,
    why_not_writable,
)
from testbed.running_app import ROOT, START_SECONDS, RunningApp, free_port, run_app
from tests.support.hub_server import HubServer, checkpoint
from tests.support.waiting import wait

pytestmark = pytest.mark.waits

PROXY_NAMES = [f(name) for name in ("http_proxy", "https_proxy", "all_proxy") for f in (str.lower, str.upper)]
# As if they were not set: a blank one counts as none.
NO_EXCEPTION = {"NO_PROXY": "", "no_proxy": ""}
NO_PROXIES = dict.fromkeys(PROXY_NAMES, "")
NOBODY = 65534
HUB = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "SAMHQ_MODEL": "auto"}


def assert_takes_uploads(app: RunningApp) -> Path:
    """Returns the folder where the app has put the file."""
    answer = httpx.post(f"{app.url}gradio_api/upload", files={"files": b"content"}, timeout=30)
    file = Path(answer.json()[0])
    assert file.read_bytes() == b"content"
    assert "Traceback" not in app.log.read_text()
    return file.parent


# A page that takes longer to come than Gradio waits for it, as on a machine with much else to do.
SLOW_PAGE = """
import time
import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from samhq_demo.ui.serve import launch

asked = []

def answer(request):
    asked.append(request)
    if len(asked) == 1:
        time.sleep(4)
    return PlainTextResponse("late")

with gr.Blocks(analytics_enabled=False) as page:
    gr.Markdown("A page")
launch(page, routes=[Route("/", answer)])
"""


def wait_for(app: RunningApp, words: str) -> str:
    """The log's line with these words."""
    wait(lambda: words in app.log.read_text(), seconds=START_SECONDS)
    return next(line for line in app.log.read_text().splitlines() if words in line)


def refusal(folder: Path, *, file_bytes: int | None = None, **given: str) -> str:
    """Start the app, which ends at once; returns what it says.

    Args:
        file_bytes: how much the system lets it write to a file, as a full disk would.
    """
    limit = "" if file_bytes is None else f"ulimit -f {file_bytes // 1024}; "
    surroundings = {"GRADIO_TEMP_DIR": str(folder), "HF_HUB_OFFLINE": "1", "SAMHQ_MODEL": "tiny"}
    done = subprocess.run(
        ["bash", "-c", f'{limit}exec "{sys.executable}" app.py'],
        cwd=ROOT,
        env={**os.environ, **surroundings, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
    assert done.returncode == 1, done
    (sentence,) = done.stderr.strip().splitlines()
    assert sentence.endswith(".")
    return sentence


@contextmanager
def listening() -> Iterator[int]:
    """A port that is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@contextmanager
def without_the_rights_of_root() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; those of pytest are for one alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


# Proxies


def test_with_a_proxy_and_no_exception_the_app_starts(tmp_path: Path) -> None:
    with run_app(tmp_path, SAMHQ_MODEL="tiny", **NO_EXCEPTION) as app:
        assert_takes_uploads(app)


def test_the_hub_is_asked_through_the_proxy(tmp_path: Path) -> None:
    repos = {"syscv-community/sam-hq-vit-base": checkpoint(), "facebook/sam-vit-base": checkpoint()}
    with HubServer(repos) as hub:
        proxies = {"http_proxy": hub.url, "HTTP_PROXY": hub.url, "HF_ENDPOINT": "http://hub.invalid"}
        with run_app(tmp_path, **HUB, **proxies, **NO_EXCEPTION) as app:
            wait_for(app, "are here")
            assert_takes_uploads(app)
        assert {asked.host for asked in hub.asked} == {"hub.invalid", f"localhost:{hub.port}"}


def test_a_socks_proxy_is_no_reason_not_to_start(tmp_path: Path) -> None:
    socks = {"ALL_PROXY": "socks5://127.0.0.1:9", "all_proxy": "socks5h://127.0.0.1:9"}
    with run_app(tmp_path, SAMHQ_MODEL="tiny", **NO_EXCEPTION, **NO_PROXIES | socks) as app:
        assert_takes_uploads(app)


def test_a_proxy_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, ALL_PROXY="socks://127.0.0.1:7891/")
    assert sentence.startswith("ALL_PROXY is 'socks://127.0.0.1:7891/', which is no address of a proxy")


@pytest.mark.parametrize("value", ["http://proxy:port", "ftp://proxy:1", "socks4://proxy:1"])
def test_proxies_that_cannot_be_used(value: str) -> None:
    with pytest.raises(ValueError, match=r"^https_proxy is .* socks5://host:port, or not be set\.$"):
        check_proxies({"https_proxy": value})


@pytest.mark.parametrize("value", ["proxy:3128", "http://me:secret@proxy:1", "https://proxy", " ", ""])
def test_proxies_that_can_be_used(value: str) -> None:
    check_proxies({"HTTPS_PROXY": value})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"NO_PROXY": "corp.example"}, None),
        ({"HTTP_PROXY": "http://p"}, "127.0.0.1,localhost,::1"),
        (
            {"all_proxy": "http://p", "NO_PROXY": "corp.example, localhost"},
            "corp.example,localhost,127.0.0.1,::1",
        ),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "a", "NO_PROXY": "b"}, "a,127.0.0.1,localhost,::1"),
        ({"HTTP_PROXY": "http://p", "GRADIO_SERVER_NAME": "10.1.2.3"}, "127.0.0.1,localhost,::1,10.1.2.3"),
        ({"HTTP_PROXY": "http://p", "GRADIO_SERVER_NAME": "0.0.0.0"}, "127.0.0.1,localhost,::1"),
    ],
)
def test_this_machine_is_added_to_what_no_proxy_has(given: dict[str, str], expected: str | None) -> None:
    environ = dict(given)
    keep_own_address_from_proxy(environ)
    if expected is None:
        assert environ == given
    else:
        assert environ["NO_PROXY"] == environ["no_proxy"] == expected


def test_an_exception_for_all_stays() -> None:
    environ = {"HTTP_PROXY": "http://p", "NO_PROXY": "*"}
    keep_own_address_from_proxy(environ)
    assert environ["NO_PROXY"] == "*"


def test_a_page_that_comes_late_does_not_end_the_app(tmp_path: Path) -> None:
    port = free_port()
    where = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(tmp_path), **NO_PROXIES}
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_PAGE], cwd=ROOT, env={**os.environ, **where}, stdout=subprocess.DEVNULL
    ) as app:

        def answers() -> bool:
            with suppress(httpx.ConnectError):
                return httpx.get(f"http://127.0.0.1:{port}/", timeout=60).text == "late"
            return False

        wait(answers, seconds=START_SECONDS)
        assert answers()
        assert app.poll() is None
        app.terminate()


# Folders


def test_beside_a_temporary_folder_that_cannot_be_used_the_app_starts(tmp_path: Path) -> None:
    (tmp_path / "gradio").write_text("a file, which even root cannot write into")
    with run_app(tmp_path, SAMHQ_MODEL="tiny", GRADIO_TEMP_DIR="", TMPDIR=str(tmp_path)) as app:
        assert assert_takes_uploads(app).parent.name.startswith("gradio-")
    assert (tmp_path / "gradio").is_file()


def test_folders_of_another_user(open_folder: Path) -> None:
    for name, mode in {"theirs": 0o555, "shared": 0o777, "own": 0o777}.items():
        (open_folder / name).mkdir()
        (open_folder / name).chmod(mode)
    (open_folder / "shared" / "0123abcd").mkdir(mode=0o555)
    with without_the_rights_of_root():
        reasons = [why_not_writable(open_folder / name) for name in ("theirs", "shared", "own")]
    assert reasons == ["Permission denied", "a folder in it belongs to another user", None]


def test_the_usual_temporary_folder_is_used_where_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    environ: dict[str, str] = {}
    choose_temporary_folder(environ)
    assert environ == {}


def test_no_temporary_folder_at_all_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"^No file can be written .* set GRADIO_TEMP_DIR to a folder"):
        choose_temporary_folder({})


def test_a_named_folder_stands_in_for_a_temporary_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: [])  # what a read-only system comes to
    environ = {"GRADIO_TEMP_DIR": str(tmp_path)}
    choose_temporary_folder(environ)
    assert environ["TMPDIR"] == str(tmp_path)


def test_a_full_disk_names_the_variable(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, file_bytes=4096, GRADIO_TEMP_DIR="", TMPDIR=str(tmp_path))
    assert sentence.startswith("No file can be written to the temporary folder (")
    assert "set GRADIO_TEMP_DIR to a folder that can be written to, on a disk with room." in sentence


def test_a_named_folder_that_cannot_be_written_to_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentence = refusal(tmp_path, GRADIO_TEMP_DIR=str(tmp_path / "file"))
    assert sentence.startswith(f"GRADIO_TEMP_DIR is {str(tmp_path / 'file')!r}, where no file can be written")


def test_a_cache_that_cannot_be_written_to_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, which even root cannot write into")
    repos = {"syscv-community/sam-hq-vit-base": checkpoint(), "facebook/sam-vit-base": checkpoint()}
    with (
        HubServer(repos) as hub,
        run_app(tmp_path, **HUB, HF_HOME=str(tmp_path / "cache"), HF_ENDPOINT=hub.url) as app,
    ):
        assert wait_for(app, "base could not be downloaded").endswith("set HF_HOME to a folder with room")
        assert_takes_uploads(app)
        page = httpx.get(app.url, timeout=30).text
    assert "tiny" in page


# Ports


def test_a_port_in_use_names_the_variable(tmp_path: Path) -> None:
    with listening() as port:
        sentence = refusal(tmp_path, GRADIO_SERVER_PORT=str(port))
    assert sentence.startswith(f"Port {port} is in use: set GRADIO_SERVER_PORT to another")


def test_no_free_port_at_all_names_the_variable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Connections of a server that has just ended would keep it from this socket, but not from the app.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # another program has it
            taken.bind(("127.0.0.1", 7860))
            taken.listen()
        sentence = refusal(tmp_path, GRADIO_NUM_PORTS="1", GRADIO_SERVER_PORT="")
    assert sentence == "No port from 7860 on is free: set GRADIO_SERVER_PORT to one that is."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"GRADIO_SERVER_PORT": "http"}, "GRADIO_SERVER_PORT is 'http': it must be a number from 1 to 65535"),
        ({"GRADIO_SERVER_PORT": "70000"}, "GRADIO_SERVER_PORT is '70000'"),
        ({"GRADIO_SERVER_NAME": "203.0.113.7"}, "GRADIO_SERVER_NAME is '203.0.113.7', which is no IPv4"),
        ({"GRADIO_SERVER_NAME": "no such name"}, "GRADIO_SERVER_NAME is 'no such name', which is no IPv4"),
        ({"GRADIO_SERVER_NAME": "::"}, "GRADIO_SERVER_NAME is '::', which is no IPv4"),
        ({"GRADIO_SERVER_NAME": "." * 300}, "GRADIO_SERVER_NAME is '......"),
    ],
)
def test_an_address_that_is_none_names_the_variable(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_address(given)
    assert str(caught.value).startswith(said)


def test_addresses_that_are_right() -> None:
    with listening() as port:
        pass
    for given in ({}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, {"GRADIO_SERVER_PORT": str(port)}):
        check_address(given)
