"""Many people at once: `make load`, or `python -m benchmarks.load --users 64 --minutes 10`.

The real app with `tiny` in a process of its own; clients of the API, each with a picture of their own
(0.2 to 24 megapixels), and one person in a real browser who clicks and exports. Everything is first asked
alone. Then all ask for minutes, thinking in between, and each answer has to be the one that came alone: the
pictures differ, so somebody else's answer shows as a wrong one. Writes docs/load.md.
"""

from __future__ import annotations

import argparse
import json
import random
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser

from benchmarks.load_report import Asked, Sample, report
from benchmarks.machine import Watch
from testbed.photos import save_photo
from testbed.running_app import ROOT, RunningApp, chromium, run_app
from testbed.visitor import Visitor

# Widths and heights, and of sixteen users how many have such a picture.
SIZES = (((550, 367), 6), ((1200, 800), 5), ((2448, 1632), 3), ((4243, 2828), 1), ((6000, 4000), 1))
SAMPLE_SECONDS = 5
_PLACES = ((0.3, 0.35), (0.6, 0.4), (0.45, 0.7))
_FILE = ROOT / "docs" / "load.md"
# One for all clients. Each would make one for every request, 30 ms of processor time, on the app's own cores.
_TLS = ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Question:
    """What one user asks: `kind` and the arguments of the endpoint, without the picture."""

    kind: str
    endpoint: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a picture, what they ask of it, and the answers that came when they were alone."""

    number: int
    picture: Path
    questions: tuple[Question, ...]
    alone: tuple[str, ...] = ()


@dataclass
class Record:
    """What was asked and measured so far; written by all threads."""

    began: float = field(default_factory=time.monotonic)
    asked: list[Asked] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def now(self) -> float:
        return time.monotonic() - self.began

    def time(self, kind: str, ask: Callable[[], str], right: str) -> None:
        """Ask, and note how long it took and whether the answer is `right`."""
        began = self.now()
        try:
            outcome = "right" if ask() == right else "wrong"
        except AppError as error:  # the app's own sentence
            outcome = f"refused: {error}"
        except httpx.RequestError as error:
            call = f"{error.request.method} {error.request.url.path}"
            outcome = f"failed: {type(error).__name__}: {error} ({call})"
        except Exception as error:
            outcome = f"failed: {type(error).__name__}: {error}"
        self.asked.append(Asked(kind, began, self.now() - began, outcome))


def users(count: int, folder: Path) -> list[User]:
    """Their pictures, no two alike, and what they ask."""
    sizes = [size for size, share in SIZES for _ in range(share)]
    return [_user(number, sizes[number * 7 % len(sizes)], folder) for number in range(count)]


def _user(number: int, size_wh: tuple[int, int], folder: Path) -> User:
    places = [[x * size_wh[0], y * size_wh[1]] for x, y in _PLACES]
    boxes = [
        [x - size_wh[0] / 5, y - size_wh[1] / 5, x + size_wh[0] / 5, y + size_wh[1] / 5] for x, y in places
    ]
    questions = (
        *(Question("click", "/compare", {"points": [place]}) for place in places),
        Question("box", "/compare", {"box": boxes[0]}),
        Question("three boxes", "/compare_many", {"prompts": [{"box": box} for box in boxes]}),
    )
    picture = save_photo(folder / f"{number}.jpg", size_wh=size_wh, seed=number, quality=85)
    return User(number, picture, questions)


def ask(client: Client, user: User, question: Question) -> str:
    """The masks of both models, as one text."""
    answer, *_ = client.predict(handle_file(user.picture), api_name=question.endpoint, **question.arguments)
    masks = [[each[branch]["rle"]["counts"] for branch in ("sam", "sam_hq")] for each in answer["objects"]]
    return json.dumps(masks)


def come_back(app: RunningApp, user: User, record: Record, *, until: float, think: float) -> None:
    """One user's minutes: ask, look at it for a while, ask something else."""
    chance = random.Random(user.number)
    time.sleep(chance.random() * think)
    client = connect(app, record, until=until)
    while client is not None and record.now() < until:
        which = chance.randrange(len(user.questions))
        question = user.questions[which]
        record.time(question.kind, partial(ask, client, user, question), user.alone[which])
        _look_at_it(chance, think)


def connect(app: RunningApp, record: Record, *, until: float) -> Client | None:
    """A client, once the app has told it of its endpoints; None where it never did."""
    made: list[Client] = []

    def connected() -> str:
        made.append(_client(app))
        return ""

    while not made and record.now() < until:
        record.time("connect", connected, "")
        if not made:
            time.sleep(1)
    return made[0] if made else None


