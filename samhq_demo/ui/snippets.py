"""The call behind what is on the screen, as a program to copy: Python with gradio_client, or curl.

Both run as they are for as long as the server keeps the picture that they name by its address there.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from samhq_demo.masks.runs import Runs, parse_rle
from samhq_demo.prompts.request import Request
from samhq_demo.ui.records import request_of, with_masks
from samhq_demo.ui.served import write_mask
from samhq_demo.ui.store import Ticket


@dataclass(frozen=True, slots=True)
class Call:
    """A call of /compare.

    origin: the app's address, without a slash at its end.
    image: the picture's file on the server.
    choice: which candidate of each branch is on the screen, 0 the best.
    """

    origin: str
    image: Path
    request: Request
    choice: Mapping[str, int]

    @classmethod
    def from_json(cls, asked: Mapping[str, Any], *, ticket: Ticket, model: str | None) -> Call:
        """Read a `CodeRequest`; ValueError says what is wrong with it.

        model: the one that answers where none was chosen; named, so that the call stays the same.
        """
        request = request_of(asked, settings=asked.get("settings"))
        request = with_masks(request, asked, partial(_mask, size_wh=ticket.size_wh))
        choice = asked.get("choice")
        return cls(
            origin=_origin(asked.get("origin")),
            image=ticket.file,
            request=replace(request, model=request.model or model),
            choice={str(key): int(value) for key, value in choice.items()}
            if isinstance(choice, Mapping)
            else {},
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
            "ground_truth": _mask_file(request.ground_truth, name="ground_truth"),
            "refine_from": [step.to_json() for step in request.refine_from] or None,
        }
        return {"image": self.image, **{key: value for key, value in given.items() if value is not None}}


def python_snippet(call: Call) -> str:
    """A whole program; needs `pip install gradio_client`."""

    def written(value: Any) -> str:
        if isinstance(value, Path):
            return f"handle_file({json.dumps(f'{call.origin}/gradio_api/file={quote(str(value))}')})"
        return repr(value)

    inputs = [f"    {key}={written(value)}," for key, value in call.inputs().items()]
    inputs[0] += "  # or a file of yours"
    lines = [
        "from gradio_client import Client, handle_file  # pip install gradio_client",
        "",
        f"client = Client({json.dumps(call.origin + '/')})",
        "result, sam_png, sam_hq_png = client.predict(",
        *inputs,
        '    api_name="/compare",',
        ")",
        'answer = result["objects"][0]',
        *(f"print({_shown(branch, call.choice.get(branch, 0))})" for branch in ("sam", "sam_hq")),
    ]
    return "\n".join(lines) + "\n"


def curl_snippet(call: Call) -> str:
    """Two commands for a shell: ask, and wait for the answer."""

    def sent(value: Any) -> Any:
        if isinstance(value, Path):
            return {"path": str(value), "meta": {"_type": "gradio.FileData"}}
        return value

    body = json.dumps({key: sent(value) for key, value in call.inputs().items()})
    address = shlex.quote(f"{call.origin}/gradio_api/call/v2/compare")
    lines = [
        f"api={address}",
        f"id=$(curl -s $api -H 'Content-Type: application/json' -d {shlex.quote(body)} | cut -d'\"' -f4)",
        "curl -sN $api/$id",
    ]
    return "\n".join(lines) + "\n"


def _shown(branch: str, candidate: int) -> str:
    of = f'answer["{branch}"]' + (f'["candidates"][{candidate}]' if candidate else "")
    file = "" if candidate else f", {branch}_png"
    return f'"{branch}", {of}["predicted_iou"]{file}'


def _origin(value: Any) -> str:
    if isinstance(value, str) and len(value) < 1000:
        parts = urlsplit(value)
        if parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment:
            return value.rstrip("/")
    raise ValueError("origin must be the http or https address of this app.")


def _mask(rle: Any, *, size_wh: tuple[int, int]) -> Runs | None:
    return None if rle is None else parse_rle(rle, size_wh=size_wh)


def _mask_file(mask: Runs | None, *, name: str) -> Path | None:
    return None if mask is None else write_mask(mask, name=name)
