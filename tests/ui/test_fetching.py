"""Files from the web: public addresses only, in bounded time and size, one sentence for all refusals."""

from __future__ import annotations

import gzip
import http.server
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gradio import processing_utils

from samhq_demo.service import CompareService
from samhq_demo.ui.addresses import is_public
from samhq_demo.ui.fetching import FetchError, FetchLimits, fetch
from samhq_demo.ui.uploads import MAX_DATA_URL_LENGTH, received_file, received_upload
from testbed.photos import save_photo
from tests.support.servers import compare_inputs, serve, serve_files, start_serving

pytestmark = pytest.mark.waits

PROMPT = FetchLimits(seconds=1.0, max_bytes=50_000)

Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def website(reply: Reply) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        start_serving(server)
        yield f"http://127.0.0.1:{server.server_port}/photo.png"
        server.shutdown()


def sent(content: bytes, **headers: str) -> Reply:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return reply


@pytest.fixture
def this_machine_counts_as_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing_utils, "PUBLIC_HOSTNAME_WHITELIST", ["127.0.0.1"])


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "168.63.129.16",
        "169.254.169.254", "172.16.0.1", "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "fc00::1", "fd00:ec2::254", "fe80::1",
        "fe80::1%lo",
        "fec0::1", "feff::1", "ff0e::1", "localhost", "0x7f000001", "",
    ],
)  # fmt: skip
def test_no_address_of_an_inner_network_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "2606:4700:4700::1111"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("others", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], []])
def test_a_name_is_judged_by_what_it_stands_for_and_nothing_is_connected(
    others: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 0)) for address in others]

    def connected(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing may be connected to")

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(FetchError, match="not public"):
        fetch("http://inner.example/photo.png")


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(30) and [])
    began = time.monotonic()
    with pytest.raises(FetchError, match="in time"):
        fetch("http://slow.example/photo.png", limits=PROMPT)
    done.set()
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("this_machine_counts_as_public")
@pytest.mark.parametrize("where", ["headers", "body", "nothing"])
def test_a_server_that_never_ends_its_answer_is_left(where: str) -> None:
    over = threading.Event()

    def dripping(handler: http.server.BaseHTTPRequestHandler) -> None:
        if where == "body":
            handler.send_response(200)
            handler.end_headers()
        elif where == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(0.05):
            handler.wfile.write(b"" if where == "nothing" else b"x")

    began = time.monotonic()
    with website(dripping) as url, pytest.raises(FetchError, match=r"(?i)in time|timed out"):
        try:
            fetch(url, limits=FetchLimits(seconds=1.0))
        finally:
            over.set()
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("this_machine_counts_as_public")
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (bytes(60_000), {}),
        (b"", {"Content_Length": "60000"}),
        (gzip.compress(bytes(5_000_000)), {"Content_Encoding": "gzip"}),
        (zlib.compress(bytes(5_000_000)), {"Content_Encoding": "deflate"}),
        (b"abc", {"Content_Encoding": "br"}),
    ],
    ids=["plain", "by its own account", "gzip", "deflate", "unknown packing"],
)
def test_a_file_that_is_too_large_is_refused_packed_or_not(content: bytes, headers: dict[str, str]) -> None:
    with website(sent(content, **headers)) as url, pytest.raises(FetchError, match=r"too|packed"):
        fetch(url, limits=FetchLimits(max_bytes=50_000))


@pytest.mark.usefixtures("this_machine_counts_as_public")
def test_a_packed_file_that_is_small_is_unpacked() -> None:
    with website(sent(gzip.compress(b"a photo"), Content_Encoding="gzip")) as url:
        assert fetch(url) == b"a photo"


@pytest.mark.usefixtures("this_machine_counts_as_public")
@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/", "file:///etc/passwd"],
)
def test_a_redirect_is_held_to_the_same_rules(target: str) -> None:
    def moved(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    with website(moved) as url, pytest.raises(FetchError, match=r"not public|neither http"):
        fetch(url)


@pytest.mark.usefixtures("this_machine_counts_as_public")
def test_a_redirect_within_the_rules_is_followed() -> None:
    def moved(handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.path == "/there":
            return sent(b"a photo")(handler)
        handler.send_response(302)
        handler.send_header("Location", "/there")
        handler.end_headers()

    with website(moved) as url:
        assert fetch(url) == b"a photo"


def test_every_refusal_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sentences = set()
    addresses = [
        "http://127.0.0.1:1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://no-such.invalid/",
        "http://",
    ]
    with serve_files(tmp_path) as here, caplog.at_level(logging.WARNING):
        for url in (*addresses, f"{here}/gone.png"):
            with pytest.raises(ValueError) as caught:
                received_file(url, name="image")
            sentences.add(str(caught.value))
    (sentence,) = sentences
    assert not any(word in sentence for word in ("127", "10.0", "invalid", "Errno", "status"))


def test_a_data_url_has_a_bound() -> None:
    with pytest.raises(ValueError, match="is too long"):
        received_file("data:image/png;base64," + "A" * MAX_DATA_URL_LENGTH, name="image")


@pytest.mark.parametrize(
    "value",
    [
        {"path": "http://8.8.8.8/a.png"},
        {"path": "HTTPS://8.8.8.8/"},
        {"path": "data:image/png;base64,AAAA"},
        "x",
    ],
)
def test_the_page_takes_uploads_alone(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("no name may be asked for"))
    with pytest.raises(ValueError, match="the picture"):
        received_upload(value, name="the picture")


@pytest.mark.usefixtures("this_machine_counts_as_public")
def test_the_picture_is_fetched_anew_when_its_address_has_changed(
    service: CompareService, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    with serve(service, folder=tmp_path / "uploads") as served, serve_files(site) as here:
        sizes = []
        for size_wh in ((120, 90), (100, 80)):
            save_photo(site / "photo.png", size_wh=size_wh)
            image = {"path": f"{here}/photo.png", "meta": {"_type": "gradio.FileData"}}
            answer = served.run("compare", *compare_inputs("", image=image))
            sizes.append(tuple(answer["data"][0]["image"].values()))
    assert sizes == [(120, 90), (100, 80)]
