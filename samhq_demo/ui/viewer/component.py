"""The comparing canvas: a `gr.HTML` whose template never changes, so that its canvases survive every update.

What is shown and every prompt live in the browser. It calls Python's functions, `decode` above all, and
Python tells it news by messages; both are plain JSON, written down in `Question` and `viewer_message`.

The browser's part is the ES modules beside this file. `gr.HTML` runs a component's script as the body of a
function, where no `import` can stand, so they are put together as one script when the page is built. It comes
with the page: loaded one by one the modules would be over thirty requests, and most would be known only after
others have come.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.modules import joined_modules
from samhq_demo.ui.question import Question
from samhq_demo.ui.store import UnknownPictureError

NEEDS_QUEUE: Mapping[str, Any] = {"needs": "queue"}
"""What `decode` answers where a server function must not do the work; the browser then queues it."""

NEEDS_MASKS: Mapping[str, Any] = {"needs": "masks"}
"""What `decode` answers where it lacks a mask that the question names; the browser then sends it whole."""

NEEDS_PICTURE: Mapping[str, Any] = {"needs": "picture"}
"""What every function answers, beside the error, where the picture is gone: the browser sends it again."""

KEPT_AS = "samhq.kept"
"""The entry of the browser's sessionStorage that names the picture which a reload brings back: {"picture",
"model"} as JSON."""

Decode = Callable[[Question], Mapping[str, Any]]
"""A question -> `Comparison.to_json()` of its one object, where it asks for a preview `Preview.to_json()`,
NEEDS_QUEUE or NEEDS_MASKS. The visitor sees ValueErrors."""


def build_viewer(
    decode: Decode,
    *,
    functions: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] | None = None,
    settings: Mapping[str, Any] | None = None,
    hover: bool = True,
    hover_below_ms: float = 200,
    patience_seconds: float = 120,
) -> gr.HTML:
    """The viewer, to be made inside a Blocks.

    decode: called in a thread outside the queue and its limits, for every edit of a prompt; see `Decode`.
    functions: what else the browser calls by name, JSON in and out: "mask", "prompts", "take", "code" and
        "again". The visitor sees their ValueErrors.
    settings: sent along with every question: model, multimask, hq_token_only.
    hover: whether the preview under the pointer is on at first.
    hover_below_ms: previews are asked for only while answers take less than this, from question to paint.
    patience_seconds: after which a question counts as lost and the next one is asked.
    """
    given = {"model": None, "multimask": None, "hq_token_only": False, **(settings or {})}

    def ask(data: Mapping[str, Any]) -> Mapping[str, Any]:
        return decode(Question.from_json(data))

    return gr.HTML(
        None,
        html_template=_read("viewer.html"),
        css_template=_read("viewer.css"),
        js_on_load=viewer_script(),
        apply_default_css=False,
        elem_id="viewer",
        server_functions=[_named(name, each) for name, each in {"decode": ask, **(functions or {})}.items()],
        options={
            "settings": given,
            "hover": hover,
            "hover_below_ms": hover_below_ms,
            "patience_ms": patience_seconds * 1000,
            "kept_as": KEPT_AS,
        },
    )


def _named(name: str, function: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """A server function that the browser calls by `name`."""

    def answer(data: Any) -> dict[str, Any]:
        return _answered(function, data)

    answer.__name__ = name
    return answer


def answer_queued(viewer: gr.HTML, decode: Decode, **listener: Any) -> None:
    """Answer the questions for which `build_viewer`'s decode said NEEDS_QUEUE, as a queued event.

    listener: more for Gradio's event listener, such as `concurrency_limit`.
    """

    def answer(event: gr.EventData) -> dict[str, Any]:
        asked = event._data if isinstance(event._data, Mapping) else {}
        reply = _answered(lambda data: decode(Question.from_json(data)), asked)
        return viewer_message(answer={"sequence": asked.get("sequence"), **reply})

    options = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple", **listener}
    viewer.submit(answer, inputs=None, outputs=viewer, **options)


def viewer_message(
    *,
    picture: Mapping[str, Any] | None = None,
    objects: Sequence[Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    point: tuple[float, float] | None = None,
    answer: Mapping[str, Any] | None = None,
    progress: float | None = None,
    kept: bool = False,
    say: str | None = None,
    is_error: bool = False,
) -> dict[str, Any]:
    """News for the browser: return it for the viewer as an event's output. What is None is left as it is.

    picture: as `shown_picture` makes it: starts over without prompts. An empty one: no picture any more.
    objects: {"name", "prompt", "choice", "steps", "mask", "truth", "answer"} each, all optional, mask and
        truth as {"name", "rle"}: those that come with the picture, or without one these instead of those
        there.
        answer: beside a picture, one of `Comparison.to_json()`'s objects; the prompt is not asked for then.
    settings: changed settings of the questions; every object is asked for again.
    point: (x, y) in picture pixels, added to the selected object as a click there would be.
    answer: the answer of a queued question with its sequence; `answer_queued` writes it.
    progress: 0 to 1 while the picture is being prepared, 0 where it cannot be told; 1 takes the bar away.
    kept: beside a picture: it is the one that this browser had, with the objects that are kept there; without
        one: the browser is to send that picture again.
    say: a sentence for the status line.
    """
    parts: dict[str, Any] = {
        "picture": picture,
        "objects": objects,
        "settings": settings,
        "point": point,
        "answer": answer,
        "progress": progress,
        "kept": kept or None,
        "say": say,
    }
    told = {key: value for key, value in parts.items() if value is not None}
    # Gradio passes on only what differs from the last value: the same news twice has to differ.
    return {**told, "is_error": is_error, "stamp": uuid.uuid4().hex}


def shown_picture(
    picture_id: str, *, file: Path, size_wh: tuple[int, int], sent: Path | None = None
) -> dict[str, Any]:
    """A picture for `viewer_message`.

    file: what the browser shows, in the picture's own aspect; it may be smaller than the picture, and is then
        less sharp when zoomed in. Gradio copies it to its cache and serves it from there.
    size_wh: the picture's own size, the space of all coordinates.
    sent: the file as it came, among the uploads, from where the browser may fetch it to send it again.
    """
    width, height = size_wh
    served = gr.FileData(path=str(file)).model_dump()
    shown = {"id": picture_id, "width": width, "height": height, "file": served}
    if sent is not None and sent.is_file():
        shown["sent"] = {"path": str(sent), "bytes": sent.stat().st_size}
    return shown


def viewer_script() -> str:
    """The browser's part: its modules, and the call that makes the viewer of what `gr.HTML` hands over."""
    modules = joined_modules(Path(__file__).parent, entry="start")
    return f"{modules}\nmodules.start.start({{ element, trigger, props, server, upload, watch }});\n"


def _answered(function: Callable[[Any], Mapping[str, Any]], data: Any) -> dict[str, Any]:
    """What a server function may answer: an exception would reach the browser as nothing at all."""
    try:
        with gradio_errors("viewer"):
            if not isinstance(data, Mapping):
                raise ValueError("A question of the viewer must be an object.")
            try:
                return dict(function(data))
            except UnknownPictureError as error:
                return {**NEEDS_PICTURE, "error": str(error)}
    except gr.Error as error:
        return {"error": error.message}


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
