"""The call on the screen as a program to copy. That it runs is shown in the browser's tests."""

from __future__ import annotations

import ast
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from samhq_demo.ui.snippets import Call, calls_of, curl_snippet, python_snippet
from samhq_demo.ui.store import Ticket

TICKET = Ticket("id", "content", Path('/up/it\'s a "cat" $HOME.jpg'), "cat.jpg", Path("/up/view.jpg"), (4, 3))
ASKED: dict[str, Any] = {
    "origin": "http://localhost:7860/",
    "settings": {"model": None, "multimask": True, "hq_token_only": True},
    "prompt": {"points": [[1, 2], [3, 0]], "labels": [1, 0], "box": [0, 0, 3, 3]},
    "steps": [{"points": [[1, 1]], "sam_candidate": 2}],
    "choice": {"sam": 1, "sam_hq": 0},
}


def call_of(**changed: Any) -> Call:
    return Call.from_json({**ASKED, **changed}, ticket=TICKET, model="tiny")


def test_only_what_differs_from_the_defaults_is_written() -> None:
    plain = call_of(prompt={"points": [[1, 2]]}, steps=[], settings={})
    assert plain.inputs() == {"image": TICKET.file, "points": [[1.0, 2.0]], "model": "tiny"}


def test_everything_that_was_asked_is_written() -> None:
    inputs = call_of().inputs()
    assert inputs["labels"] == [1, 0]
    assert inputs["box"] == [0.0, 0.0, 3.0, 3.0]
    assert (inputs["multimask"], inputs["hq_token_only"]) == (True, True)
    assert inputs["refine_from"][0]["sam_candidate"] == 2


def test_masks_are_written_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    rle = {"size": [3, 4], "counts": "444"}
    inputs = call_of(mask=rle, truth=rle).inputs()
    assert inputs["mask_prompt"].is_file() and inputs["ground_truth"].is_file()
    assert inputs["mask_prompt"] != inputs["ground_truth"]


def test_the_python_program_parses_whatever_the_files_are_called() -> None:
    text = python_snippet([call_of()])
    called = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "client.predict"
    )
    given = {str(keyword.arg): keyword.value for keyword in called.keywords}
    address = ast.literal_eval(given["image"].args[0])  # type: ignore[attr-defined]
    assert address == "http://localhost:7860/gradio_api/file=/up/it%27s%20a%20%22cat%22%20%24HOME.jpg"
    assert ast.literal_eval(given["points"]) == [[1.0, 2.0], [3.0, 0.0]]
    assert ast.literal_eval(given["api_name"]) == "/compare"
    assert 'answer["sam"]["candidates"][1]["predicted_iou"]' in text


def test_the_curl_command_quotes_whatever_the_files_are_called() -> None:
    second = curl_snippet([call_of()]).splitlines()[1]
    words = shlex.split(second.removeprefix("id=$(").rpartition(" | ")[0])
    body = json.loads(words[words.index("-d") + 1])
    assert body["image"]["path"] == str(TICKET.file)
    assert body["points"] == [[1.0, 2.0], [3.0, 0.0]]


@pytest.mark.parametrize("origin", [None, "javascript:alert(1)", "http://", "http://a/?b", 3])
def test_an_origin_that_is_no_address_is_refused(origin: Any) -> None:
    with pytest.raises(ValueError, match="origin"):
        call_of(origin=origin)


# ---- several objects ---------------------------------------------------------------------------------------

FILES = ("image", "mask_prompt", "ground_truth")
PLAIN = {"name": "Cup", "prompt": {"points": [[1, 2]], "labels": [1], "box": None}, "choice": {"sam": 2}}
BOXED = {"name": "It's a plate", "prompt": {"points": [], "labels": [], "box": [0, 0, 3, 3]}}


def many(*objects: Any) -> tuple[Call, ...]:
    asked = {"origin": ASKED["origin"], "settings": ASKED["settings"], "objects": list(objects)}
    return calls_of(asked, ticket=TICKET, model="tiny")


def predicted(text: str) -> list[dict[str, Any]]:
    """What each call of a program gives `predict`, by name; files are left out."""
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "client.predict"
    ]
    return [
        {str(one.arg): ast.literal_eval(one.value) for one in call.keywords if one.arg not in FILES}
        for call in calls
    ]


def test_several_objects_are_one_call() -> None:
    text = python_snippet(many(PLAIN, BOXED))
    (given,) = predicted(text)
    assert given["api_name"] == "/compare_many"
    assert given["prompts"] == [
        {"points": [[1.0, 2.0]], "labels": [1], "box": None},
        {"points": [], "labels": [], "box": [0.0, 0.0, 3.0, 3.0]},
    ]
    assert (given["model"], given["multimask"], given["hq_token_only"]) == ("tiny", True, True)
    assert 'result["objects"][0]["sam"]["candidates"][2]["predicted_iou"]' in text
    assert 'result["objects"][1]["sam_hq"]["predicted_iou"]' in text
    command = curl_snippet(many(PLAIN, BOXED))
    assert command.count("call/v2/compare_many") == 1
    second = command.splitlines()[1]
    words = shlex.split(second.removeprefix("id=$(").rpartition(" | ")[0])
    assert json.loads(words[words.index("-d") + 1])["prompts"] == given["prompts"]


def test_what_one_call_leaves_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with_truth = {**PLAIN, "truth": {"size": [3, 4], "counts": "444"}}
    for text in (python_snippet(many(with_truth, BOXED)), curl_snippet(many(with_truth, BOXED))):
        assert "# /compare_many takes no ground truth" in text
    assert "takes no ground truth" not in python_snippet(many(PLAIN, BOXED))


def test_objects_that_were_refined_are_asked_for_one_by_one() -> None:
    refined = {**PLAIN, "steps": ASKED["steps"]}
    calls = predicted(python_snippet(many(refined, BOXED)))
    assert [given["api_name"] for given in calls] == ["/compare", "/compare"]
    assert calls[0]["refine_from"][0]["sam_candidate"] == 2
    assert calls[1]["box"] == [0.0, 0.0, 3.0, 3.0]
    addresses = [line for line in curl_snippet(many(refined, BOXED)).splitlines() if line.startswith("api=")]
    assert addresses == ["api=http://localhost:7860/gradio_api/call/v2/compare"] * 2


@pytest.mark.parametrize("objects", [None, [], [PLAIN] * 33, ["x"]])
def test_objects_that_are_none_are_refused(objects: Any) -> None:
    with pytest.raises(ValueError, match=r"objects|Object"):
        calls_of({**ASKED, "objects": objects}, ticket=TICKET, model="tiny")
