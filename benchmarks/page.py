"""From a click to both new masks on the screen, in a real browser: `python -m benchmarks.page`.

The real page on two sets of weights of ViT-B's geometry and on `tiny`. The first set's masks have smooth
borders, as trained weights' masks have; the second's are as ragged as masks get, all edge. With the picture
encoded, each round clicks once on the real page, runs both decoders alone on the same prompt, and clicks
once on a page that answers at once with the same answer: what is left then is the way there and back and
the painting, the floor of any answer. Rounds alternate, so that all three have the machine in the same mood.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser
from transformers.utils import logging

import samhq_demo.models  # noqa: F401  # before torch is imported, as in the app: it says how threads wait
from benchmarks.weights import smooth_sam_hq
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.ui.page import CSS_FILE, build_page, theme
from samhq_demo.ui.viewer.component import build_viewer, shown_picture, viewer_message
from samhq_demo.ui.viewer.wire import Answer
from samhq_demo.ui.viewer.wire import Picture as ShownPicture
from testbed.checkpoints import VIT_B, random_sam_hq, save
from testbed.photos import save_photo
from testbed.running_app import chromium
from testbed.visitor import Visitor

ROUNDS = 30
WARM_UP = 2
SIZES = ((1000, 750), (6000, 4500))
_ALLOWED_MS = 80

# The time of the press, and that of the first frame after the answer was painted.
_WATCH = """() => {
  const press = () => (window.pressed = performance.now());
  document.addEventListener("pointerdown", press, { capture: true, once: true });
  window.took = new Promise((done) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - window.pressed)));
    });
    const viewer = document.querySelector("#viewer");
    observer.observe(viewer, { attributes: true, attributeFilter: ["data-revision"] });
  });
}"""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians in milliseconds of one model, picture size and kind of prompt."""

    model: str
    size_wh: tuple[int, int]
    page: float
    decode: float
    floor: float

    def __str__(self) -> str:
        width, height = self.size_wh
        over = self.page - self.decode
        met = "yes" if over <= _ALLOWED_MS else "no"
        return (
            f"| {self.model} | {width} x {height} | {self.page:.0f} | {self.decode:.0f} | {over:.0f} | {met} "
            f"| {self.floor:.0f} |"
        )


class Replay:
    """A page that answers at once, whatever it is asked, with what the real page was just answered."""

    def __init__(self, picture: ShownPicture) -> None:
        self.picture = picture
        self.preview: Answer = {"needs": "queue"}
        self.whole: Answer = {"needs": "queue"}

    def build(self) -> gr.Blocks:
        with gr.Blocks() as page:
            viewer = build_viewer(lambda asked: self.preview if asked.is_preview else self.whole, hover=False)
            page.load(lambda: viewer_message(picture=self.picture), None, viewer)
        return page


@contextmanager
def launched(page: gr.Blocks, **how: Any) -> Iterator[str]:
    _, url, _ = page.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", theme=theme(), **how
    )
    try:
        yield url
    finally:
        page.close(verbose=False)


def click(visitor: Visitor, xy: tuple[float, float]) -> float:
    """Clear the object, click there, and return the milliseconds until the answer is on the screen."""
    visitor.press("c")
    visitor.rest()
    visitor.page.evaluate(_WATCH)
    visitor.click(*xy)
    took: float = visitor.page.evaluate("window.took")
    # The candidates follow, and their small pictures: what is measured next must not run beside them.
    visitor.page.wait_for_function("!document.querySelector('#viewer .candidates.coming')")
    visitor.outlasts_timer(150)
    return took


def measure(
    service: CompareService, browser: Browser, size_wh: tuple[int, int], *, rounds: int, folder: Path
) -> tuple[float, float, float]:
    """Medians in milliseconds: on the page, of both decoders alone, on the page that answers at once."""
    photo = save_photo(folder / f"{size_wh[0]}.jpg", size_wh=size_wh, seed=1)
    picture = read_picture(photo)
    replay = Replay(shown_picture("replayed", file=photo, size_wh=size_wh))
    times: list[tuple[float, float, float]] = []
    with launched(build_page(service), css_paths=CSS_FILE) as url, launched(replay.build()) as floor_url:
        visitor, other = (Visitor.arrive(browser, address) for address in (url, floor_url))
        visitor.press("h")  # previews would make some clicks faster
        visitor.bring(photo)
        other.sees_picture(0)
        service.prepare(picture)
        for number in range(rounds + WARM_UP):
            xy = (size_wh[0] * (0.3 + 0.012 * number), size_wh[1] * (0.35 + 0.009 * number))
            on_page = click(visitor, xy)
            prompt = Prompt.from_json(visitor.prompt)
            alone = decode_alone(service, picture, prompt)
            request = Request((prompt,))
            replay.preview = service.preview(picture, request).to_json()
            replay.whole = service.compare(picture, request).to_json()
            times.append((on_page, alone, click(other, xy)))
        visitor.leave()
        other.leave()
    page, decode, floor = (statistics.median(column) for column in zip(*times[WARM_UP:], strict=True))
    return page, decode, floor


def decode_alone(service: CompareService, picture: Picture, prompt: Prompt) -> float:
    """Milliseconds of both decoders and nothing else."""
    answerer, embedding, _ = service._embedding(picture, model=None)
    began = time.perf_counter()
    answerer.pair.decode(embedding, [prompt])
    return 1000 * (time.perf_counter() - began)


def services(folder: Path) -> dict[str, Settings]:
    logging.disable_progress_bar()
    smooth = save(smooth_sam_hq(), folder / "smooth")
    ragged = save(random_sam_hq(VIT_B, seed=3), folder / "ragged")
    return {
        "ViT-B, smooth": Settings(model=str(smooth), device="cpu"),
        "ViT-B, ragged": Settings(model=str(ragged), device="cpu"),
        "tiny": Settings(model="tiny", device="cpu"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    print("| model | picture | click to paint, ms | both decoders, ms | over | at most 80 | floor, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name, chromium() as browser, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "served"))
        for model, settings in services(folder).items():
            service = build_service(settings)
            for size_wh in SIZES:
                times = measure(service, browser, size_wh, rounds=rounds, folder=folder)
                print(Row(model, size_wh, *times), flush=True)


if __name__ == "__main__":
    main()
