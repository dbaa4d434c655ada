"""The viewer without a model: its server function answers at once, with masks drawn from the prompt.

What it takes is the least that any answer can take, so the benchmarks use it as the floor too. By hand:
`python -m tests.support.viewer_harness [width height]`.
"""

import itertools
import json
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from samhq_demo.masks.runs import Rle, Runs
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.results.comparison import Agreement
from samhq_demo.results.json_types import PreviewJson
from samhq_demo.results.preview import Preview, PreviewMask, preview_size
from samhq_demo.ui.question import Question
from samhq_demo.ui.viewer.component import (
    NEEDS_MASKS,
    NEEDS_QUEUE,
    answer_queued,
    build_viewer,
    shown_picture,
    viewer_message,
)
from samhq_demo.ui.viewer.wire import Message
from samhq_demo.ui.viewer.wire import Picture as ShownPicture
from tests.support.pixels import bbox_xywh, rle_decode, rle_encode
from tests.support.servers import end

RADIUS_SHARE = 0.08  # a point's disc, as a share of the picture's shorter side
MODELS = ("sam", "sam_hq")
HQ_RADIUS = 0.75  # SAM-HQ's discs are smaller, so that the two masks differ


class Harness:
    """Pictures by id, and masks for their prompts; counts what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: dict[str, ShownPicture] = {}
        self.questions: list[Question] = []
        self.most_at_once = 0
        self.faults: list[Exception | None] = []
        self.needs_queue = False
        self.needs_masks = False  # whether a mask that is only named is not known
        self.previews = False  # whether an answer begins as a preview
        self._running = 0
        self._asked = 0
        self._gates: dict[int, threading.Event] = {}  # by the number of the question that waits there
        self._tickets = itertools.count()
        self._lock = threading.Lock()
        self._answers: dict[Any, dict[str, Any]] = {}

    def add_picture(
        self, width: int, height: int, *, name: str = "", pixels: np.ndarray | None = None
    ) -> str:
        """A picture to choose by its name, else its size. pixels: (h, w, 3) uint8; None: a soft pattern."""
        picture_id = name or f"{width}x{height}"
        file = self.folder / f"{picture_id}.png"
        Image.fromarray(soft_pattern(width, height) if pixels is None else pixels).save(
            file, compress_level=1
        )
        self.pictures[picture_id] = shown_picture(picture_id, file=file, size_wh=(width, height))
        return picture_id

    def shown(self, picture_id: str) -> Message:
        """As in the app, a picture that comes again has another ticket: no answer of before is its own."""
        picture = self.pictures[picture_id]
        again: ShownPicture = {**picture, "id": f"{picture_id} {next(self._tickets)}"}
        self.pictures[again["id"]] = again
        return viewer_message(picture=again)

    @contextmanager
    def holds(self, number: int = 1) -> Iterator[None]:
        """A slow server: of the questions from now on, the one of this number is answered only at the end."""
        gate = self._gates[self._asked + number] = threading.Event()
        try:
            yield
        finally:
            gate.set()

    @property
    def is_busy(self) -> bool:
        """Whether a question is still being answered."""
        return self._running > 0

    def reset(self) -> None:
        """As before the first question; pictures and drawn masks stay."""
        self.questions, self.faults = [], []
        self.needs_queue = self.needs_masks = self.previews = False
        self.most_at_once = 0

    def decode(self, question: Question) -> Mapping[str, Any]:
        with self._lock:
            self.questions.append(question)
            self._asked += 1
            gate = self._gates.pop(self._asked, None)
            fault = self.faults.pop(0) if self.faults else None
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            if gate is not None:
                gate.wait()
            if fault is not None:
                raise fault
            if self.needs_queue:
                return NEEDS_QUEUE
            if self.needs_masks and question.truth and "counts" not in question.truth:
                return NEEDS_MASKS
            answer = self.answer(question)
            return previewed(answer) if self.previews and question.is_preview else answer
        finally:
            self._running -= 1

    def answer(self, question: Question) -> dict[str, Any]:
        """Drawn once for each question: asked again, nothing but the way there and back takes time."""
        key = (question.picture_id, question.request, bool(question.truth))
        if key not in self._answers:
            self._answers[key] = self._draw(question)
        return self._answers[key]

    def _draw(self, question: Question) -> dict[str, Any]:
        picture = self.pictures[question.picture_id]
        size_wh = (picture["width"], picture["height"])
        prompt = question.request.prompt.within(size_wh)
        several = question.request.has_candidates(prompt)
        masks = [drawn_mask(prompt, size_wh, share=share) for share in (1.0, HQ_RADIUS)]
        compared: dict[str, Any] = {
            "prompt": prompt.to_json(),
            "sam": _prediction(prompt, size_wh, several=several, share=1.0),
            "sam_hq": _prediction(prompt, size_wh, several=several, share=HQ_RADIUS),
            "agreement": Agreement.between(*map(Runs.from_mask, masks)).to_json(),
        }
        if question.truth:
            compared["sam"]["true_iou"], compared["sam_hq"]["true_iou"] = 0.81, 0.92
        return {
            "model": "harness",
            "image": {"width": size_wh[0], "height": size_wh[1]},
            "objects": [compared],
            "encoded": "cached",
            "milliseconds": {"encode": 0.0, "decode": 0.0, "total": 0.0},
        }


def previewed(answer: dict[str, Any]) -> PreviewJson:
    """What the service's `preview` says instead."""
    (found,) = answer["objects"]
    shown_wh = preview_size((answer["image"]["width"], answer["image"]["height"]))
    masks = {
        branch: PreviewMask(
            _resized(found[branch]["rle"], shown_wh), predicted_iou=found[branch]["predicted_iou"]
        )
        for branch in MODELS
    }
    return Preview(**masks).to_json()


