"""The comparing canvas: a `gr.HTML` whose template never changes, so that its canvases survive every update.

What is shown and every prompt live in the browser. Python is asked one thing, `decode`, and tells the browser
news by messages; both are plain JSON, written down in `Question`, `viewer_message` and `ViewerState`. The
browser's part is the files in viewer/, run as one function in the order of SCRIPTS.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from samhq_demo.prompts import MAX_OBJECTS, Prompt
from samhq_demo.ui.errors import gradio_errors

# Values first, then what draws them, then what changes them; "start" runs the whole.
SCRIPTS = (
    *("rle", "raster", "session", "answers", "view"),
    *("marks", "pane", "surface"),
    *("decoder", "hover", "cursor", "gestures", "actions", "table", "candidates", "toolbar"),
    *("viewer", "start"),
)

NEEDS_QUEUE: Mapping[str, Any] = {"needs": "queue"}
"""What `decode` answers where a server function must not do the work; the browser then queues it."""

MAX_NAME_LENGTH = 60
_SETTINGS = ("model", "multimask", "hq_token_only")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the browser.

    picture_id: as given in `viewer_message`; it comes back from the browser, so it has to be hard to guess
        where pictures are private.
    sequence: the question's number; `answer_queued` sends it back with the answer.
    object_id: the object in the browser that is asked for.
    extras: what else `viewer_message(settings=...)` set, such as a truth's id, unchecked.
    """

    picture_id: str
    sequence: int
    object_id: int
    prompt: Prompt
    model: str | None = None
    multimask: bool | None = None
    hq_token_only: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Any) -> Question:
        """Read what the browser sent; ValueError says what is wrong with it."""
        if not isinstance(data, Mapping):
            raise ValueError("A question of the viewer must be an object.")
        known = {"picture", "sequence", "object", "prompt", *_SETTINGS}
        picture_id, model, multimask = (data.get(key) for key in ("picture", "model", "multimask"))
        if not isinstance(picture_id, str):
            raise ValueError("The question names no picture: choose one first.")
        if not (model is None or isinstance(model, str)):
            raise ValueError("model must be a name or null.")
        if not (multimask is None or isinstance(multimask, bool)):
            raise ValueError("multimask must be true, false or null.")
        return cls(
            picture_id=picture_id,
            sequence=_number(data, "sequence"),
            object_id=_number(data, "object"),
            prompt=Prompt.from_json(data.get("prompt") or {}),
            model=model,
            multimask=multimask,
            hq_token_only=data.get("hq_token_only") is True,
            extras={str(key): value for key, value in data.items() if key not in known},
        )


Decode = Callable[[Question], Mapping[str, Any]]
"""A question -> `Comparison.to_json()` of its one object, or NEEDS_QUEUE. The visitor sees ValueErrors."""


@dataclass(frozen=True, slots=True)
class ViewerObject:
    """An object as it stands in the browser; choice: each model's chosen candidate, 0 the best."""

    id: int
    name: str
    color: str
    prompt: Prompt
    choice: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ViewerState:
    """What is on the screen: the viewer's value, where it is an event's input; see `read_state`."""

    picture_id: str | None
    selected: int
    objects: tuple[ViewerObject, ...]
    settings: Mapping[str, Any]


def build_viewer(
    decode: Decode,
    *,
    settings: Mapping[str, Any] | None = None,
    hover: bool = True,
    hover_below_ms: float = 120,
    patience_seconds: float = 120,
) -> gr.HTML:
    """The viewer, to be made inside a Blocks.

    decode: called in a thread outside the queue and its limits, for every edit of a prompt; see `Decode`.
    settings: sent along with every question: model, multimask, hq_token_only and whatever else; JSON.
    hover: whether the preview under the pointer is on at first.
    hover_below_ms: previews are asked for only while answers take less than this, from question to paint.
    patience_seconds: after which a question counts as lost and the next one is asked.
    """
    given = {"multimask": None, "hq_token_only": False, **(settings or {})}

    def answer(data: Any) -> dict[str, Any]:
        return _answered(decode, data)

    answer.__name__ = "decode"  # what the browser calls it by
    return gr.HTML(
        None,
        html_template=_read("viewer.html"),
        css_template=_read("viewer.css"),
        js_on_load=viewer_script(),
        apply_default_css=False,
        elem_id="viewer",
        server_functions=[answer],
        options={
            "settings": given,
            "hover": hover,
            "hover_below_ms": hover_below_ms,
            "patience_ms": patience_seconds * 1000,
        },
    )


