"""Requests of `/call/v2` that Gradio itself finds wrong: refused in a sentence, not a fault of the server."""

from __future__ import annotations

import httpx
import pytest

from tests.support.servers import Served


@pytest.mark.parametrize(
    "request_made",
    [
        ("compare", {"points": [[1, 2]]}, "image"),
        ("compare", {"image": {"path": "a"}, "color": 3}, "color"),
        ("nothing", {}, "There is no endpoint /nothing"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused_in_one_sentence_and_one_log_line(
    served: Served,
    request_made: tuple[str, dict[str, object], str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    endpoint, body, sentence = request_made
    answer = httpx.post(f"{served.url}gradio_api/call/v2/{endpoint}", json=body)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    (record,) = [record for record in caplog.records if record.name.startswith("samhq_demo")]
    assert answer.json()["error"] in record.getMessage()
    assert "Traceback" not in capfd.readouterr().err
