"""The endpoints as tools of a real MCP client, over streamable HTTP."""

from __future__ import annotations

import ast
import asyncio
import base64
import io
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio import processing_utils
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, ImageContent, TextContent, Tool
from PIL import Image
from pycocotools import mask as coco_mask

from samhq_demo.service import CompareService
from tests.support.servers import Served, behind_a_proxy, serve, serve_files

BOX = [20, 10, 90, 70]


@pytest.fixture(scope="module")
def served(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(service, folder=tmp_path_factory.mktemp("uploads"), mcp=True) as running:
        yield running


@pytest.fixture(scope="module")
def photo_url(photo: Path) -> str:
    return data_url(photo.read_bytes())


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def ask(served: Served, question: Callable[[ClientSession], Any], *, address: str | None = None) -> Any:
    """address: of the MCP server; None: the served one's own."""

    async def session() -> Any:
        async with (
            streamable_http_client(address or f"{served.url}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await question(client)

    # In a thread of its own: where a test has opened a browser, this one has a loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, session()).result()


def tools(served: Served) -> dict[str, Tool]:
    listed = ask(served, lambda client: client.list_tools()).tools
    return {tool.name: tool for tool in listed}


def call(served: Served, tool: str, **arguments: object) -> CallToolResult:
    result: CallToolResult = ask(served, lambda client: client.call_tool(tool, arguments))
    return result


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def answer(result: CallToolResult) -> Any:
    """Gradio writes values as Python does."""
    assert not result.isError, text(result)
    return ast.literal_eval(text(result))


def mask_of(prediction: dict[str, Any]) -> np.ndarray:
    mask: np.ndarray = coco_mask.decode(prediction["rle"])
    return mask


def test_the_tools_are_the_endpoints_and_say_what_a_model_needs_to_know(served: Served) -> None:
    listed = tools(served)
    assert list(listed) == ["compare", "compare_many", "segment_everything", "models"]
    for name in ("compare", "compare_many"):
        description = listed[name].description or ""
        assert "SAM and with SAM-HQ" in description
        assert "pixels of the upright picture" in description
        assert "Example: image = photo.jpg" in description
        assert "Returns: result: JSON" in description
    assert "Example: image = photo.jpg" in (listed["segment_everything"].description or "")
    assert "hq_parameters" in (listed["models"].description or "")


def test_every_input_of_a_tool_is_typed_and_described(served: Served) -> None:
    for tool in tools(served).values():
        for name, schema in tool.inputSchema["properties"].items():
            assert is_typed(schema), name
            assert len(schema["description"]) > 15


def is_typed(schema: dict[str, Any]) -> bool:
    """Whether nothing in it may be just anything."""
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return all(is_typed(one) for one in choices)
    if schema.get("type") == "array":
        return is_typed(schema["items"])
    if schema.get("type") == "object":
        return bool(schema["properties"]) and all(is_typed(one) for one in schema["properties"].values())
    return schema.get("type") in ("string", "integer", "number", "boolean", "null")


def test_only_the_picture_and_the_prompts_are_required(served: Served) -> None:
    required = {name: tool.inputSchema.get("required", []) for name, tool in tools(served).items()}
    assert required == {
        "compare": ["image"],
        "compare_many": ["image", "prompts"],
        "segment_everything": ["image"],
        "models": [],
    }


def test_a_click_on_a_picture_in_a_data_url(served: Served, photo_url: str) -> None:
    result, *files = answer(call(served, "compare", image=photo_url, points=[[60, 45]]))
    (found,) = result["objects"]
    assert result["image"] == {"width": 120, "height": 90}
    assert found["prompt"] == {"points": [[60.0, 45.0]], "labels": [1], "box": None}
    for model, file in zip(("sam", "sam_hq"), files, strict=True):
        png = httpx.get(file["url"]).content
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), mask_of(found[model]) * 255)


def test_a_client_that_wants_progress_gets_the_masks_as_pictures(served: Served, photo_url: str) -> None:
    async def note(progress: float, total: float | None, message: str | None) -> None:
        pass

    arguments = {"image": photo_url, "box": BOX}
    result = ask(served, lambda client: client.call_tool("compare", arguments, progress_callback=note))
    first, *rest = result.content
    (found,) = ast.literal_eval(first.text)["objects"]
    pictures = [one for one in rest if isinstance(one, ImageContent)]
    assert [one.mimeType for one in pictures] == ["image/png", "image/png"]
    for model, picture in zip(("sam", "sam_hq"), pictures, strict=True):
        gray = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data))))
        assert np.array_equal(gray, mask_of(found[model]) * 255)


