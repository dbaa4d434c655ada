"""Lists that come as their JSON text, and numbers that come as text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from samhq_demo.parsing import MAX_TEXT_LENGTH, from_json_text


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("[[450, 600]]", [[450, 600]]),
        (" [1, 0]\n", [1, 0]),
        (["450", "-1.5", "1e2", ".5", "+3", "7."], [450, -1.5, 100, 0.5, 3, 7]),
        ('["450", "[1, \\"2\\"]"]', [450, [1, 2]]),
        ('{"points": "[[1, 2]]"}', {"points": [[1, 2]]}),
        ([{"box": "[1, 2, 3, 4]"}, None], [{"box": [1, 2, 3, 4]}, None]),
        ((1, (2, "3")), [1, [2, 3]]),
        ("", None),
        ("null", None),
        ("None", None),
        (None, None),
        (3, 3),
        (True, True),
    ],
)
def test_text_is_read_at_every_depth(given: Any, value: Any) -> None:
    assert from_json_text(given, name="points") == value


@pytest.mark.parametrize(
    "given", ["left", "true", "1,2", "0x10", "1_000", "\u0661", "nan", "Infinity", "(1, 2)"]
)
def test_other_text_stays_what_it_is(given: str) -> None:
    assert from_json_text(given, name="points") == given


@pytest.mark.parametrize("given", ["[1, 2", "[1 2]", "{points: 1}", "[[1, 2]] and [3, 4]"])
def test_text_that_is_half_a_list_is_refused_by_name(given: str) -> None:
    with pytest.raises(ValueError, match=r"^points is text that is no JSON \(.*\): .*\.$"):
        from_json_text(given, name="points")


@pytest.mark.parametrize("given", ["[" * 100_000, "[" * 100_000 + "]" * 100_000])
def test_lists_within_lists_without_end_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"^box "):
        from_json_text(given, name="box")
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(ValueError, match="never end"):
        from_json_text(deep, name="box")


def test_text_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 2,000,000"):
        from_json_text("[" + " " * MAX_TEXT_LENGTH + "]", name="box")


def test_the_largest_request_fits() -> None:
    prompt = {"points": [[12345.678, 12345.678]] * 256, "labels": [1] * 256}
    assert len(from_json_text(json.dumps([prompt] * 32), name="prompts")) == 32
