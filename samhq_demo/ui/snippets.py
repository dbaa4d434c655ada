"""The calls behind what is on the screen, as a program to copy: Python with gradio_client, or curl.

Several objects are one call of /compare_many, or one call of /compare each where an object is asked with more
than a prompt, which /compare_many does not take. All run as they are for as long as the server keeps the
picture that they name by its address there.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from samhq_demo.export.shown import MAX_NAME
from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.parsing import items_of, parse_each
from samhq_demo.prompts.prompt import MAX_OBJECTS
from samhq_demo.prompts.refinement import CANDIDATES
from samhq_demo.prompts.request import Request
from samhq_demo.ui.records import request_of, with_masks
from samhq_demo.ui.served import write_mask
from samhq_demo.ui.store import Ticket

_BRANCHES = ("sam", "sam_hq")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of /compare for one object.

    Attributes:
        name: the object's.
        origin: the app's address, without a slash at its end.
        image: the picture's file on the server.
        choice: which candidate of each branch is on the screen, 0 the best.
    """

    name: str
    origin: str
    image: Path
    request: Request
    choice: Mapping[str, int]

    @classmethod
    def from_json(cls, asked: Mapping[str, Any], *, ticket: Ticket, model: str | None) -> Call:
        """Read a `CodeRequest`; ValueError says what is wrong with it.

        Args:
            model: the one that answers where none was chosen; named, so that the call stays the same.
        """
        request = request_of(asked, settings=asked.get("settings"))
        request = with_masks(request, asked, partial(_mask, size_wh=ticket.size_wh))
        return cls(
            name=str(asked.get("name") or "Object")[:MAX_NAME],
            origin=_origin(asked.get("origin")),
            image=ticket.file,
            request=replace(request, model=request.model or model),
            choice=_choice(asked.get("choice")),
        )

    def inputs(self) -> dict[str, Any]:
        """The inputs of /compare that differ from their defaults, masks written as files of the server."""
        request = self.request
        prompt = request.prompt.to_json()
        given = {
            "points": prompt["points"] or None,
            "labels": prompt["labels"] if 0 in prompt["labels"] else None,
            "box": prompt["box"],
            "model": request.model,
            "multimask": request.multimask_output,
            "hq_token_only": request.hq_token_only or None,
            "mask_prompt": _mask_file(request.mask_prompt, name="mask_prompt"),
            "ground_truth": _mask_file(request.ground_truth, name="ground_truth", void=request.void),
            "refine_from": [step.to_json() for step in request.refine_from] or None,
        }
        return {"image": self.image, **{key: value for key, value in given.items() if value is not None}}

    @property
    def is_plain(self) -> bool:
        """Whether the prompt is all that decides the masks."""
        return not self.request.refine_from and self.request.mask_prompt is None


def calls_of(asked: Mapping[str, Any], *, ticket: Ticket, model: str | None) -> tuple[Call, ...]:
    """One call for each of `asked["objects"]`, records as in `records` with a "name" and a "choice".

    `asked["settings"]` and `asked["origin"]` are common to all. ValueError says what is wrong with it.
    """
    objects = items_of(asked.get("objects"), rule="objects must be a list of records")
    if not 1 <= len(objects) <= MAX_OBJECTS:
        raise ValueError(f"There are {len(objects)} objects to ask for: 1 to {MAX_OBJECTS} can be copied.")
    common = {"origin": asked.get("origin"), "settings": asked.get("settings")}

    def call_of(record: Any) -> Call:
        if not isinstance(record, Mapping):
            raise ValueError("Each of the objects must be an object.")
        return Call.from_json({**record, **common}, ticket=ticket, model=model)

    return tuple(parse_each(objects, call_of, name="Object {}"))


def python_snippet(calls: Sequence[Call]) -> str:
    """A whole program; needs `pip install gradio_client`."""
    origin = calls[0].origin
    lines = [
        "from gradio_client import Client, handle_file  # pip install gradio_client",
        "",
        f"client = Client({json.dumps(origin + '/')})",
    ]
    if _is_one_call(calls):
        lines += _asked_in_python(_inputs_of_many(calls), "/compare_many", origin=origin, note=_note(calls))
        for number, call in enumerate(calls):
            answer = f'result["objects"][{number}]'
            lines += [
                f"print({call.name!r}, {_shown(branch, call.choice.get(branch, 0), answer=answer)})"
                for branch in _BRANCHES
            ]
        lines.append("print(sam_png, sam_hq_png)  # all objects in one mask")
        return "\n".join(lines) + "\n"
    for call in calls:
        lines += _asked_in_python(call.inputs(), "/compare", origin=origin)
        lines.append('answer = result["objects"][0]')
        for branch in _BRANCHES:
            candidate = call.choice.get(branch, 0)
            file = "" if candidate else f", {branch}_png"
            lines.append(f"print({_shown(branch, candidate, answer='answer')}{file})")
    return "\n".join(lines) + "\n"


