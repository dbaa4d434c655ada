"""The comparing canvas: a `gr.HTML` whose template never changes, so that its canvases survive every update.

What is shown and every prompt live in the browser. It calls Python's functions, `decode` above all, and
Python tells it news by messages; both are plain JSON, written down in `wire`.

The browser's part is the ES modules of `js/`. `gr.HTML` runs a component's script as the body of a
function, where no `import` can stand, so they are put together as one script when the page is built. It comes
with the page: loaded one by one the modules would be over thirty requests, and most would be known only after
others have come.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import gradio as gr

from samhq_demo import handing_over
from samhq_demo.export.shown import MAX_NAME
from samhq_demo.measures import REQUESTS
from samhq_demo.palette import BOTH_COLOR, BRANCH_COLORS, OBJECT_COLORS
from samhq_demo.prompts.prompt import MAX_OBJECTS, MAX_POINTS
from samhq_demo.prompts.refinement import MAX_REFINE_STEPS
from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.modules import joined_modules
from samhq_demo.ui.newest import is_superseded
from samhq_demo.ui.question import Question
from samhq_demo.ui.store import UnknownPictureError
from samhq_demo.ui.viewer.wire import (
    Answer,
    EverythingNews,
    FunctionName,
    Message,
    Needs,
    Picture,
    SavedObject,
    Settings,
    ViewerOptions,
)

NEEDS_QUEUE: Needs = {"needs": "queue"}
"""What `decode` answers where a server function must not do the work; the browser then queues it."""

NEEDS_MASKS: Needs = {"needs": "masks"}
"""What `decode` answers where it lacks a mask that the question names; the browser then sends it whole."""

NEEDS_PICTURE: Needs = {"needs": "picture"}
"""What every function answers, beside the error, where the picture is gone: the browser sends it again."""

KEPT_AS = "samhq.kept"
"""The entry of the browser's sessionStorage that names the picture which a reload brings back: {"picture",
"model"} as JSON."""

Decode = Callable[[Question], Answer]
"""A question -> `Comparison.to_json()` of its one object, where it asks for a preview `Preview.to_json()`,
NEEDS_QUEUE or NEEDS_MASKS. The visitor sees ValueErrors."""

Search = Callable[[Mapping[str, Any]], Generator[EverythingNews, None, None]]
"""A search for everything: JSON in, which it has to check; the last of its news says that it is over."""

ServerFunction = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""JSON in, which it has to check, and JSON out."""


# One event for each question; Gradio's progress overlay costs more time than an answer.
_QUEUED: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "trigger_mode": "multiple",
}


def build_viewer(
    decode: Decode,
    *,
    functions: Mapping[FunctionName, ServerFunction] | None = None,
    settings: Settings | None = None,
    hover: bool = True,
    hover_below_ms: float = 200,
    patience_seconds: float = 120,
) -> gr.HTML:
    """The viewer, to be made inside a Blocks.

    Args:
        decode: called in a thread outside the queue and its limits, for every edit of a prompt; see `Decode`.
        functions: what else the browser calls by name, JSON in and out. The visitor sees their ValueErrors.
        settings: sent along with every question: model, multimask, hq_token_only.
        hover: whether the preview under the pointer is on at first.
        hover_below_ms: previews are asked for only while answers take less than this, from question to paint.
        patience_seconds: after which a question counts as lost and the next one is asked.
    """
    defaults: Settings = {"model": None, "multimask": None, "hq_token_only": False}
    options: ViewerOptions = {
        "settings": {**defaults, **(settings or {})},
        "hover": hover,
        "hover_below_ms": hover_below_ms,
        "patience_ms": patience_seconds * 1000,
        "kept_as": KEPT_AS,
    }

    def ask(data: Mapping[str, Any]) -> Answer:
        return decode(Question.from_json(data))

    return gr.HTML(
        None,
        html_template=_read("viewer.html"),
        css_template=viewer_styles(),
        js_on_load=viewer_script(),
        apply_default_css=False,
        elem_id="viewer",
        server_functions=[_named("decode", ask), *(_named(*each) for each in (functions or {}).items())],
        options=options,
    )


def _named(name: FunctionName, function: ServerFunction) -> Callable[[Any], dict[str, Any]]:
    """A server function that the browser calls by `name`."""

    def answer(data: Any) -> dict[str, Any]:
        return _answered(function, data, doing=f"viewer {name}")

    answer.__name__ = name
    return answer


def answer_queued(viewer: gr.HTML, decode: Decode, **listener: Any) -> None:
    """Answer the questions for which `build_viewer`'s decode said NEEDS_QUEUE, as a queued event.

    Args:
        listener: more for Gradio's event listener, such as `concurrency_limit`.
    """

    def answer(event: gr.EventData) -> Message:
        asked = event._data if isinstance(event._data, Mapping) else {}
        sequence = asked.get("sequence")
        # To an older question of the same page an empty reply: the page has let go of it.
        is_old = is_superseded("answer")
        reply = (
            {}
            if is_old
            else _answered(lambda data: decode(Question.from_json(data)), asked, doing="viewer answer")
        )
        # Nothing but a number goes back as it came: of what looks like a file Gradio would make one.
        return viewer_message(answer={"sequence": sequence if type(sequence) is int else None, **reply})

    viewer.submit(answer, inputs=None, outputs=viewer, **_QUEUED, **listener)