def test_nulls_stand_for_what_is_left_out(served: Served, photo_url: str) -> None:
    nulls = dict.fromkeys(
        ("points", "labels", "model", "multimask", "mask_prompt", "ground_truth", "refine_from")
    )
    left_out = answer(call(served, "compare", image=photo_url, box=BOX))[0]
    given = answer(call(served, "compare", image=photo_url, box=BOX, **nulls))[0]
    assert given["objects"] == left_out["objects"]


def test_the_optional_files_may_be_data_urls_too(served: Served, photo_url: str) -> None:
    asked = {"image": photo_url, "box": BOX}
    first = answer(call(served, "compare", **asked))[0]
    gray = Image.fromarray(mask_of(first["objects"][0]["sam"]) * np.uint8(255))
    png = io.BytesIO()
    gray.save(png, "PNG")
    mask = data_url(png.getvalue())
    truth = answer(call(served, "compare", **asked, ground_truth=mask))[0]
    assert truth["objects"][0]["sam"]["true_iou"] == 1.0
    refined = answer(call(served, "compare", image=photo_url, mask_prompt=mask))[0]
    assert refined["objects"][0]["sam"]["rle"] != first["objects"][0]["sam"]["rle"]


def test_an_earlier_answer_is_refined(served: Served, photo_url: str) -> None:
    asked = {"image": photo_url, "points": [[60, 45], [5, 5]], "labels": [1, 0]}
    step = {"points": [[60, 45]], "labels": [1], "box": None, "sam_candidate": 1, "sam_hq_candidate": None}
    alone, best, second = [
        answer(call(served, "compare", **asked, refine_from=steps))[0]["objects"][0]
        for steps in (None, [{"points": [[60, 45]]}], [step])
    ]
    assert len({one["sam"]["rle"]["counts"] for one in (alone, best, second)}) == 3
    assert alone["sam_hq"]["rle"] != best["sam_hq"]["rle"]
    assert best["sam_hq"] == second["sam_hq"]


def test_uploads_and_earlier_answers_are_named_by_their_address(served: Served, photo: Path) -> None:
    uploaded = f"{served.url}gradio_api/file={served.upload(photo)}"
    _, sam_mask, _ = answer(call(served, "compare", image=uploaded, box=BOX))
    result, *_ = answer(call(served, "compare", image=uploaded, box=BOX, ground_truth=sam_mask["url"]))
    assert result["objects"][0]["sam"]["true_iou"] == 1.0


