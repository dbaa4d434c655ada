"""What the page does at each event: parse, call, show. One instance serves all visitors and keeps none."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import gradio as gr

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import SeveralLabelsError, read_mask, read_true_mask
from samhq_demo.pictures.labels import name_of
from samhq_demo.results.json_types import ObjectComparisonJson
from samhq_demo.service import CompareService, NotEncodedError
from samhq_demo.ui import texts
from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.evaluating import EvaluatedRow
from samhq_demo.ui.examples import Example
from samhq_demo.ui.exports import Export, write_export
from samhq_demo.ui.kept import Kept
from samhq_demo.ui.newest import is_superseded
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.place import ENCODING_QUEUE, EVERYTHING_QUEUE, at_encoder, pages_before, place_in
from samhq_demo.ui.question import Question, picture_id_of
from samhq_demo.ui.saved import read_prompts
from samhq_demo.ui.sent_masks import SentMasks, UnknownMaskError
from samhq_demo.ui.served import new_file
from samhq_demo.ui.snippets import calls_of, curl_snippet, python_snippet
from samhq_demo.ui.store import PictureStore, Ticket, UnknownPictureError
from samhq_demo.ui.uploads import received_upload
from samhq_demo.ui.viewer.component import NEEDS_MASKS, NEEDS_QUEUE, shown_picture, viewer_message
from samhq_demo.ui.viewer.wire import (
    AgainReply,
    Answer,
    CodeReply,
    ExportReply,
    MaskReply,
    Message,
    Picture,
    PlaceReply,
    PromptsReply,
    SavedObject,
    Settings,
)

AT_A_TIME = 8
_PROGRESS_SECONDS = 0.15
MAX_NAME = 1000  # characters of a file's name; no file system has longer ones

# What a new picture changes: #picture, the viewer, the visitor's ticket.
Arrived = tuple[Any, Message, Any]
# The same and the model menu.
Opened = tuple[Any, Message, Any, Any]


class Handlers:
    """The page's events, and what the viewer calls. A visitor's picture is known by its ticket."""

    def __init__(
        self,
        service: CompareService,
        *,
        store: PictureStore,
        examples: Sequence[Example],
        opening: Opening,
    ) -> None:
        self._service = service
        self._store = store
        self._examples = {example.title: example for example in examples}
        self._example_tickets: dict[str, Ticket] = {}
        self._opening = opening
        self._masks = SentMasks()
        self._encoders = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="encode")

    # Pictures in and out

    def take_picture(
        self, sent: Mapping[str, str] | None, ticket_id: str | None, *, prompts: Any = None
    ) -> Iterator[Arrived]:
        """{"path", "name"} from #picture or the upload button. A refused file leaves all as it was.

        Args:
            prompts: the text of saved prompts that belong to it.
        """
        yield gr.skip(), viewer_message(work=texts.READING), gr.skip()
        try:
            with gradio_errors("a picture"):
                if sent is None:
                    raise ValueError(texts.NO_PICTURE_SENT)
                ticket = self._admit({"path": sent["path"]}, name=sent["name"])
                read = {} if prompts is None else read_prompts(prompts, size_wh=ticket.size_wh)
        except gr.Error as notice:
            # The browser already shows the file that was refused.
            yield self._view(ticket_id), viewer_message(say=notice.message, is_error=True), gr.skip()
            raise
        yield self._arrived(ticket, objects=read.get("objects"), settings=read.get("settings"))

    def take_sent(self, ticket_id: str | None, event: gr.EventData) -> Iterator[Arrived]:
        """A picture that was dropped on the viewer, pasted, opened there or handed over: {"path", "name"}.

        With what was handed over come {"prompts"}, the text of saved ones.
        """
        data = event._data if isinstance(event._data, Mapping) else {}
        path, name = data.get("path"), data.get("name")
        sent = None
        if isinstance(path, str):
            is_named = isinstance(name, str) and 0 < len(name) <= MAX_NAME
            sent = {"path": path, "name": str(name) if is_named else Path(path).name}
        yield from self.take_picture(sent, ticket_id, prompts=data.get("prompts"))

    def take_example(self, title: str) -> Arrived:
        with gradio_errors("an example"):
            if title not in self._examples:
                raise ValueError(texts.NO_SUCH_EXAMPLE)
            return self._show_example(self._examples[title])

    def take_evaluated(self, row: EvaluatedRow) -> Arrived:
        """A row of an evaluation: its picture with its prompt and truth."""
        ticket = self._store.admit(row.picture, name=row.picture.name)
        read = read_prompts(json.dumps(row.saved), size_wh=ticket.size_wh)
        return self._arrived(ticket, objects=read["objects"], settings=row.saved["settings"])

    def open_page(self, ticket_id: str | None, kept: str | None = None) -> Opened:
        """The example that a new visitor sees, with its answer where that is known.

        Args:
            kept: what the browser kept of a page before this one, see `Kept`; its picture is shown instead.
        """
        before = Kept.from_json(kept)
        if before is not None and ticket_id is None:
            return *self._reopen(before), self._kept_model(before)
        return *self._open_example(ticket_id), gr.skip()

    def _open_example(self, ticket_id: str | None) -> Arrived:
        opened = self._opening.now()
        if opened is None or ticket_id is not None:  # a picture was quicker
            return gr.skip(), gr.skip(), gr.skip()
        with gradio_errors("the first example"):
            return self._show_example(opened.example, answer=opened.answer, opening=True)

    def show_again(self, event: gr.EventData) -> tuple[Any, Any, Any]:
        """The picture that the viewer has gone back to: {"picture"}, a ticket or None. The viewer has it."""
        asked = event._data if isinstance(event._data, Mapping) else {}
        ticket_id = asked.get("picture")
        with gradio_errors("a picture of before"):
            if ticket_id is not None and not isinstance(ticket_id, str):
                raise ValueError(texts.PICTURE_GONE)
            return self._view(ticket_id), gr.skip(), ticket_id

    def drop_picture(self) -> tuple[Message, None]:
        """-> viewer, ticket."""
        return viewer_message(picture={}), None

    def _reopen(self, kept: Kept) -> Arrived:
        try:
            return self._arrived(self._store.ticket(kept.picture_id), kept=True)
        except UnknownPictureError:
            return gr.skip(), viewer_message(kept=True), gr.skip()

    def _kept_model(self, kept: Kept) -> Any:
        known = kept.model in (value for _, value in self.model_choices())
        return gr.update(value=kept.model) if known else gr.skip()

    def again(self, asked: Mapping[str, Any]) -> AgainReply:
        """{"picture"}, where it is lost with "path" and "name" of an upload -> {"picture"} as it was."""
        ticket_id, path = picture_id_of(asked), asked.get("path")
        if path is None:
            ticket = self._store.ticket(ticket_id)
        else:
            file = received_upload({"path": path}, name="the picture")
            ticket = self._store.renew(ticket_id, file, name=str(asked.get("name") or file.name))
        return {"picture": _shown(ticket)}

    def _admit(self, sent: Mapping[str, str], *, name: str) -> Ticket:
        return self._store.admit(received_upload(sent, name="the picture"), name=name)

    def _show_example(
        self, example: Example, *, answer: ObjectComparisonJson | None = None, opening: bool = False
    ) -> Arrived:
        ticket = self._example_ticket(example)
        objects = [_object_of(example, size_wh=ticket.size_wh, answer=answer)]
        return self._arrived(ticket, objects=objects, opening=opening)

    def _example_ticket(self, example: Example) -> Ticket:
        """A visitor's own, for files that all visitors share: every new page shows an example."""
        known = self._example_tickets.get(example.title)
        again = None if known is None else self._store.admit_again(known)
        if again is not None:
            return again
        # A copy among the uploads: there programs can ask about it too.
        file = new_file(example.file.name)
        file.write_bytes(example.file.read_bytes())
        ticket = self._store.admit(file, name=example.file.name)
        self._example_tickets[example.title] = ticket
        return ticket

    def _arrived(
        self,
        ticket: Ticket,
        *,
        objects: Sequence[SavedObject] | None = None,
        settings: Settings | None = None,
        opening: bool = False,
        kept: bool = False,
    ) -> Arrived:
        message = viewer_message(
            picture=_shown(ticket), objects=objects, settings=settings, opening=opening, kept=kept
        )
        return str(ticket.view), message, ticket.id

    def _view(self, ticket_id: str | None) -> str | None:
        return None if ticket_id is None else str(self._store.ticket(ticket_id).view)

    def prepare(self, ticket_id: str | None, model: str) -> Iterator[Message]:
        """Encode the picture ahead of the first click. -> viewer, as it goes on."""
        if ticket_id is None or is_superseded("prepare"):
            return
        with gradio_errors("encoding"):
            picture = self._store.picture(ticket_id)
            chosen = model if model and self._service.outlook(model).is_here else None
            # In a thread of its own, as this one tells how far it is; in this context, as ZeroGPU wants.
            encoding: Future[Any] = self._encoders.submit(
                contextvars.copy_context().run, self._service.prepare, picture, model=chosen
            )
            try:
                while not encoding.done():
                    done = self._service.progress(picture, model=chosen)
                    waits_for = at_encoder(self._service, picture.content_id, model=chosen)
                    yield viewer_message(progress=done, work=waits_for or texts.ENCODING)
                    wait([encoding], _PROGRESS_SECONDS)
            finally:
                encoding.cancel()  # if it has not begun: its visitor has left, and others wait
            yield viewer_message(progress=1, work="")
            encoding.result()

    def place(self, asked: Mapping[str, Any]) -> PlaceReply:
        """{"picture", "model", "queue"} -> {"work"}: what a page waits for, in a sentence; "" for nothing.

        An event that waits in Gradio's queue, or for another of the same picture, cannot say so itself.
        """
        ticket = self._store.ticket(picture_id_of(asked))
        if asked.get("queue") == EVERYTHING_QUEUE:  # its events tell by themselves once they are out of it
            return place_in(EVERYTHING_QUEUE) or {"work": ""}
        model = asked.get("model")
        chosen = model if isinstance(model, str) and self._service.outlook(model).is_here else None
        in_queue = pages_before(ENCODING_QUEUE)
        before = self._service.encodes_before(ticket.content_id, model=chosen)
        if in_queue is None:
            if before is None:  # also where the model is not loaded
                return {"work": ""}
            return {"work": at_encoder(self._service, ticket.content_id, model=chosen)}
        encodes = self._service.encodes_waiting(model=chosen) if before is None else before
        # One at least: whoever is being served while this page waits in the queue.
        return {"work": texts.waiting(max(1, encodes + in_queue))}

    # Prompts and answers

    def click(self, ticket_id: str | None, event: gr.SelectData) -> Message:
        """-> viewer. A click in #picture; `event.index` is (x, y) in pixels of the view."""
        with gradio_errors("a click"):
            if ticket_id is None:
                raise ValueError(texts.FIRST_A_PICTURE)
            ticket = self._store.ticket(ticket_id)
            return viewer_message(point=ticket.to_picture((float(event.index[0]), float(event.index[1]))))

    def choose_model(self, model: str) -> tuple[Message, str, Any]:
        """-> viewer, which asks again; the line that says which model answers; the timer of its news.

        A model that is not here is sent for, and the one that answers goes on until it has come.
        """
        outlook = self._service.outlook(model or None)
        if model and not outlook.is_here:
            self._service.fetch(model)
            outlook = self._service.outlook(model)
            message = viewer_message(say=outlook.brief)
        else:
            message = viewer_message(settings={"model": model or None})
        return message, self.answering(model), gr.Timer(active=not outlook.is_settled)

    def decode(self, question: Question) -> Answer:
        """The fast way, outside the queue: for pictures that are encoded already."""
        try:
            return self.answer(question, may_encode=False)
        except NotEncodedError:  # not yet, or others' pictures have taken its place since
            return NEEDS_QUEUE

    def answer(self, question: Question, *, may_encode: bool = True) -> Answer:
        """Both models' answer; encodes the picture where that has not been done, if it may."""
        picture_id = question.picture_id
        picture = self._store.picture(picture_id)
        try:  # a preview needs no true mask, but what comes after it names the one that came with it
            request = question.request_with_masks(
                lambda sent: self._masks.find(sent, picture_id=picture_id, size_wh=picture.size_wh)
            )
        except UnknownMaskError:
            return NEEDS_MASKS
        answer = self._service.preview if question.is_preview else self._service.compare
        return answer(picture, request, may_encode=may_encode).to_json()

    # What the browser calls by name

    def mask(self, asked: Mapping[str, Any]) -> MaskReply:
        """{"picture", "path" of an upload} -> {"rle", "void", "how"} of the mask in the file.

        Where that has several labels and "label" chooses none: {"labels", "error"}.
        """
        ticket = self._store.ticket(picture_id_of(asked))
        file = received_upload({"path": asked.get("path")}, name="the mask")
        try:
            read = read_true_mask(file, size_wh=ticket.size_wh, label=asked.get("label"))
        except SeveralLabelsError as several:
            return {"labels": [name_of(label) for label in several.labels], "error": str(several)}
        void = None if read.void is None else Runs.from_mask(read.void).rle()
        return {"rle": Runs.from_mask(read.mask).rle(), "void": void, "how": read.how}

    def prompts(self, asked: Mapping[str, Any]) -> PromptsReply:
        """{"picture", "text" of a file} -> {"objects", "settings"} as they were saved."""
        ticket = self._store.ticket(picture_id_of(asked))
        return read_prompts(asked.get("text"), size_wh=ticket.size_wh)

    def export(self, asked: Mapping[str, Any]) -> ExportReply:
        """{"picture", "what", "branch", "soft_edge", "objects"} -> {"path", "name"} of a file of them."""
        picture_id = picture_id_of(asked)
        ticket = self._store.ticket(picture_id)
        export = Export.from_json(asked, size_wh=ticket.size_wh)
        path = write_export(export, picture=self._store.picture(picture_id), picture_name=ticket.name)
        return {"path": str(path), "name": export.file_name(ticket.name)}

    def code(self, asked: Mapping[str, Any]) -> CodeReply:
        """{"picture", "language" and what `calls_of` reads} -> {"text"} of a program that asks the same."""
        ticket = self._store.ticket(picture_id_of(asked))
        write = {"python": python_snippet, "curl": curl_snippet}.get(str(asked.get("language")))
        if write is None:
            raise ValueError("language must be python or curl.")
        return {"text": write(calls_of(asked, ticket=ticket, model=self._service.status().model))}

    # Models

    def model_news(self) -> tuple[str, Any, Any]:
        """-> the line that says which model answers and why, the model menu, the timer of more news."""
        settled = self._service.outlook(None).is_settled
        return self.answering(), gr.Dropdown(choices=self.model_choices()), gr.Timer(active=not settled)

    def more_news(self, model: str) -> tuple[Any, str, Any, Any]:
        """While a model is on its way. -> viewer, and as `model_news`. model: what this visitor chose."""
        outlook = self._service.outlook(model or None)
        line = self.answering(model)
        if not outlook.is_settled:
            return gr.skip(), line, gr.skip(), gr.Timer(active=True)
        come = model and outlook.is_here
        message = viewer_message(settings={"model": model}) if come else gr.skip()
        return message, line, gr.Dropdown(choices=self.model_choices()), gr.Timer(active=False)

    def answering(self, model: str = "") -> str:
        """model: what this visitor chose, which may not be here."""
        wish = self._service.outlook(model) if model else None
        if wish is not None and wish.is_here:
            wish = None
        return texts.answering_html(self._service.status(), self._service.photo_scores(), wish=wish)

    def model_choices(self) -> list[tuple[str, str]]:
        """(label, value) pairs; an empty value is whichever model answers."""
        named = [(texts.model_choice(model), model.name) for model in self._service.models()]
        return [(texts.MODEL_AUTOMATIC, ""), *named]


def _shown(ticket: Ticket) -> Picture:
    return shown_picture(
        ticket.id, file=ticket.view, size_wh=ticket.size_wh, name=ticket.name, sent=ticket.file
    )


def _object_of(
    example: Example, *, size_wh: tuple[int, int], answer: ObjectComparisonJson | None
) -> SavedObject:
    """For the viewer: an example's prompt, its true mask where it has one, its answer where that is known."""
    made: SavedObject = {"name": example.object_name, "prompt": example.prompt.to_json()}
    if example.truth is not None:
        rle = read_mask(example.truth, size_wh=size_wh).rle()
        made["truth"] = {"name": example.truth.name, "rle": rle}
    if answer is not None:
        made["answer"] = answer
    return made
