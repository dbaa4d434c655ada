"""The page: what is on it, and which event calls what.

The viewer holds everything that a visitor does to a picture, and asks Python itself; see `viewer`. The rest
of the page brings pictures to it and says which model answers.
"""

from __future__ import annotations

from abc import ABCMeta
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from samhq_demo.service import CompareService
from samhq_demo.ui import texts
from samhq_demo.ui.api import register_api
from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.evaluating import Evaluations
from samhq_demo.ui.evaluation_panel import EvaluationPanel, row_of
from samhq_demo.ui.everything import EverythingFinder
from samhq_demo.ui.examples import Example, read_examples
from samhq_demo.ui.gallery import Gallery
from samhq_demo.ui.handlers import AT_A_TIME, Handlers
from samhq_demo.ui.kept import READ_KEPT
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.place import ENCODING_QUEUE, EVERYTHING_QUEUE
from samhq_demo.ui.queue_statistics import keep_no_statistics
from samhq_demo.ui.served import bound_uploads
from samhq_demo.ui.store import PictureStore
from samhq_demo.ui.unfetched import drop_unfetched
from samhq_demo.ui.viewer.component import answer_queued, build_viewer, search_queued

CSS_FILE = Path(__file__).with_name("page.css")
MODEL_NEWS_SECONDS = 3
# How often who waits in the queue is told the place there. By itself Gradio tells all of them whenever a call
# begins: with 16 programs as many messages an answer, and the page shows none of them.
RANK_SECONDS = 2
# Every hour, what visitors sent and were shown more than a day ago: (seconds, seconds).
DELETE_CACHE = (3600, 86_400)

Sender = TypeVar("Sender", gr.Image, gr.UploadButton)

# Neither in "View API" nor among the MCP tools; Gradio's progress overlay costs more time than an answer.
_OF_THE_PAGE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events read and write.

    Attributes:
        ticket: which picture this visitor has.
        kept: what the browser kept of a page before, see `Kept`.
        news: asks for what is new of the models, while one is being downloaded or loaded.
    """

    ticket: gr.State
    kept: gr.Textbox
    viewer: gr.HTML
    picture: gr.Image
    upload: gr.UploadButton
    model: gr.Dropdown
    answering: gr.HTML
    gallery: Gallery
    evaluation: EvaluationPanel
    news: gr.Timer


def build_page(
    service: CompareService, *, examples_dir: Path | None = None, store: PictureStore | None = None
) -> gr.Blocks:
    """The whole page and the endpoints behind it, to be launched with `theme()` and CSS_FILE.

    Args:
        examples_dir: a folder with an `examples.json`; None: no examples.
        store: where visitors' pictures are held; None: one of the usual size.
    """
    examples = () if examples_dir is None else read_examples(examples_dir)
    opening = Opening(service, examples)
    opening.answer_ahead()
    store = store or PictureStore()
    handlers = Handlers(service, store=store, examples=examples, opening=opening)
    finder = EverythingFinder(service, store=store)
    with gr.Blocks(title=texts.TITLE, fill_width=True, delete_cache=DELETE_CACHE) as page:
        # First, so that no event of the page takes one of its names.
        register_api(service)
        parts = _lay_out(service, handlers, finder, examples)
        evaluations = Evaluations(service)
        parts.evaluation.wire(evaluations, parts.model)
        _wire_pictures(parts, handlers, evaluations, page)
        _wire_viewer(parts, handlers, finder)
        _wire_models(parts, handlers, page)
    page.queue(max_size=256, status_update_rate=RANK_SECONDS)
    drop_unfetched(page)
    keep_no_statistics(page)
    bound_uploads(page, in_use=store.files_in_use)
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


def _lay_out(
    service: CompareService, handlers: Handlers, finder: EverythingFinder, examples: tuple[Example, ...]
) -> Parts:
    ticket, kept = gr.State(None), gr.Textbox(visible=False)
    with gr.Row(elem_id="top"):
        gr.HTML(texts.lead_html(), elem_id="lead")
        with gr.Column(elem_id="models", min_width=0):
            model = gr.Dropdown(handlers.model_choices(), value="", label=texts.MODEL, elem_id="model")
            answering = gr.HTML(handlers.answering(), elem_id="answering")
    with gr.Row(elem_id="bring"):
        picture = _picture()
        upload = _as_it_came(gr.UploadButton)(texts.OPEN, size="sm", elem_id="upload")
        gallery = Gallery(service, examples)
    viewer = build_viewer(
        handlers.decode,
        functions={
            "mask": handlers.mask,
            "prompts": handlers.prompts,
            "export": handlers.export,
            "code": handlers.code,
            "again": handlers.again,
            "place": handlers.place,
            "stop": finder.stop,
        },
    )
    evaluation = EvaluationPanel.laid_out()
    with gr.Accordion(texts.ABOUT, open=False, elem_id="about"):
        gr.HTML(texts.about_html(service.models()))
    gr.HTML(texts.sources_html(examples), elem_id="credits")
    news = gr.Timer(MODEL_NEWS_SECONDS, active=False)
    return Parts(ticket, kept, viewer, picture, upload, model, answering, gallery, evaluation, news)


def _picture() -> gr.Image:
    """The picture as Gradio has it: a way to bring one, and to click it."""
    return _as_it_came(gr.Image)(
        type="filepath",
        image_mode=None,
        format="jpeg",
        sources=["upload", "clipboard"],
        buttons=[],
        show_label=False,
        elem_id="picture",
        placeholder=texts.OPEN,
        alt_text=texts.PICTURE_ALT,
    )


def _as_it_came(kind: type[Sender]) -> type[Sender]:
    """The component `kind` that hands over the file as the visitor sent it: {"path", "name"}, None for none.

    Gradio would open it first, fail with a notice of its own where it is no picture, change its pixels, and
    tell its name only as it is on the server. A class and not one instance, as every update of a component
    makes another instance for the visitor; made past Gradio's metaclass, which writes a file beside the
    module of each subclass.
    """

    def sent(_: Any, payload: Any) -> dict[str, str] | None:
        if payload is None or not payload.path:
            return None
        return {"path": payload.path, "name": payload.orig_name or Path(payload.path).name}

    members = {"preprocess": sent, "__module__": kind.__module__, "__doc__": kind.__doc__}
    made: type[Sender] = ABCMeta.__new__(type(kind), kind.__name__, (kind,), members)
    return made


def _wire_pictures(parts: Parts, handlers: Handlers, evaluations: Evaluations, page: gr.Blocks) -> None:
    taking: dict[str, Any] = {
        "outputs": [parts.picture, parts.viewer, parts.ticket],
        "concurrency_id": "pictures",
        "concurrency_limit": AT_A_TIME,
        **_OF_THE_PAGE,
    }
    arrivals = [
        parts.picture.upload(handlers.take_picture, [parts.picture, parts.ticket], **taking),
        parts.upload.upload(handlers.take_picture, [parts.upload, parts.ticket], **taking),
        parts.viewer.upload(handlers.take_sent, parts.ticket, **taking),
    ]
    buttons = parts.gallery.buttons
    # By elem_id: a button that an event has written to is another object, with another _id.
    places = {button.elem_id: place for place, button in enumerate(buttons)}

    def take_example(event: gr.EventData, *titles: str) -> tuple[Any, ...]:
        """By what the button says in this visitor's browser, whatever the order is by now."""
        with gradio_errors("an example"):
            place = places.get(getattr(event.target, "elem_id", None))
            title = None if place is None else titles[place]
            if not isinstance(title, str):
                raise ValueError(texts.NO_SUCH_EXAMPLE)
        return handlers.take_example(title)

    if buttons:
        arrivals.append(gr.on([button.click for button in buttons], take_example, list(buttons), **taking))

    def take_evaluated(key: str | None, event: gr.EventData) -> tuple[Any, ...]:
        with gradio_errors("a row of an evaluation"):
            return handlers.take_evaluated(evaluations.open(key, row_of(event)))

    panel = parts.evaluation
    arrivals.append(panel.results.click(take_evaluated, panel.key, **taking))
    arrivals.append(parts.viewer.select(handlers.show_again, None, **taking))
    opening: dict[str, Any] = {"outputs": [*taking["outputs"], parts.model], "queue": False, "js": READ_KEPT}
    arrivals.append(page.load(handlers.open_page, [parts.ticket, parts.kept], **(taking | opening)))
    for arrival in arrivals:
        _encode_after(arrival, parts, handlers)
    parts.picture.clear(handlers.drop_picture, None, [parts.viewer, parts.ticket], **_OF_THE_PAGE)


