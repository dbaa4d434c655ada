"""What the page does at each event: parse, call, show. One instance serves all visitors and keeps none."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from samhq_demo import drawing
from samhq_demo.comparison import Comparison
from samhq_demo.drawing import SAM_HQ_RGB, SAM_RGB
from samhq_demo.service import CompareService
from samhq_demo.ui import words
from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.examples import Example
from samhq_demo.ui.marks import marks_svg
from samhq_demo.ui.scores import Mood, agreement_html, prediction_html, status_html
from samhq_demo.ui.session import Session, Tool
from samhq_demo.ui.store import Held, PictureStore
from samhq_demo.ui.uploads import received_file

# The session as an edit left it, and the status line.
Edited = tuple[Session, Any]


class Answers(NamedTuple):
    """Values for all that an answer changes, in the order of the page's outputs; skipped by default."""

    status: Any = gr.skip()
    sam_image: Any = gr.skip()
    sam_scores: Any = gr.skip()
    sam_hq_image: Any = gr.skip()
    sam_hq_scores: Any = gr.skip()
    agreement: Any = gr.skip()

    @classmethod
    def none(cls) -> Answers:
        """Empty boxes; whoever emptied them has said why."""
        scores = prediction_html(None)
        return cls(gr.skip(), None, scores, None, scores, agreement_html(None))

    @classmethod
    def of(cls, comparison: Comparison, *, held: Held) -> Answers:
        answer = comparison.objects[0]
        images = [
            drawing.with_prompt(
                drawing.with_mask(held.view, prediction.mask(), colour_rgb=colour),
                answer.prompt,
                view=held.view,
            )
            for prediction, colour in ((answer.sam, SAM_RGB), (answer.sam_hq, SAM_HQ_RGB))
        ]
        took = words.duration(comparison.milliseconds["total"])
        return cls(
            status=status_html(words.ANSWERED.format(total=took), "done"),
            sam_image=images[0],
            sam_scores=prediction_html(answer.sam, size_wh=comparison.size_wh),
            sam_hq_image=images[1],
            sam_hq_scores=prediction_html(answer.sam_hq, size_wh=comparison.size_wh),
            agreement=agreement_html(comparison),
        )