def _look_at_it(chance: random.Random, think: float) -> None:
    """For `think` seconds on average, and never for long."""
    time.sleep(min(chance.expovariate(1 / think), 4 * think))


def _client(app: RunningApp) -> Client:
    return Client(app.url, ssl_verify=_TLS, verbose=False, analytics_enabled=False, download_files=False)


class Browsing:
    """A person in a browser, who clicks at the places in turn and exports each object."""

    def __init__(self, visitor: Visitor, folder: Path) -> None:
        self._visitor, self._folder, self._size_wh = visitor, folder, (1200, 800)
        visitor.bring(save_photo(folder / "browser.png", size_wh=self._size_wh, seed=1_000_003))
        self._alone = [(self._click(place), self._export()) for place in _PLACES]

    def come_back(self, record: Record, *, until: float, think: float) -> None:
        """Minutes of it; what is seen has to be what was seen when nobody else was there."""
        chance = random.Random(-1)
        while record.now() < until:
            which = chance.randrange(len(_PLACES))
            areas, file = self._alone[which]
            record.time("click in the browser", partial(self._click, _PLACES[which]), areas)
            record.time("export in the browser", self._export, file)
            _look_at_it(chance, think)

    def _click(self, place: tuple[float, float]) -> str:
        """-> the areas and the agreement that the page shows."""
        if self._visitor.prompt["points"]:
            self._visitor.press("Control+z")
            self._visitor.rest()
        self._visitor.ask(place[0] * self._size_wh[0], place[1] * self._size_wh[1])
        keys = (("sam", "area"), ("sam_hq", "area"), ("agreement", "iou"), ("agreement", "boundary_iou"))
        return json.dumps([self._visitor.score(*key) for key in keys])

    def _export(self) -> str:
        """-> the run lengths of the last click's masks."""
        taken = json.loads(self._visitor.take("coco-rle", self._folder).read_text())
        return json.dumps([each["segmentation"]["counts"] for each in taken["annotations"]])


def watch(app: RunningApp, record: Record, stop: threading.Event) -> None:
    """Note the app's memory and its queue every few seconds."""
    while not stop.wait(SAMPLE_SECONDS):
        waiting = httpx.get(f"{app.url}gradio_api/queue/status", timeout=60).json()["queue_size"]
        record.samples.append(Sample(record.now(), megabytes(app.process_id), waiting))


def megabytes(process_id: int) -> float:
    """Memory of a process and all that it started; what they share counts once."""
    family, processes = {process_id}, [p for p in Path("/proc").iterdir() if p.name.isdigit()]
    for process in sorted(processes, key=lambda p: int(p.name)):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        if parent in family:
            family.add(int(process.name))
    return sum(_proportional(Path("/proc") / str(each)) for each in family) / 1000


def _proportional(process: Path) -> int:
    """Kilobytes, each page divided by how many processes have it."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(
    app: RunningApp, browser: Browser, folder: Path, *, count: int, minutes: float, think: float = 8.0
) -> Record:
    """All of it.

    Args:
        app: with `tiny`.
        folder: for pictures and exported files.
        count: users of the API; one more is in the browser.
        minutes: how long they ask, all at once, after each was alone.
        think: seconds between an answer and the next question, on average.
    """
    client = _client(app)
    crowd = [
        replace(user, alone=tuple(ask(client, user, question) for question in user.questions))
        for user in users(count, folder)
    ]
    browsing = Browsing(Visitor.arrive(browser, app.url), folder)
    record, stop = Record(), threading.Event()
    how: dict[str, float] = {"until": 60 * minutes, "think": think}
    threads = [threading.Thread(target=come_back, args=(app, user, record), kwargs=how) for user in crowd]
    watching = threading.Thread(target=watch, args=(app, record, stop))
    for thread in (*threads, watching):
        thread.start()
    browsing.come_back(record, **how)
    for thread in threads:
        thread.join()
    stop.set()
    watching.join()
    return record


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--to", type=Path, default=_FILE)
    given = parser.parse_args()
    machine = Watch()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_app(Path(folder), SAMHQ_MODEL="tiny") as app,
        chromium() as browser,
    ):
        record = measure(app, browser, Path(folder), count=given.users, minutes=given.minutes)
    text = report(
        record.asked, record.samples, users=given.users, minutes=given.minutes, others=machine.others()
    )
    given.to.write_text(text)
    print(text)
    if any(each.is_bad for each in record.asked):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