def _encode_after(event: Any, parts: Parts, handlers: Handlers) -> None:
    encoded = event.success(
        handlers.prepare,
        [parts.ticket, parts.model],
        parts.viewer,
        concurrency_id=ENCODING_QUEUE,
        concurrency_limit=AT_A_TIME,
        **_OF_THE_PAGE,
    )
    # Who waited for the model to load sees at once that it is there.
    encoded.success(handlers.answering, parts.model, parts.answering, queue=False, **_OF_THE_PAGE)


def _wire_viewer(parts: Parts, handlers: Handlers, finder: EverythingFinder) -> None:
    answer_queued(parts.viewer, handlers.answer, concurrency_id=ENCODING_QUEUE, concurrency_limit=AT_A_TIME)
    # As the endpoint: it takes many times as long as a click.
    search_queued(parts.viewer, finder.search, concurrency_id=EVERYTHING_QUEUE, concurrency_limit=1)
    parts.picture.select(
        handlers.click,
        parts.ticket,
        parts.viewer,
        trigger_mode="multiple",
        # One after the other, in the order in which they were made.
        concurrency_limit=1,
        **_OF_THE_PAGE,
    )


def _wire_models(parts: Parts, handlers: Handlers, page: gr.Blocks) -> None:
    told = [parts.answering, parts.model, parts.news]
    choosing: dict[str, Any] = {"outputs": [parts.viewer, parts.answering, parts.news], "queue": False}
    chosen = parts.model.input(handlers.choose_model, parts.model, **choosing, **_OF_THE_PAGE)
    _encode_after(chosen, parts, handlers)

    def all_news() -> tuple[Any, ...]:
        return *handlers.model_news(), *parts.gallery.in_new_order()

    page.load(all_news, outputs=[*told, *parts.gallery.buttons], queue=False, **_OF_THE_PAGE)
    # A model that is being downloaded or loaded gets ready while a visitor is here; then the page is silent.
    parts.news.tick(handlers.more_news, parts.model, [parts.viewer, *told], queue=False, **_OF_THE_PAGE)
