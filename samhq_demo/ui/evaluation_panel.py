"""The part of the page that evaluates a few pictures: its fields, and which event calls what."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import gradio as gr

from samhq_demo.evaluation.few import GivenFile
from samhq_demo.evaluation.options import EvaluationOptions, PromptKind
from samhq_demo.ui import texts
from samhq_demo.ui.errors import gradio_errors
from samhq_demo.ui.evaluating import Evaluations, Progress
from samhq_demo.ui.place import EVALUATION_QUEUE, place_in
from samhq_demo.ui.uploads import received_upload
from samhq_demo.ui.viewer.component import module_script
from samhq_demo.ui.viewer.wire import PlaceReply

# What is pressed in the results is told by its row's number.
_ON_LOAD = """element.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-row]");
  if (button) trigger("click", { row: Number(button.dataset.row) });
});"""
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

# -> what is said, the report, the results, their key
Shown = tuple[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class EvaluationPanel:
    """Made inside a Blocks.

    Attributes:
        results: a click on one of its rows tells of {"row"}.
        key: what the visitor's results are known by.
    """

    pictures: gr.File
    truths: gr.File
    archive: gr.File
    prompt: gr.Radio
    start: gr.Button
    stop: gr.Button
    line: gr.HTML
    report: gr.Markdown
    results: gr.HTML
    key: gr.State

    @classmethod
    def laid_out(cls) -> EvaluationPanel:
        """Folded, below all else."""
        kinds = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"]
        with gr.Accordion(texts.EVALUATE, open=False, elem_id="evaluate"):
            gr.HTML(f"<p>{texts.EVALUATE_HOW}</p>")
            with gr.Row():
                pictures = gr.File(
                    label=texts.PICTURES, file_count="multiple", file_types=["image"], height=120
                )
                truths = gr.File(label=texts.TRUTHS, file_count="multiple", file_types=kinds, height=120)
                archive = gr.File(label=texts.ZIP, file_types=[".zip"], height=120)
            prompt = gr.Radio(list(texts.PROMPT_KINDS), value="box", label=texts.PROMPT_KIND)
            with gr.Row():
                start = gr.Button(texts.EVALUATE_START, size="sm", elem_id="evaluate-start")
                stop = gr.Button(texts.EVALUATE_STOP, size="sm", elem_id="evaluate-stop")
            line = gr.HTML(
                "",
                html_template='<p role="status">${value}</p>',
                elem_id="evaluate-line",
                js_on_load=module_script("evaluation-line", "element", "props", "server", "watch"),
                server_functions=[place],
            )
            report = gr.Markdown(elem_id="evaluate-report")
            results = gr.HTML(elem_id="evaluate-results", js_on_load=_ON_LOAD)
        key = gr.State(None)
        return cls(pictures, truths, archive, prompt, start, stop, line, report, results, key)

    def wire(self, evaluations: Evaluations, model: gr.Dropdown) -> None:
        """One evaluation at a time: it takes all cores for as long as it lasts."""

        def run(
            pictures: Any, truths: Any, archive: Any, prompt: Any, chosen: str
        ) -> Generator[Shown, None, None]:
            with gradio_errors("an evaluation"):
                one = _files(archive, name="the zip")
                news = evaluations.evaluate(
                    _files(pictures, name="a picture"),
                    _files(truths, name="a true mask"),
                    one[0] if one else None,
                    options=EvaluationOptions(cast(PromptKind, prompt)),
                    model=chosen or None,
                )
                with closing(news):
                    for each in news:
                        yield _shown(each)

        begun = self.start.click(
            run,
            [self.pictures, self.truths, self.archive, self.prompt, model],
            [self.line, self.report, self.results, self.key],
            concurrency_id=EVALUATION_QUEUE,
            concurrency_limit=1,
            **_PRIVATE,
        )
        self.stop.click(lambda: texts.EVALUATION_STOPPED, None, self.line, cancels=[begun], **_PRIVATE)


def _shown(news: Any) -> Shown:
    if isinstance(news, Progress):
        return texts.EVALUATED.format(done=news.done, of=news.of), gr.skip(), gr.skip(), gr.skip()
    return texts.EVALUATION_DONE, news.report, news.results, news.key


def place(_asked: Any) -> PlaceReply:
    """What the page that asks waits for with its evaluation; "" for nothing."""
    return place_in(EVALUATION_QUEUE) or {"work": ""}


def _files(given: Any, *, name: str) -> list[GivenFile]:
    """What a `gr.File` hands over, as uploads."""
    listed = given if isinstance(given, list) else [] if given is None else [given]
    return [_file(one, name=name) for one in listed]


def _file(given: Any, *, name: str) -> GivenFile:
    path = received_upload({"path": str(given)}, name=name)
    return GivenFile(path, Path(given).name)


def row_of(event: gr.EventData) -> Any:
    """The number that a click in the results tells of, still unchecked."""
    return event._data.get("row") if isinstance(event._data, Mapping) else None
