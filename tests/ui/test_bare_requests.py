"""The endpoints as bare HTTP requests meet them, and what becomes of the answers' files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio.route_utils import delete_files_created_by_app

from samhq_demo.service import CompareService
from tests.support.servers import Served, compare_inputs, serve

META = {"_type": "gradio.FileData"}
NINE_INPUTS = (
    "image", "points", "labels", "box", "model", "multimask", "hq_token_only", "mask_prompt", "ground_truth",
)  # fmt: skip


def streamed(text: str) -> Any:
    """The values in an event stream that has one answer."""
    (answer,) = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]
    return answer


def test_a_bare_request_may_name_an_upload_and_an_answer(served: Served, photo: Path) -> None:
    uploaded = served.upload(photo)
    result, sam_mask, _ = served.run("compare", *compare_inputs(uploaded))["data"]
    assert result["image"] == {"width": 120, "height": 90}
    assert httpx.get(sam_mask["url"]).headers["content-type"] == "image/png"
    for truth in (
        {"path": sam_mask["path"]},
        {"path": sam_mask["url"], "meta": META},
        sam_mask,
        sam_mask["url"],
    ):
        again = served.run("compare", *compare_inputs(uploaded, ground_truth=truth))["data"][0]
        assert again["objects"][0]["sam"]["true_iou"] == 1.0


@pytest.mark.parametrize("way", ["run", "call", "by name"])
def test_inputs_left_out_at_the_end_get_their_defaults(served: Served, photo: Path, way: str) -> None:
    """A program of before an input was added goes on working."""
    uploaded = served.upload(photo)
    everything = served.run("compare", *compare_inputs(uploaded))["data"][0]["objects"]
    nine = dict(zip(NINE_INPUTS, compare_inputs(uploaded), strict=False))
    if way == "run":
        answer = served.run("compare", *nine.values())["data"]
    elif way == "call":
        answer = streamed(served.call("compare", *nine.values()))
    else:
        base = f"{served.url}gradio_api/call"
        event = httpx.post(f"{base}/v2/compare", json=nine).json()["event_id"]
        answer = streamed(httpx.get(f"{base}/v2/compare/{event}", timeout=60).text)
    assert answer[0]["objects"] == everything


def test_a_bare_request_may_stop_after_what_is_required(served: Served, photo: Path) -> None:
    image, box = {"path": served.upload(photo)}, [20, 10, 90, 70]
    alone = served.run("compare", image, None, None, box)["data"][0]["objects"]
    assert served.run("compare_many", image, [{"box": box}])["data"][0]["objects"] == alone
    assert served.run("compare", image)["error"].startswith("Nothing is asked for")
    assert "data" in served.run("models")


def test_a_bare_request_by_name_needs_no_upload_for_a_data_url(served: Served, photo: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(photo.read_bytes()).decode()
    base = f"{served.url}gradio_api/call"
    event = httpx.post(f"{base}/v2/compare", json={"image": url, "points": [[60, 45]]}).json()["event_id"]
    stream = httpx.get(f"{base}/compare/{event}", timeout=60).text
    assert streamed(stream)[0]["image"] == {"width": 120, "height": 90}


def test_the_answers_files_are_tidied_away_with_the_uploads(
    service: CompareService, photo: Path, tmp_path: Path
) -> None:
    with serve(service, folder=tmp_path / "uploads") as served:
        served.run("compare", *compare_inputs(served.upload(photo)))
        kinds = [file.suffix for file in (tmp_path / "uploads").rglob("*") if file.is_file()]
        assert kinds == [".png"] * 3
        delete_files_created_by_app(served.blocks, age=None)
        assert not [file for file in (tmp_path / "uploads").rglob("*") if file.is_file()]
