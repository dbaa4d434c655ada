"""The page: what is on it, and which event calls what.

Every edit changes the visitor's `Session`, and all that is shown follows it: one listener marks the prompt,
another fetches the answer. Of edits in quick succession each listener runs for the first and for the last, in
that order, so a late answer never stands over a newer one.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from samhq_demo.service import CompareService
from samhq_demo.ui import words
from samhq_demo.ui.api import register_api
from samhq_demo.ui.examples import Example, read_examples, thumbnail
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.scores import agreement_html, heading_html, prediction_html, status_html
from samhq_demo.ui.session import TOOLS, Session
from samhq_demo.ui.store import PictureStore

CSS_FILE = Path(__file__).with_name("page.css")
MODEL_NEWS_SECONDS = 3
# Every hour, what visitors sent and were shown more than a day ago: (seconds, seconds).
DELETE_CACHE = (3600, 86_400)
# Visitors served at a time in each kind of event. Edits are short, and in order only one at a time.
_AT_A_TIME = 8

# Neither in "View API" nor among the MCP tools; Gradio's progress overlay costs more time than an answer.
_OF_THE_PAGE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events read and write."""

    session: gr.State
    status: gr.HTML
    answering: gr.HTML
    picture: gr.Image
    marks: gr.HTML
    upload: gr.UploadButton
    tool: gr.Radio
    undo: gr.Button
    clear: gr.Button
    answers: tuple[gr.Image, gr.HTML, gr.Image, gr.HTML, gr.HTML]
    model: gr.Dropdown
    multimask: gr.Radio
    hq_token: gr.Radio
    examples: tuple[gr.Button, ...]


def build_page(
    service: CompareService, *, examples_dir: Path | None = None, store: PictureStore | None = None
) -> gr.Blocks:
    """The whole page and the endpoints behind it, to be launched with `theme()` and CSS_FILE.

    examples_dir: a folder with an `examples.json`; None: no examples.
    store: where visitors' pictures are held; None: one of the usual size.
    """
    examples = () if examples_dir is None else read_examples(examples_dir)
    handlers = Handlers(service, store=store or PictureStore(), examples=examples)
    with gr.Blocks(title=words.TITLE, fill_width=True, delete_cache=DELETE_CACHE) as page:
        # First, so that no event of the page takes one of its names.
        register_api(service)
        parts = _lay_out(handlers, examples)
        _wire_pictures(parts, handlers)
        _wire_edits(parts, handlers)
        _wire_answers(parts, handlers)
        _wire_models(parts, handlers, page)
    page.queue(max_size=256)
    return page


def theme() -> gr.themes.Base:
    """Small and plain, with the fonts that a machine has: no other host is asked."""
    sans, mono = ["system-ui", "sans-serif"], ["ui-monospace", "monospace"]
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        spacing_size="sm",
        radius_size="sm",
        text_size="sm",
        font=sans,
        font_mono=mono,
    )


def _lay_out(handlers: Handlers, examples: tuple[Example, ...]) -> Parts:
    session = gr.State(Session())
    gr.HTML(f"<h1>{words.TITLE}</h1><p>{words.LEAD}</p>", elem_id="lead")
    buttons = _example_list(examples)
    with gr.Row(elem_id="status"):
        # The elements live as long as the page: a screen reader reads what is put into them.
        status = gr.HTML(
            status_html(words.START, "idle"),
            elem_classes="activity",
            js_on_load="element.setAttribute('role', 'status'); element.setAttribute('aria-live', 'polite');",
        )
        answering = gr.HTML(handlers.answering(), elem_classes="answering")
    with gr.Row(elem_id="panes"):
        asking = _asking_pane()
        sam_image, sam_scores = _answer_pane(words.SAM, "sam")
        sam_hq_image, sam_hq_scores = _answer_pane(words.SAM_HQ, "sam_hq")
    agreement = gr.HTML(agreement_html(None), elem_id="agreement")
    return Parts(
        session=session,
        status=status,
        answering=answering,
        answers=(sam_image, sam_scores, sam_hq_image, sam_hq_scores, agreement),
        examples=buttons,
        **asking,
        **_choices(handlers),
    )


def _asking_pane() -> dict[str, Any]:
    """The picture, and what edits its prompt."""
    with gr.Column(elem_id="ask", min_width=0):
        gr.HTML(heading_html(words.PICTURE))
        with gr.Column(elem_id="canvas"):
            picture = gr.Image(
                type="filepath",
                image_mode=None,
                format="jpeg",
                sources=["upload", "clipboard"],
                buttons=[],
                show_label=False,
                elem_id="picture",
                placeholder=words.PICTURE_EMPTY,
                alt_text=words.PICTURE_ALT,
            )
            marks = gr.HTML(elem_id="marks", js_on_load=None)
        tools = [(words.TOOLS[name], name) for name in TOOLS]
        tool = gr.Radio(tools, value=TOOLS[0], label=words.TOOL, elem_id="tool", container=False)
        with gr.Row(elem_id="edits"):
            undo = gr.Button(words.UNDO, size="sm", min_width=0, elem_id="undo")
            clear = gr.Button(words.CLEAR, size="sm", min_width=0, elem_id="clear")
            upload = gr.UploadButton(words.ANOTHER, size="sm", min_width=0, elem_id="upload")
    return {
        "picture": _as_it_came(picture),
        "marks": marks,
        "tool": tool,
        "undo": undo,
        "clear": clear,
        "upload": upload,
    }


