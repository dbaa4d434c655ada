"""The call behind what is on the screen, as a program to copy: Python with gradio_client, or curl.

Both run as they are for as long as the server keeps the picture that they name by its address there.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.refinement import RefineStep, parse_refine_steps
from samhq_demo.ui.question import mask_of, settings_of
from samhq_demo.ui.served import write_mask
from samhq_demo.ui.store import Ticket


@dataclass(frozen=True, slots=True)
class Call:
    """A call of /compare. Files are paths of the server.

    origin: the app's address, without a slash at its end.
    choice: which candidate of each model is on the screen, 0 the best.
    """

    origin: str
    image: Path
    prompt: Prompt
    refine_from: tuple[RefineStep, ...]
    settings: Mapping[str, Any]
    mask_prompt: Path | None
    ground_truth: Path | None
    choice: Mapping[str, int]

    @classmethod
    def from_json(cls, asked: Mapping[str, Any], *, ticket: Ticket, model: str | None) -> Call:
        """Read what the browser sent, and write its masks as files; ValueError says what is wrong with it.

        model: the one that answers where none was chosen; named, so that the call stays the same.
        """
        settings = asked.get("settings")
        chosen = settings_of(settings if isinstance(settings, Mapping) else {})
        choice = asked.get("choice")
        return cls(
            origin=_origin(asked.get("origin")),
            image=ticket.file,
            prompt=Prompt.from_json(asked.get("prompt") or {}),
            refine_from=parse_refine_steps(asked.get("steps") or ()),
            settings={**chosen, "model": chosen["model"] or model},
            mask_prompt=_mask_file(asked.get("mask"), ticket, name="mask_prompt"),
            ground_truth=_mask_file(asked.get("truth"), ticket, name="ground_truth"),
            choice={str(key): int(value) for key, value in choice.items()}
            if isinstance(choice, Mapping)
            else {},
        )

    def inputs(self) -> dict[str, Any]:
        """The inputs of /compare that differ from their defaults, files as paths."""
        asked = self.prompt.to_json()
        given = {
            "points": asked["points"] or None,
            "labels": asked["labels"] if 0 in asked["labels"] else None,
            "box": asked["box"],
            "model": self.settings["model"],
            "multimask": self.settings["multimask"],
            "hq_token_only": self.settings["hq_token_only"] or None,
            "mask_prompt": self.mask_prompt,
            "ground_truth": self.ground_truth,
            "refine_from": [step.to_json() for step in self.refine_from] or None,
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
        *(f"print({_shown(model, call.choice.get(model, 0))})" for model in ("sam", "sam_hq")),
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


def _shown(model: str, candidate: int) -> str:
    of = f'answer["{model}"]' + (f'["candidates"][{candidate}]' if candidate else "")
    file = "" if candidate else f", {model}_png"
    return f'"{model}", {of}["predicted_iou"]{file}'


def _origin(value: Any) -> str:
    if isinstance(value, str) and len(value) < 1000:
        parts = urlsplit(value)
        if parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment:
            return value.rstrip("/")
    raise ValueError("origin must be the http or https address of this app.")


def _mask_file(rle: Any, ticket: Ticket, *, name: str) -> Path | None:
    mask = mask_of(rle, size_wh=ticket.size_wh)
    return None if mask is None else write_mask(mask, name=name)
