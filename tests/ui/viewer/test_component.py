"""What the browser and Python tell each other, without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.prompts.refinement import RefineStep
from samhq_demo.prompts.request import Request
from samhq_demo.ui import viewer
from samhq_demo.ui.question import Question
from samhq_demo.ui.viewer.component import (
    build_viewer,
    module_script,
    viewer_message,
    viewer_script,
    viewer_styles,
)

VIEWER = Path(viewer.__file__).parent
ASKED: dict[str, Any] = {
    "picture": "abc",
    "sequence": 7,
    "object": 2,
    "prompt": {"points": [[1, 2]], "labels": [0], "box": [0, 0, 4, 4]},
    "multimask": None,
    "hq_token_only": True,
    "steps": [{"points": [[3, 4]], "sam_candidate": 1}],
    "truth": {"size": [1, 1], "counts": "1"},
}


def test_a_question_is_read() -> None:
    question = Question.from_json(ASKED)
    assert question == Question(
        picture_id="abc",
        sequence=7,
        object_id=2,
        request=Request(
            [Prompt(((1, 2),), (PointLabel.BACKGROUND,), (0, 0, 4, 4))],
            hq_token_only=True,
            refine_from=[RefineStep(Prompt(((3, 4),), (PointLabel.OBJECT,)), sam_candidate=1)],
        ),
        truth={"size": [1, 1], "counts": "1"},
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"picture": None}, "names no picture"),
        ({"sequence": "7"}, "sequence must be a whole number"),
        ({"object": True}, "object must be a whole number"),
        ({"prompt": {"points": [[1]]}}, "Point 1 must be"),
        ({"steps": [{"sam_candidate": 5}]}, "sam_candidate"),
        ({"model": 3}, "model must be a name that /models lists"),
        ({"multimask": "yes"}, "multimask must be true, false or null"),
    ],
)
def test_a_wrong_question_is_refused_in_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Question.from_json({**ASKED, **changed})


def test_the_server_function_answers_errors_as_words() -> None:
    def decode(question: Question) -> dict[str, Any]:
        raise KeyError("a secret of the server")

    component = build_viewer(decode)
    assert component.decode({"picture": 1})["error"] == "The question names no picture: choose one first."
    told = component.decode(ASKED)["error"]
    assert "server failed" in told
    assert "secret" not in told


def test_the_same_message_twice_differs() -> None:
    assert viewer_message(progress=0.5) != viewer_message(progress=0.5)


def test_every_script_is_run_and_the_templates_have_nothing_to_fill_in() -> None:
    scripts = viewer_script() + module_script("evaluation-line")
    run = set(re.findall(r"// ---- (.*)\.js$", scripts, re.MULTILINE))
    assert sorted(run) == sorted([*(file.stem for file in (VIEWER / "js").glob("*.js")), "shared"])
    for template in ((VIEWER / "viewer.html").read_text(encoding="utf-8"), viewer_styles()):
        assert not any(mark in template for mark in ("`", "${", "{{", "\\"))