def _choices(handlers: Handlers) -> dict[str, Any]:
    masks = [words.MULTIMASK_AUTOMATIC, words.MULTIMASK_ONE, words.MULTIMASK_THREE]
    ways = [words.HQ_CORRECTS, words.HQ_ALONE]
    with gr.Row(elem_id="choices"):
        return {
            "model": gr.Dropdown(
                handlers.model_choices(), value="", label=words.MODEL, info=words.MODEL_INFO, elem_id="model"
            ),
            "multimask": gr.Radio(
                masks,
                value=masks[0],
                label=words.MULTIMASK,
                info=words.MULTIMASK_INFO,
                elem_id="multimask",
            ),
            "hq_token": gr.Radio(
                ways, value=ways[0], label=words.HQ_TOKEN, info=words.HQ_TOKEN_INFO, elem_id="hq-token"
            ),
        }


def _answer_pane(title: str, model: Any) -> tuple[gr.Image, gr.HTML]:
    with gr.Column(elem_id=model.replace("_", "-"), elem_classes="answer", min_width=0):
        gr.HTML(heading_html(title, model=model))
        image = gr.Image(
            format="jpeg",
            interactive=False,
            show_label=False,
            buttons=["fullscreen", "download"],
            elem_classes="answer-image",
            alt_text=words.ANSWER_ALT.format(model=title),
        )
        scores = gr.HTML(prediction_html(None))
    return image, scores


def _example_list(examples: tuple[Example, ...]) -> tuple[gr.Button, ...]:
    """A button with a small picture for each; buttons, so that keys and screen readers find them."""
    with gr.Row(elem_id="examples", visible=bool(examples)), tempfile.TemporaryDirectory() as folder:
        buttons = tuple(
            gr.Button(
                example.title,
                icon=thumbnail(example.file, Path(folder) / f"{number}.jpg"),
                size="sm",
                min_width=0,
                elem_id=f"example-{number}",
            )
            for number, example in enumerate(examples)
        )
    for button in buttons:
        assert button.icon is not None, "each was made with one"
        # Gradio's own copy, which would go with the visitors' old files.
        button.keep_in_cache.add(button.icon["path"])
    return buttons


def _as_it_came(picture: gr.Image) -> gr.Image:
    """Have `picture` hand over the path of the file as the visitor sent it.

    Gradio would open it first, fail with a notice of its own where it is no picture, and change its pixels.
    A method on the instance, as a subclass makes Gradio write a file beside this one.
    """

    def path_of(payload: ImageData | None) -> str | None:
        return None if payload is None else payload.path

    picture.preprocess = path_of  # type: ignore[method-assign]
    return picture


def _wire_pictures(parts: Parts, handlers: Handlers) -> None:
    taking: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": _AT_A_TIME, **_OF_THE_PAGE}
    shown = [parts.picture, parts.session, parts.status]
    arrivals = [
        parts.picture.upload(handlers.take_picture, [parts.picture, parts.session], shown, **taking),
        parts.upload.upload(handlers.take_picture, [parts.upload, parts.session], shown, **taking),
    ]
    numbers = {button._id: number for number, button in enumerate(parts.examples)}

    def take_example(session: Session, event: gr.EventData) -> tuple[Any, Any, str]:
        assert event.target is not None, "a click comes from a button"
        return handlers.take_example(numbers[event.target._id], session)

    if parts.examples:
        clicks = [button.click for button in parts.examples]
        arrivals.append(gr.on(clicks, take_example, parts.session, shown, **taking))
    for arrival in arrivals:
        _encode_after(arrival, parts, handlers)


def _encode_after(event: Any, parts: Parts, handlers: Handlers) -> None:
    encoded = event.success(
        handlers.prepare,
        parts.session,
        parts.status,
        concurrency_id="encode",
        concurrency_limit=_AT_A_TIME,
        **_OF_THE_PAGE,
    )
    encoded.success(handlers.hint, parts.session, parts.status, queue=False, **_OF_THE_PAGE)


def _wire_edits(parts: Parts, handlers: Handlers) -> None:
    # One after the other, in the order in which they were made: each starts from what the one before it left.
    editing: dict[str, Any] = {
        "outputs": [parts.session, parts.status],
        "concurrency_id": "edits",
        "concurrency_limit": 1,
        "trigger_mode": "multiple",
        **_OF_THE_PAGE,
    }
    parts.picture.select(handlers.click, [parts.session, parts.tool], **editing)
    parts.picture.clear(handlers.drop_picture, parts.session, **editing)
    parts.undo.click(handlers.undo, parts.session, **editing)
    parts.clear.click(handlers.clear, parts.session, **editing)
    chosen = gr.on(
        [parts.model.input, parts.multimask.input, parts.hq_token.input],
        handlers.choose,
        [parts.session, parts.model, parts.multimask, parts.hq_token],
        **editing,
    )
    _encode_after(chosen, parts, handlers)


def _wire_answers(parts: Parts, handlers: Handlers) -> None:
    following: dict[str, Any] = {
        "inputs": parts.session,
        "trigger_mode": "always_last",
        "concurrency_limit": _AT_A_TIME,
        **_OF_THE_PAGE,
    }
    parts.session.change(handlers.marks, outputs=parts.marks, **following)
    parts.session.change(handlers.answer, outputs=[parts.status, *parts.answers], **following)


def _wire_models(parts: Parts, handlers: Handlers, page: gr.Blocks) -> None:
    page.load(handlers.model_news, outputs=[parts.answering, parts.model], **_OF_THE_PAGE)
    # A model that is being downloaded or loaded gets ready while a visitor is here.
    news = gr.Timer(MODEL_NEWS_SECONDS)
    news.tick(handlers.answering, outputs=parts.answering, queue=False, **_OF_THE_PAGE)