def test_pictures_of_the_web_are_fetched(
    served: Served, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This machine's address passes for a public one; the request and the answer are real.
    monkeypatch.setattr(processing_utils, "PUBLIC_HOSTNAME_WHITELIST", ["127.0.0.1"])
    with serve_files(photo.parent) as website:
        url = f"{website}/photo.png"
        result, *_ = answer(call(served, "compare", image=url, box=BOX, ground_truth=url))
    assert result["image"] == {"width": 120, "height": 90}
    assert result["objects"][0]["sam"]["true_iou"] is not None


def test_many_objects(served: Served, photo_url: str) -> None:
    prompts = [{"box": BOX}, {"points": [[60, 45], [5, 5]], "labels": [1, 0], "box": None}]
    result, *_ = answer(call(served, "compare_many", image=photo_url, prompts=prompts))
    assert [found["prompt"]["box"] for found in result["objects"]] == [[20.0, 10.0, 90.0, 70.0], None]


def test_everything_in_a_picture(served: Served, photo_url: str) -> None:
    loose = {"points_per_side": 3, "predicted_iou_threshold": 0, "stability_threshold": 0}
    result, *overlays = answer(call(served, "segment_everything", image=photo_url, **loose))
    assert result["sam"] and result["sam_hq"]
    assert len(overlays) == 2


@pytest.mark.parametrize(
    ("given", "as_text"),
    [
        ({"box": BOX}, {"box": "[20, 10, 90, 70]"}),
        ({"box": BOX}, {"box": ["20", "10", "90", " 70.0 "]}),
        (
            {"points": [[60, 45], [5, 5]], "labels": [1, 0]},
            {"points": "[[60, 45], [5, 5]]", "labels": "[1, 0]", "box": "null", "refine_from": ""},
        ),
        (
            {"points": [[60, 45], [5, 5]], "labels": [1, 0]},
            {"points": ["[60, 45]", ["5", "5"]], "labels": ["1", "0"]},
        ),
        (
            {"box": BOX, "refine_from": [{"points": [[60, 45]], "sam_candidate": 1}]},
            {"box": BOX, "refine_from": '[{"points": "[[60, \\"45\\"]]", "sam_candidate": "1"}]'},
        ),
        (
            {"box": BOX, "refine_from": [{"points": [[60, 45]], "sam_hq_candidate": 2}]},
            {"box": BOX, "refine_from": ['{"points": [[60, 45]], "sam_hq_candidate": 2}']},
        ),
    ],
)
def test_lists_and_their_numbers_may_be_text(
    served: Served, photo_url: str, given: dict[str, object], as_text: dict[str, object]
) -> None:
    wanted, found = (
        answer(call(served, "compare", image=photo_url, **arguments))[0]["objects"]
        for arguments in (given, as_text)
    )
    assert found == wanted


@pytest.mark.parametrize(
    "prompts",
    [
        '[{"box": [20, 10, 90, 70]}, {"points": [[60, 45]]}]',
        ['{"box": [20, 10, 90, 70]}', {"points": "[[60, 45]]"}],
        [{"box": "[20, 10, 90, 70]", "points": "null"}, {"points": [["60", "45"]], "labels": ["1"]}],
    ],
)
def test_prompts_may_be_text(served: Served, photo_url: str, prompts: object) -> None:
    wanted = [{"box": BOX}, {"points": [[60, 45]]}]
    objects = answer(call(served, "compare_many", image=photo_url, prompts=wanted))[0]["objects"]
    assert answer(call(served, "compare_many", image=photo_url, prompts=prompts))[0]["objects"] == objects


@pytest.mark.parametrize("path", ["gradio_api/mcp", "gradio_api/mcp/"])
def test_behind_a_proxy_both_addresses_are_answered_there(served: Served, path: str) -> None:
    with behind_a_proxy(served.url) as outside:
        posted = httpx.post(f"{outside}{path}", json={}, headers={"Accept": "application/json"})
        assert not posted.is_redirect
        listed = ask(served, lambda client: client.list_tools(), address=f"{outside}{path}").tools
    assert [tool.name for tool in listed] == ["compare", "compare_many", "segment_everything", "models"]


def test_models(served: Served) -> None:
    assert [model["active"] for model in answer(call(served, "models"))].count(True) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "Nothing is asked for"),
        ({"points": [[500, 45]]}, "Point 1 at (500, 45) is outside the picture"),
        ({"box": BOX, "model": "giant"}, "There is no model 'giant'"),
        ({"box": BOX, "refine_from": [{"box": [1, 2, 1, 2]}]}, "Step 1 of refine_from: The box"),
        ({"box": "[1, 2"}, "box is text that is no JSON"),
        ({"box": "left"}, "The box must be [x0, y0, x1, y1], four finite numbers, not 'left'"),
        ({"box": BOX, "ground_truth": "/etc/passwd"}, "ground_truth must be"),
        ({"box": BOX, "mask_prompt": "http://127.0.0.1/mask.png"}, "could not be fetched"),
        ({"box": BOX, "image": "http://127.0.0.1/photo.png"}, "could not be fetched"),
    ],
)
def test_a_bad_request_is_an_error_of_one_sentence(
    *,
    served: Served,
    photo_url: str,
    arguments: dict[str, object],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    result = call(served, "compare", **{"image": photo_url, **arguments})
    assert result.isError
    assert sentence in text(result)
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.message == f"/compare refused: {text(result)}"
    assert capfd.readouterr() == ("", "")


def test_a_path_of_the_server_is_refused(served: Served) -> None:
    result = call(served, "compare", image="/etc/passwd", box=BOX)
    assert result.isError
    assert "http" in text(result)