def curl_snippet(calls: Sequence[Call]) -> str:
    """Commands for a shell: ask, and wait for the answer, for each call."""
    origin = calls[0].origin
    if _is_one_call(calls):
        note = [f"# {text}" for text in _note(calls)]
        lines = [*note, *_asked_by_curl(_inputs_of_many(calls), "compare_many", origin=origin)]
    else:
        lines = [line for call in calls for line in _asked_by_curl(call.inputs(), "compare", origin=origin)]
    return "\n".join(lines) + "\n"


def _is_one_call(calls: Sequence[Call]) -> bool:
    return len(calls) > 1 and all(call.is_plain for call in calls)


def _inputs_of_many(calls: Sequence[Call]) -> dict[str, Any]:
    """The inputs of /compare_many."""
    prompts = [call.request.prompt.to_json() for call in calls]
    common = calls[0].inputs()
    settings: dict[str, Any] = {
        key: common[key] for key in ("model", "multimask", "hq_token_only") if key in common
    }
    return {"image": calls[0].image, "prompts": prompts, **settings}


def _note(calls: Sequence[Call]) -> list[str]:
    """What the one call leaves out."""
    if all(call.request.ground_truth is None for call in calls):
        return []
    return ["/compare_many takes no ground truth; /compare takes one, and then gives true scores."]


def _asked_in_python(
    inputs: Mapping[str, Any], endpoint: str, *, origin: str, note: Sequence[str] = ()
) -> list[str]:
    def written(value: Any) -> str:
        if isinstance(value, Path):
            return f"handle_file({json.dumps(f'{origin}/gradio_api/file={quote(str(value))}')})"
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            return "[\n" + "".join(f"        {each!r},\n" for each in value) + "    ]"
        return repr(value)

    written_inputs = [f"    {key}={written(value)}," for key, value in inputs.items()]
    written_inputs[0] += "  # or a file of yours"
    return [
        *(f"# {text}" for text in note),
        "result, sam_png, sam_hq_png = client.predict(",
        *written_inputs,
        f'    api_name="{endpoint}",',
        ")",
    ]


def _asked_by_curl(inputs: Mapping[str, Any], endpoint: str, *, origin: str) -> list[str]:
    def sent(value: Any) -> Any:
        if isinstance(value, Path):
            return {"path": str(value), "meta": {"_type": "gradio.FileData"}}
        return value

    body = json.dumps({key: sent(value) for key, value in inputs.items()})
    return [
        f"api={shlex.quote(f'{origin}/gradio_api/call/v2/{endpoint}')}",
        f"id=$(curl -s \"$api\" -H 'Content-Type: application/json' -d {shlex.quote(body)} | cut -d'\"' -f4)",
        'curl -sN "$api/$id"',
    ]


def _shown(branch: str, candidate: int, *, answer: str) -> str:
    of = f'{answer}["{branch}"]' + (f'["candidates"][{candidate}]' if candidate else "")
    return f'"{branch}", {of}["predicted_iou"]'


def _origin(value: Any) -> str:
    if isinstance(value, str) and len(value) < 1000:
        parts = urlsplit(value)
        if parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment:
            return value.rstrip("/")
    raise ValueError("origin must be the http or https address of this app.")


def _choice(value: Any) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        key in _BRANCHES and type(number) is int and number in range(CANDIDATES)
        for key, number in value.items()
    ):
        raise ValueError(f"choice must say for sam and sam_hq which candidate, 0 to {CANDIDATES - 1}.")
    return dict(value)


def _mask(rle: Any, *, size_wh: tuple[int, int]) -> Runs | None:
    return None if rle is None else parse_rle(rle, size_wh=size_wh)


def _mask_file(mask: Runs | None, *, name: str, void: Runs | None = None) -> Path | None:
    return None if mask is None else write_mask(mask, name=name, void=void)
