"""What a request brings is held within bounds before anything is parsed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from samhq_demo.service import CompareService
from samhq_demo.ui.bodies import MAX_BODY_BYTES, MAX_BODY_ITEMS, json_fault
from testbed.photos import save_photo
from tests.support.servers import Served, compare_inputs, serve

ROUTES = ["queue/join", "component_server", "run/compare", "call/compare", "call/v2/compare", "mcp/"]


@pytest.fixture(scope="module")
def served(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(service, folder=tmp_path_factory.mktemp("uploads"), mcp=True) as running:
        yield running


def post(served: Served, route: str, content: bytes | Iterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return httpx.post(f"{served.url}gradio_api/{route}", content=content, headers=headers, timeout=60)


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_is_too_large_is_not_parsed(served: Served, route: str) -> None:
    body = b'{"data": ["' + b"x" * MAX_BODY_BYTES + b'"]}'
    assert post(served, route, body).status_code == 413


def test_a_body_without_a_stated_length_is_counted_as_it_comes(served: Served) -> None:
    pieces = (b"x" * 2**20 for _ in range(MAX_BODY_BYTES // 2**20 + 1))
    with contextlib.suppress(httpx.WriteError):  # the server may answer and hang up before all was sent
        assert post(served, "run/compare", pieces).status_code == 413


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_of_very_many_values_is_not_parsed(served: Served, route: str) -> None:
    answer = post(served, route, json.dumps({"data": [0] * MAX_BODY_ITEMS + [1, 2]}).encode())
    assert answer.status_code == 400
    assert "too many values" in answer.text


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\uDC00b"', '{"\\udfff": 1}'])
def test_what_no_answer_can_hold_is_refused(served: Served, text: str) -> None:
    answer = post(served, "run/compare", f'{{"data": [{text}]}}'.encode())
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body holds")


@pytest.mark.parametrize("body", ['{"data": NaN}', '{"data": -Infinity}', "[NaN]"])
@pytest.mark.parametrize("route", ["queue/join", "run/compare", "call/compare", "component_server", "cancel"])
def test_a_body_of_another_form_is_refused_without_a_fault(served: Served, route: str, body: str) -> None:
    assert 400 <= post(served, route, body.encode()).status_code < 500


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\\\ud800"', '{"\\\\udfff": 1}', "no JSON \\ud800"])
def test_what_only_looks_like_that_is_let_through(text: str) -> None:
    assert json_fault(text.encode()) is None


def test_uploads_are_larger_than_that(served: Served, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "photo.bmp", size_wh=(3000, 2500))
    assert photo.stat().st_size > MAX_BODY_BYTES
    answer = served.run("compare", *compare_inputs(served.upload(photo)))
    assert answer["data"][0]["image"] == {"width": 3000, "height": 2500}


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
def test_the_server_passes_on_no_other_servers_files(served: Served, scheme: str) -> None:
    answer = httpx.get(f"{served.url}gradio_api/file={scheme}://127.0.0.1:1/photo.png", timeout=30)
    assert answer.status_code == 404
    assert "its own files alone" in answer.text
