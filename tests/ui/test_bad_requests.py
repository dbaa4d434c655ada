"""What is refused: in one sentence and one log line, and without opening what was not uploaded."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from samhq_demo.ui.errors import SERVER_FAULT, gradio_errors
from testbed.photos import save_photo
from tests.support.servers import Served, compare_inputs, serve

META = {"_type": "gradio.FileData"}


_opened: list[str] | None = None


def _note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_note_opening)  # it cannot be taken off again, so it does nothing while _opened is None


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The name of every file that this process opens."""
    global _opened  # noqa: PLW0603
    _opened = []
    yield _opened
    _opened = None


ONE = {"box": [20, 10, 90, 70]}
BAD_REQUESTS = {
    "no prompt": ({}, "Nothing is asked for"),
    "only background": ({"points": [[5, 5]], "labels": [0]}, "only background points"),
    "points of text": ({"points": "here"}, "points must be a list of [x, y] pairs, not 'here'"),
    "a flat list of points": ({"points": [5, 5]}, "Point 1 must be [x, y]"),
    "three numbers in a point": ({"points": [[5, 5, 5]]}, "Point 1 must be [x, y]"),
    "a point outside": ({"points": [[120, 5]]}, "Point 1 at (120, 5) is outside the picture"),
    "too many points": ({"points": [[5, 5]] * 257}, "There are 257 points"),
    "too few labels": ({"points": [[5, 5], [6, 6]], "labels": [1]}, "There are 2 points but 1 labels"),
    "a label of 2": ({"points": [[5, 5]], "labels": [2]}, "Label 1 must be 1 (object) or 0"),
    "a label of true": ({"points": [[5, 5]], "labels": [True]}, "Label 1 must be 1 (object) or 0"),
    "three numbers in a box": ({"box": [1, 2, 3]}, "The box must be [x0, y0, x1, y1]"),
    "a box of an object": ({"box": {"x": 1}}, "The box must be [x0, y0, x1, y1]"),
    "an empty box": ({"box": [5, 5, 5, 9]}, "The box [5, 5, 5, 9] is empty"),
    "a box elsewhere": ({"box": [200, 5, 300, 9]}, "does not overlap the picture"),
    "a model that is none": ({**ONE, "model": "giant"}, "There is no model 'giant'"),
    "a model that is a number": ({**ONE, "model": 3}, "model must be a name that /models lists"),
    "multimask of 1": ({**ONE, "multimask": 1}, "multimask must be true, false or null, not 1"),
    "multimask of text": ({**ONE, "multimask": "yes"}, "multimask must be true, false or null, not 'yes'"),
    "hq_token_only of null": ({**ONE, "hq_token_only": None}, "hq_token_only must be true or false"),
    "a mask prompt of text": ({"mask_prompt": "mask"}, 'mask_prompt must be {"path"'),
    "a truth that is a list": ({**ONE, "ground_truth": [1]}, "ground_truth must be a file"),
    "steps of text": ({**ONE, "refine_from": "click"}, "refine_from must be a list of earlier prompts"),
    "one step, not a list": ({**ONE, "refine_from": ONE}, "refine_from must be a list of earlier prompts"),
    "too many steps": ({**ONE, "refine_from": [ONE] * 17}, "There are 17 steps in refine_from"),
    "a step of text": ({**ONE, "refine_from": ["click"]}, "Step 1 of refine_from: A step must be an object"),
    "a step with a file": ({**ONE, "refine_from": [{"path": "/etc/passwd"}]}, "A step has no key 'path'"),
    "a step of nothing": ({**ONE, "refine_from": [{}]}, "Step 1 of refine_from: Nothing is asked for"),
    "a step outside": (
        {**ONE, "refine_from": [ONE, {"points": [[120, 5]]}]},
        "Step 2 of refine_from: Point 1 at (120, 5) is outside the picture",
    ),
    "a fourth candidate": (
        {**ONE, "refine_from": [{"points": [[5, 5]], "sam_candidate": 3}]},
        "Step 1 of refine_from: sam_candidate must be 0, the best, 1 or 2, not 3",
    ),
    "a candidate of a single mask": (
        {**ONE, "refine_from": [{**ONE, "sam_hq_candidate": 1}]},
        "Step 1 of refine_from: sam_hq_candidate is 1, but the answer is a single mask",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request_gets_one_sentence_and_one_log_line(
    *,
    client: Client,
    photo: Path,
    arguments: dict[str, Any],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(image=handle_file(photo), **arguments, api_name="/compare")
    assert sentence in str(caught.value)
    assert_one_sentence(str(caught.value))
    assert_one_log_line(caplog, "/compare refused: " + str(caught.value))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("prompts", "sentence"),
    [
        ([], "There are 0 prompts: give 1 to 32."),
        ([{"box": [20, 10, 90, 70]}] * 33, "There are 33 prompts: give 1 to 32."),
        (None, "prompts must be a list"),
        ({"box": [20, 10, 90, 70]}, "prompts must be a list"),
        ([{"box": [20, 10, 90, 70]}, "there"], "Prompt 2: A prompt must be an object"),
        ([{"boxes": []}], "Prompt 1: A prompt has no key 'boxes'"),
        ([{}], "Nothing is asked for"),
    ],
)
def test_bad_prompts_of_many_get_one_sentence_and_one_log_line(
    *,
    client: Client,
    photo: Path,
    prompts: object,
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(image=handle_file(photo), prompts=prompts, api_name="/compare_many")
    assert sentence in str(caught.value)
    assert_one_log_line(caplog, "/compare_many refused: " + str(caught.value))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"points_per_side": 0}, "points_per_side must be a whole number from 1 on, not 0."),
        ({"points_per_side": 4.5}, "points_per_side must be a whole number from 1 on, not 4.5."),
        ({"points_per_side": 300}, "points_per_side 300 with crop_layers 0 makes over 65,536 points: "),
        ({"crop_layers": 10**9}, "points_per_side 32 with crop_layers 1000000000 makes over 65,536 points: "),
        (
            {"predicted_iou_threshold": "high"},
            "predicted_iou_threshold must be a number from 0 to 1, not 'high'.",
        ),
        ({"stability_threshold": 95}, "stability_threshold must be a number from 0 to 1, not 95."),
        ({"box_nms_threshold": -0.1}, "box_nms_threshold must be a number from 0 to 1, not -0.1."),
        ({"min_area": True}, "min_area must be a whole number from 0 on, not True."),
        ({"model": "best"}, "There is no model 'best'; "),
        ({"model": 3}, "model must be a name that /models lists, or null, not 3."),
    ],
)
def test_bad_options_for_everything_get_one_sentence(
    *,
    client: Client,
    photo: Path,
    wrong: dict[str, Any],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(image=handle_file(photo), api_name="/segment_everything", **wrong)
    assert str(caught.value).startswith(sentence)
    assert_one_log_line(caplog, "/segment_everything refused: " + str(caught.value))


def test_not_a_number_is_refused(served: Served, photo: Path) -> None:
    """JSON has no NaN, but Python's clients send it all the same."""
    body = '{"data": [{"path": "%s"}, [[NaN, 5]], null, null, null, null, false, null, null]}'
    answer = httpx.post(
        f"{served.url}gradio_api/run/compare",
        content=body % served.upload(photo),
        headers={"content-type": "application/json"},
    )
    assert answer.json()["error"].startswith("Point 1 must be [x, y], two finite numbers")


@pytest.mark.parametrize("role", ["image", "mask_prompt", "ground_truth"])
def test_a_file_that_is_no_picture_is_refused(client: Client, photo: Path, tmp_path: Path, role: str) -> None:
    (tmp_path / "fake.png").write_text("no picture")
    files = {"image": handle_file(photo), role: handle_file(tmp_path / "fake.png")}
    with pytest.raises(AppError) as caught:
        client.predict(**files, box=[20, 10, 90, 70], api_name="/compare")
    assert_one_sentence(str(caught.value))
    assert "file holds no picture" in str(caught.value)
    assert role == "image" or str(caught.value).startswith(f"{role}: ")


@pytest.mark.parametrize("role", ["mask_prompt", "ground_truth"])
def test_a_mask_of_another_size_is_refused(client: Client, photo: Path, tmp_path: Path, role: str) -> None:
    Image.new("L", (90, 120), 255).save(tmp_path / "mask.png")
    with pytest.raises(AppError, match=f"^{role}: The mask .*90 x 120.*120 x 90"):
        client.predict(
            image=handle_file(photo),
            box=[20, 10, 90, 70],
            **{role: handle_file(tmp_path / "mask.png")},
            api_name="/compare",
        )


@pytest.mark.parametrize(
    "meta", [{}, {"meta": META}, {"meta": None}, {"meta": {}}, {"meta": META, "url": "/x.png"}]
)
@pytest.mark.parametrize(
    ("endpoint", "role"),
    [
        ("compare", "image"),
        ("compare", "mask_prompt"),
        ("compare", "ground_truth"),
        ("compare_many", "image"),
        ("segment_everything", "image"),
    ],
)
def test_a_path_that_is_no_upload_is_refused_and_never_opened(
    *,
    served: Served,
    photo: Path,
    tmp_path: Path,
    endpoint: str,
    role: str,
    meta: dict[str, Any],
    opened: list[str],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    link = served.uploads / "link.png"
    link.unlink(missing_ok=True)
    link.symlink_to(save_photo(tmp_path / "secret.png"))
    uploaded = served.upload(photo)
    opened.clear()
    paths = [
        "/etc/passwd",
        str(link),
        f"{served.uploads}/../secret.png",
        f"{served.url}gradio_api/file=/etc/passwd",
    ]
    for path in paths:
        caplog.clear()
        asked = compare_inputs(uploaded, **{role: {"path": path, **meta}})
        if endpoint == "compare_many":
            asked = [asked[0], [{"box": [20, 10, 90, 70]}], None, None, False]
        if endpoint == "segment_everything":
            asked = asked[:1]
        error = served.run(endpoint, *asked)["error"]
        assert_one_sentence(error)
        assert "upload" in error
        assert json.dumps(error, ensure_ascii=False)[1:-1] in served.call(endpoint, *asked)
        assert [record.message for record in caplog.records] == [f"/{endpoint} refused: {error}"] * 2
    assert not [file for file in opened if re.search("passwd|secret|link", file)]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("meta", [{}, {"meta": META}])
def test_a_url_inside_the_servers_network_is_refused(
    *,
    served: Served,
    photo: Path,
    meta: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = f"{served.url}gradio_api/info"
    for role in ("image", "mask_prompt", "ground_truth"):
        caplog.clear()
        error = served.run("compare", *compare_inputs(served.upload(photo), **{role: {"path": url, **meta}}))[
            "error"
        ]
        assert "could not be fetched: give a public address" in error
        assert_one_sentence(error)
        assert_one_log_line(caplog, f"/compare refused: {error}")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("endpoint", "count", "sentence"),
    [
        ("compare", 0, "The input image is missing: give at least image."),
        ("segment_everything", 0, "The input image is missing: give at least image."),
        ("compare_many", 0, "The input image is missing: give at least image and prompts."),
        ("compare_many", 1, "The input prompts is missing: give at least image and prompts."),
    ],
)
def test_a_request_without_what_has_no_default_is_refused(
    *,
    served: Served,
    photo: Path,
    endpoint: str,
    count: int,
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    given = [{"path": served.upload(photo)}][:count]
    assert served.run(endpoint, *given)["error"] == sentence
    assert_one_log_line(caplog, f"/{endpoint} refused: {sentence}")
    assert sentence in served.call(endpoint, *given)
    assert capfd.readouterr() == ("", "")


def test_a_request_cannot_forge_log_lines(
    served: Served, photo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = compare_inputs(served.upload(photo), model="x\n/compare refused: all is well " + "x" * 5000)
    error = served.run("compare", *asked)["error"]
    assert len(error) <= 400
    assert_one_log_line(caplog, f"/compare refused: {error}")
    assert "\n" not in caplog.text.strip()


class _OutOfMemory:
    """Fails as a service does whose machine has no memory left."""

    def compare(self, *args: object, **kwargs: object) -> None:
        raise MemoryError("secret detail")


def test_a_fault_of_the_server_is_logged_once_and_told_without_detail(
    photo: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with serve(_OutOfMemory(), folder=tmp_path / "uploads") as served:
        client = served.client(tmp_path / "downloads")
        with pytest.raises(AppError) as caught:
            client.predict(image=handle_file(photo), points=[[5, 5]], api_name="/compare")
    assert re.fullmatch(SERVER_FAULT.format(id="[0-9a-f]{12}"), str(caught.value))
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "/compare failed")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], MemoryError)
    assert capfd.readouterr() == ("", "")


def test_an_error_in_gradios_own_words_is_passed_on_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """ZeroGPU speaks so when a visitor's quota is used up."""
    with pytest.raises(gr.Error) as caught, gradio_errors("/compare"):
        raise gr.Error("Your quota is used up.", title="ZeroGPU")
    error = caught.value
    assert (error.message, error.title, error.print_exception) == ("Your quota is used up.", "ZeroGPU", False)
    assert_one_log_line(caplog, "/compare refused: Your quota is used up.")


def test_words_that_are_html_inside_are_passed_on_as_words() -> None:
    """As those of ZeroGPU where no GPU was free: markup would stand in the page's status line."""

    class Html(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "No GPU was available. Create a free account."

    with pytest.raises(gr.Error) as caught, gradio_errors("/compare"):
        raise gr.Error(Html("<a href='https://x'>Create a free account</a>"), title="ZeroGPU queue timeout")
    assert caught.value.message == "No GPU was available. Create a free account."


def assert_one_sentence(message: str) -> None:
    assert message.endswith(".")
    assert "\n" not in message
    assert "Traceback" not in message


def assert_one_log_line(caplog: pytest.LogCaptureFixture, message: str) -> None:
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.WARNING, message)
    assert record.exc_info is None