def answer_queued(viewer: gr.HTML, decode: Decode, **listener: Any) -> None:
    """Answer the questions for which `build_viewer`'s decode said NEEDS_QUEUE, as a queued event.

    listener: more for Gradio's event listener, such as `concurrency_limit`.
    """

    def answer(event: gr.EventData) -> dict[str, Any]:
        asked = event._data if isinstance(event._data, Mapping) else {}
        return viewer_message(answer={"sequence": asked.get("sequence"), **_answered(decode, asked)})

    options = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple", **listener}
    viewer.submit(answer, inputs=None, outputs=viewer, **options)


def viewer_message(
    *,
    picture: Mapping[str, Any] | None = None,
    objects: Sequence[Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    point: tuple[float, float, int] | None = None,
    answer: Mapping[str, Any] | None = None,
    progress: float | None = None,
    say: str | None = None,
    is_error: bool = False,
) -> dict[str, Any]:
    """News for the browser: return it for the viewer as an event's output. What is None is left as it is.

    picture: as `shown_picture` makes it: starts over without prompts. An empty one: no picture any more.
    objects: {"name", "prompt", "choice"} each, all optional: these instead of those there; can be undone.
    settings: changed settings of the questions; every object is asked for again.
    point: (x, y, label) added to the selected object, as a click would.
    answer: the answer of a queued question with its sequence; `answer_queued` writes it.
    progress: 0 to 1 while the picture is being prepared; 1 takes the bar away.
    say: a sentence for the status line.
    """
    parts: dict[str, Any] = {
        "picture": picture,
        "objects": objects,
        "settings": settings,
        "point": point,
        "answer": answer,
        "progress": progress,
        "say": say,
    }
    told = {key: value for key, value in parts.items() if value is not None}
    # Gradio passes on only what differs from the last value: the same news twice has to differ.
    return {**told, "is_error": is_error, "stamp": uuid.uuid4().hex}


def shown_picture(picture_id: str, *, file: Path, size_wh: tuple[int, int]) -> dict[str, Any]:
    """A picture for `viewer_message`.

    file: what the browser shows, in the picture's own aspect; it may be smaller than the picture, and is then
        less sharp when zoomed in. Gradio copies it to its cache and serves it from there.
    size_wh: the picture's own size, the space of all coordinates.
    """
    width, height = size_wh
    served = gr.FileData(path=str(file)).model_dump()
    return {"id": picture_id, "width": width, "height": height, "file": served}


def read_state(value: Any) -> ViewerState | None:
    """The viewer's value as an event's input gets it; None before the first edit; ValueError if wrong."""
    state = value.get("state") if isinstance(value, Mapping) else None
    if not isinstance(state, Mapping):
        return None
    objects = state.get("objects")
    if not isinstance(objects, list) or len(objects) > MAX_OBJECTS:
        raise ValueError(f"The viewer's state must have a list of at most {MAX_OBJECTS} objects.")
    picture_id = state.get("picture")
    return ViewerState(
        picture_id=picture_id if isinstance(picture_id, str) else None,
        selected=_number(state, "selected"),
        objects=tuple(_object(item) for item in objects),
        settings=dict(state.get("settings") or {}),
    )


def viewer_script() -> str:
    """All scripts in their order; each begins with its name, for the browser's messages."""
    return "\n".join(f"// ---- {name}.js\n{_read(f'viewer/{name}.js')}" for name in SCRIPTS)


def _answered(decode: Decode, data: Any) -> dict[str, Any]:
    """What a server function may answer: an exception would reach the browser as nothing at all."""
    try:
        with gradio_errors("viewer"):
            return dict(decode(Question.from_json(data)))
    except gr.Error as error:
        return {"error": error.message}


def _object(item: Any) -> ViewerObject:
    if not isinstance(item, Mapping):
        raise ValueError("Each object in the viewer's state must be an object.")
    choice = item.get("choice") or {}
    return ViewerObject(
        id=_number(item, "id"),
        name=str(item.get("name", ""))[:MAX_NAME_LENGTH],
        color=str(item.get("color", ""))[:7],
        prompt=Prompt.from_json(item.get("prompt") or {}),
        choice={model: _number(choice, model) for model in ("sam", "sam_hq") if model in choice},
    )


def _number(mapping: Mapping[str, Any], key: str) -> int:
    value = mapping.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number.")
    return value


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