def search_queued(viewer: gr.HTML, search: Search, **listener: Any) -> None:
    """Have `search` find everything in a picture, as a queued event that tells how far it is.

    Args:
        listener: as of `answer_queued`.
    """

    def run(event: gr.EventData) -> Iterator[Message]:
        asked = event._data if isinstance(event._data, Mapping) else {}
        sequence = asked.get("sequence")
        number = sequence if type(sequence) is int else None
        with closing(search(asked)) as all_news:  # also where the visitor leaves, and this is closed
            while True:
                news = _answered(lambda _: next(all_news), asked, doing="viewer everything", is_step=True)
                yield viewer_message(everything={**news, "sequence": number})
                if news.get("is_over"):
                    REQUESTS.labels("viewer everything", "answered").inc()
                if news.get("is_over") or "error" in news:
                    return

    viewer.apply(run, inputs=None, outputs=viewer, **_QUEUED, **listener)


def viewer_message(
    *,
    picture: Picture | None = None,
    objects: Sequence[SavedObject] | None = None,
    settings: Settings | None = None,
    point: tuple[float, float] | None = None,
    answer: Mapping[str, Any] | None = None,
    everything: Mapping[str, Any] | None = None,
    progress: float | None = None,
    work: str | None = None,
    opening: bool = False,
    kept: bool = False,
    say: str | None = None,
    is_error: bool = False,
) -> Message:
    """News for the browser: return it for the viewer as an event's output. What is None is left as it is.

    Args:
        picture: as `shown_picture` makes it: starts over without prompts. An empty one: no picture any more.
        objects: those that come with the picture, or without one these instead of those there.
        settings: changed settings of the questions; every object is asked for again.
        point: (x, y) in picture pixels, added to the selected object as a click there would be.
        answer: the answer of a queued question with its sequence; `answer_queued` writes it.
        everything: news of a search with its sequence; `search_queued` writes it.
        progress: 0 to 1 while the picture is being prepared, 0 where it cannot be told; 1 takes the bar away.
        work: a sentence that says what is being done; empty once it is over.
        opening: beside a picture: the page opens with it, unless a picture was quicker.
        kept: beside a picture: it is the one that this browser had, with the objects that are kept there;
            without one: the browser is to send that picture again.
        say: a sentence for the status line.
    """
    parts: dict[str, Any] = {
        "picture": picture,
        "objects": objects,
        "settings": settings,
        "point": point,
        "answer": answer,
        "everything": everything,
        "progress": progress,
        "work": work,
        "opening": opening or None,
        "kept": kept or None,
        "say": say,
    }
    told = {key: value for key, value in parts.items() if value is not None}
    # Gradio passes on only what differs from the last value: the same news twice has to differ.
    return cast(Message, {**told, "is_error": is_error, "stamp": uuid.uuid4().hex})


def shown_picture(
    picture_id: str, *, file: Path, size_wh: tuple[int, int], name: str = "", sent: Path | None = None
) -> Picture:
    """A picture for `viewer_message`.

    Args:
        file: what the browser shows, in the picture's own aspect; it may be smaller than the picture, and is
            then less sharp when zoomed in. Gradio copies it to its cache and serves it from there.
        size_wh: the picture's own size, the space of all coordinates.
        name: what its sender calls the picture's file, for the names of files made of it.
        sent: the file as it came, among the uploads, from where the browser may fetch it to send it again.
    """
    width, height = size_wh
    served = gr.FileData(path=str(file)).model_dump()
    shown: Picture = {"id": picture_id, "name": name, "width": width, "height": height, "file": served}
    if sent is not None and sent.is_file():
        shown["sent"] = {"path": str(sent), "bytes": sent.stat().st_size}
    return shown


def viewer_script() -> str:
    """The browser's part, which makes the viewer of what `gr.HTML` hands over."""
    return module_script("start", "element", "trigger", "props", "server", "upload", "watch")


def module_script(entry: str, *handed_over: str) -> str:
    """A component's script: the module `entry`, whose `start` is called with what `gr.HTML` hands over."""
    return f'{viewer_modules(entry=entry)}\nmodules["{entry}"].start({{ {", ".join(handed_over)} }});\n'


def viewer_modules(*, entry: str) -> str:
    """A script with the module `entry` and all that it imports, what Python hands over among it."""
    return joined_modules(Path(__file__).parent / "js", entry=entry, given={"shared": shared_module()})


def shared_module() -> str:
    """Limits and colors, which are written once and in Python; js/shared.d.ts has their types."""
    limits = {
        "objects": MAX_OBJECTS,
        "points": MAX_POINTS,
        "steps": MAX_REFINE_STEPS,
        "nameLength": MAX_NAME,
    }
    values = {
        "LIMITS": limits,
        "OBJECT_COLORS": OBJECT_COLORS,
        "HANDING_OVER": {"fragment": handing_over.FRAGMENT, "ready": handing_over.READY},
        "BRANCH_COLORS": {**BRANCH_COLORS, "both": BOTH_COLOR},
    }
    return "".join(f"export const {name} = {json.dumps(value)};\n" for name, value in values.items())


def viewer_styles() -> str:
    """The component's CSS, after the colors that Python hands over."""
    colors = {"only-sam": BRANCH_COLORS["sam"], "only-sam-hq": BRANCH_COLORS["sam_hq"], "both": BOTH_COLOR}
    variables = " ".join(f"--{name}: {color};" for name, color in colors.items())
    return f".sv {{ {variables} }}\n{_read('viewer.css')}"


def _answered(function: ServerFunction, data: Any, *, doing: str, is_step: bool = False) -> dict[str, Any]:
    """What a server function may answer: an exception would reach the browser as nothing at all.

    Args:
        doing, is_step: as for `gradio_errors`.
    """
    try:
        with gradio_errors(doing, is_step=is_step):
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