def _resized(rle: Rle, size_wh: tuple[int, int]) -> Runs:
    mask = Image.fromarray(rle_decode(rle)).resize(size_wh, Image.Resampling.NEAREST)
    return Runs.from_mask(np.array(mask))


def drawn_mask(prompt: Prompt, size_wh: tuple[int, int], *, share: float = 1.0) -> np.ndarray:
    """The box and a disc around each object point, less a disc around each background point: bool (h, w)."""
    width, height = size_wh
    radius = RADIUS_SHARE * min(size_wh) * share
    mask = np.zeros((height, width), dtype=bool)
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = (round(value) for value in prompt.box_xyxy)
        mask[y0:y1, x0:x1] = True
    for wanted in (PointLabel.OBJECT, PointLabel.BACKGROUND):
        for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
            if label == wanted:
                _fill_disc(mask, x, y, radius, bool(wanted))
    return mask


def _fill_disc(mask: np.ndarray, x: float, y: float, radius: float, value: bool) -> None:
    left, right = max(0, int(x - radius)), min(mask.shape[1], int(x + radius) + 2)
    top, bottom = max(0, int(y - radius)), min(mask.shape[0], int(y + radius) + 2)
    rows, columns = np.ogrid[top:bottom, left:right]
    disc = (columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2 < radius**2
    mask[top:bottom, left:right][disc] = value


def _prediction(prompt: Prompt, size_wh: tuple[int, int], *, several: bool, share: float) -> dict[str, Any]:
    shares = [share, share * 2, share / 2] if several else [share]
    drawn = [
        _candidate(drawn_mask(prompt, size_wh, share=each), 0.9 - 0.1 * at) for at, each in enumerate(shares)
    ]
    best = {**drawn[0], "true_iou": None, "true_boundary_iou": None}
    return {**best, "candidates": drawn} if several else best


def _candidate(mask: np.ndarray, predicted_iou: float) -> dict[str, Any]:
    return {
        "predicted_iou": predicted_iou,
        "stability": 0.95,
        "area": int(mask.sum()),
        "bbox": list(bbox_xywh(mask)),
        "rle": rle_encode(mask),
    }


def soft_pattern(width: int, height: int) -> np.ndarray:
    """Calm colors of middle brightness: (h, w, 3) uint8."""
    across = np.linspace(0, 1, width)[None, :, None]
    down = np.linspace(0, 1, height)[:, None, None]
    wave = 12 * np.sin(across * 25) * np.sin(down * 25)
    pixels = np.array([92, 104, 96]) + across * [40, 10, 0] + down * [0, 20, 30] + wave
    return pixels.astype(np.uint8)


def build_harness(harness: Harness, *, hover: bool = False, **options: float) -> gr.Blocks:
    """The viewer; fields to choose a picture by its id and to send messages."""
    with gr.Blocks(title="Viewer") as page:
        viewer = build_viewer(harness.decode, hover=hover, **options)
        answer_queued(viewer, harness.answer)
        chosen = gr.Textbox(label="Picture", elem_id="choose")
        message = gr.Textbox(label="Message", elem_id="message")
        message.submit(
            lambda text: viewer_message(**json.loads(text)), message, viewer, show_progress="hidden"
        )
        chosen.submit(harness.shown, chosen, viewer, show_progress="hidden")
    return page


@contextmanager
def launched(harness: Harness, **options: Any) -> Iterator[str]:
    """Serve it on a free port of this machine; yields its address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(harness.folder / "served"))
        page = build_harness(harness, **options)
        _, address, _ = page.launch(
            prevent_thread_lock=True,
            quiet=True,
            server_name="127.0.0.1",
            run_history=False,  # as the app: all of it is written anew at each picture
            theme=gr.themes.Default(primary_hue="blue", font=["system-ui", "sans-serif"]),
        )
        try:
            yield address
        finally:
            end(page)


def main(arguments: Iterable[str]) -> None:
    sizes = [int(argument) for argument in arguments] or [1200, 800]
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder))
        print("picture:", harness.add_picture(sizes[0], sizes[1]))
        with launched(harness, hover=True) as address:
            print(address)
            threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