class Handlers:
    """The page's events. Visitors' state comes in and goes out as a `Session`."""

    def __init__(self, service: CompareService, *, store: PictureStore, examples: Sequence[Example]) -> None:
        self._service = service
        self._store = store
        self._examples = tuple(examples)
        # Pictures that are being encoded ahead of a click: for what the status line says, no more.
        self._encoding: Counter[str] = Counter()
        self._counting = threading.Lock()

    # Pictures in and out

    def take_picture(self, path: str | None, session: Session) -> Iterator[tuple[Any, Any, str]]:
        """-> picture, session, status. A refused file leaves all as it was."""
        yield gr.skip(), gr.skip(), status_html(words.READING, "busy")
        try:
            with gradio_errors("a picture"):
                if path is None:
                    raise ValueError(words.NO_PICTURE_SENT)
                file = received_file({"path": path}, name="the picture")
                # An address instead of a path gives bytes; only a file can be read again later.
                if not isinstance(file, Path):
                    raise ValueError(words.NO_PICTURE_SENT)
                taken = self._with_picture(session, file)
        except gr.Error as notice:
            # The browser already shows the file that was refused.
            yield self.shown_picture(session), gr.skip(), status_html(notice.message, "wrong")
            raise
        yield taken

    def take_example(self, index: int, session: Session) -> tuple[Any, Any, str]:
        """-> picture, session, status."""
        with gradio_errors("an example"):
            if not 0 <= index < len(self._examples):
                raise ValueError(words.NO_SUCH_EXAMPLE)
            example = self._examples[index]
            return self._with_picture(session, example.file, example)

    def _with_picture(
        self, session: Session, file: Path, example: Example | None = None
    ) -> tuple[Any, Session, str]:
        held = self._store.read(file)
        session = session.with_picture(
            held.picture.content_id,
            file=file,
            size_wh=held.picture.size_wh,
            prompt=None if example is None else example.prompt,
        )
        return held.view.pixels, session, _encoding_html(session)

    def drop_picture(self, session: Session) -> Edited:
        return self._edited(session, session.without_picture())

    def shown_picture(self, session: Session) -> drawing.Pixels | None:
        held = self._held(session)
        return None if held is None else held.view.pixels

    def marks(self, session: Session) -> str:
        """The prompt, to be laid over the picture."""
        return marks_svg(session.prompt, size_wh=session.size_wh, corner_xy=session.corner_xy)

    def _held(self, session: Session) -> Held | None:
        if session.picture_id is None or session.file is None:
            return None
        return self._store.get(session.picture_id, file=session.file)

    # Edits

    def click(self, session: Session, tool: Tool, event: gr.SelectData) -> Edited:
        """-> session, status. A click in the picture; `event.index` is (x, y) in pixels of the view."""
        with gradio_errors("a click"):
            held = self._held(session)
            if held is None:
                raise ValueError(words.FIRST_A_PICTURE)
            x, y = event.index
            clicked = session.clicked(held.view.to_picture((float(x), float(y))), tool)
        return self._edited(session, clicked)

    def undo(self, session: Session) -> Edited:
        """-> session, status."""
        return self._edited(session, session.undone())

    def clear(self, session: Session) -> Edited:
        """-> session, status."""
        return self._edited(session, session.cleared())

    def choose(self, session: Session, model: str, multimask: str, hq_token: str) -> Edited:
        """-> session, status."""
        chosen = session.with_choices(
            model=model or None,
            multimask={words.MULTIMASK_ONE: False, words.MULTIMASK_THREE: True}.get(multimask),
            hq_token_only=hq_token == words.HQ_ALONE,
        )
        return self._edited(session, chosen)

    def _edited(self, before: Session, after: Session) -> Edited:
        """What an edit puts out. Nothing follows where nothing changed, so then the status stays as well."""
        if after == before:
            return after, gr.skip()
        if after.corner_xy is not None or not after.asks_for_an_object:
            return after, self.hint(after)
        waits = after.picture_id in self._encoding
        return after, status_html(words.ANSWERING_ONCE_ENCODED if waits else words.ANSWERING, "busy")

    # Answers

    def prepare(self, session: Session) -> Iterator[Any]:
        """Encode the picture ahead of the first click. -> status."""
        if session.asks_for_an_object:
            # Its answer encodes, and speaks for itself where that fails.
            yield gr.skip()
            return
        try:
            with gradio_errors("encoding"):
                held = self._held(session)
                if held is not None:
                    yield _encoding_html(session)
                    with self._said_to_encode(held):
                        self._service.prepare(held.picture, model=session.model)
        except gr.Error as notice:
            yield status_html(notice.message, "wrong")
            raise
        yield gr.skip()

    @contextmanager
    def _said_to_encode(self, held: Held) -> Iterator[None]:
        """Counted, as visitors may have the same picture."""
        with self._counting:
            self._encoding[held.picture.content_id] += 1
        try:
            yield
        finally:
            with self._counting:
                self._encoding -= Counter([held.picture.content_id])

    def hint(self, session: Session) -> Any:
        """-> status: what to do next, unless an answer is there or under way, which says more."""
        if session.corner_xy is not None:
            return status_html(words.SECOND_CORNER, "idle")
        if session.asks_for_an_object:
            return gr.skip()
        if not session.has_picture:
            return status_html(words.START, "idle")
        if session.picture_id in self._encoding:
            return _encoding_html(session)
        return status_html(words.ONLY_BACKGROUND if session.prompt.points else words.READY, "idle")

    def answer(self, session: Session) -> Iterator[Answers]:
        """Both models' answer to the session as it stands."""
        if not session.asks_for_an_object:
            yield Answers.none()
            return
        try:
            with gradio_errors("an answer"):
                held = self._held(session)
                assert held is not None, "a session that asks has a picture"
                comparison = self._service.compare(
                    held.picture,
                    [session.prompt],
                    model=session.model,
                    multimask=session.multimask,
                    hq_token_only=session.hq_token_only,
                )
                answers = Answers.of(comparison, held=held)
                if session.corner_xy is not None:
                    answers = answers._replace(status=gr.skip())
        except gr.Error as notice:
            yield Answers(status=status_html(notice.message, "wrong"))
            raise
        yield answers

    # Models

    def model_news(self) -> tuple[str, Any]:
        """-> the line that says which model answers and why, the model menu."""
        return self.answering(), gr.Dropdown(choices=self.model_choices())

    def answering(self) -> str:
        status = self._service.status()
        mood: Mood = "done" if status.ready else ("busy" if status.model else "wrong")
        return status_html(words.answering_model(status.message, model=status.model), mood)

    def model_choices(self) -> list[tuple[str, str]]:
        """(label, value) pairs; an empty value is whichever model answers."""
        named = [
            (
                words.model_choice(
                    model.name,
                    total=model.parameters,
                    of_hq=model.hq_parameters,
                    available=model.available,
                ),
                model.name,
            )
            for model in self._service.models()
        ]
        return [(words.MODEL_AUTOMATIC, ""), *named]


def _encoding_html(session: Session) -> str:
    width, height = session.size_wh
    return status_html(words.ENCODING.format(width=width, height=height), "busy")
