"""Prompts saved by the page and loaded again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from samhq_demo.ui.saved import read_prompts

SIZE_WH = (4, 3)
RLE = {"size": [3, 4], "counts": "444"}
OBJECT: dict[str, Any] = {
    "id": 7,
    "number": 3,
    "name": "Fence",
    "color": "#cc79a7",
    "prompt": {"points": [[1.0, 2.0], [3.0, 0.0]], "labels": [1, 0], "box": [0.0, 0.0, 3.0, 3.0]},
    "choice": {"sam": 2, "sam_hq": 0},
    "steps": [
        {"points": [[1.0, 1.0]], "labels": [1], "box": None, "sam_candidate": 1, "sam_hq_candidate": 0},
    ],
    "mask": {"id": 1, "name": "rough.png", "rle": RLE},
    "truth": None,
}
SAVED: dict[str, Any] = {
    "image": {"width": 4, "height": 3},
    "settings": {"model": "tiny", "multimask": None, "hq_token_only": True},
    "objects": [OBJECT],
}


def test_what_was_saved_is_read() -> None:
    read = read_prompts(json.dumps(SAVED), size_wh=SIZE_WH)
    assert read["settings"] == SAVED["settings"]
    (one,) = read["objects"]
    for key in ("number", "name", "color", "prompt", "choice", "steps", "truth"):
        assert one[key] == OBJECT[key]
    assert one["mask"]["name"] == "rough.png"
    assert one["mask"]["rle"]["size"] == [3, 4]


def test_a_list_of_prompts_written_by_hand_is_enough() -> None:
    read = read_prompts('{"objects": [{"prompt": {"points": [[1, 1]]}}]}', size_wh=SIZE_WH)
    assert read["objects"][0]["prompt"] == {"points": [[1.0, 1.0]], "labels": [1], "box": None}
    assert read["settings"] == {"model": None, "multimask": None, "hq_token_only": False}


def changed(**more: Any) -> str:
    return json.dumps({**SAVED, **more})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no JSON", "no saved prompts"),
        ("[1]", "no saved prompts"),
        ("[" * 100_000, "no saved prompts"),
        (None, "no saved prompts"),
        (changed(image={"width": 5, "height": 3}), "4 x 3 pixels"),
        (changed(objects=[]), "1 to 32 objects"),
        (changed(objects=[OBJECT] * 33), "1 to 32 objects"),
        (changed(objects=[3]), "must be an object"),
        (changed(objects=[{**OBJECT, "number": 0}]), "1 to 9999"),
        (changed(objects=[{**OBJECT, "number": True}]), "1 to 9999"),
        (changed(objects=[{**OBJECT, "color": "red"}]), "like #56b4e9"),
        (changed(objects=[{**OBJECT, "prompt": {"points": [[9, 9]]}}]), "outside the picture"),
        (changed(objects=[{**OBJECT, "choice": {"sam": 3}}]), "0 to 2"),
        (changed(objects=[{**OBJECT, "mask": {"rle": {"size": [3, 4], "counts": "99"}}}]), "."),
        (changed(objects=[{**OBJECT, "truth": "x"}]), "a name and an rle"),
        (changed(settings={"multimask": 3}), "multimask"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_prompts(text, size_wh=SIZE_WH)
