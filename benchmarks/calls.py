"""What a call costs beside the service's own work: `python -m benchmarks.calls`, or a part of `make bench`.

The same click goes, in turn, to the service in its own process and to the app over HTTP, by more and more of
what gradio_client does. So each row's cost over the row before is what that step takes. Then 16 ask at once.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import ssl
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Any

import httpx
from gradio_client import Client, handle_file
from PIL import Image

from benchmarks import questions, worker
from benchmarks.machine import Watch, about_machine
from benchmarks.sections import CALLS
from benchmarks.weights import prepare
from testbed.running_app import RunningApp, run_app

HERE = Path(__file__).parent
PICTURE, PLACES = 0, 5  # numbers of `questions`
USERS = 16
OVERHEAD_MS, SHARE = 100.0, 0.6  # the targets
SERVICE = "the service in its process"
CLIENT, SHARING = "`gradio_client`", "`gradio_client` with one `ssl_verify=` context"
METHOD = f"""\
Later clicks on one photo of 1024 × 768 that the bundled checkpoint answers. "Over the service" is a call's
time less what the answer says the service took; processor times are means of one call, of the server's
process and of the program that asks, all cores together. Steps before `gradio_client` keep one connection.
As it comes, `gradio_client` reads all certificates of its machine at each of its five requests, also where
the address is http; `Client(url, ssl_verify=ssl.create_default_context())` reads them once. Targets: at most
{OVERHEAD_MS:.0f} ms over the service, and {SHARE:g} of its answers a second with {USERS} at once. Where all
cores are busy, the service's share of a call's processor time is what its share of answers comes to."""
LEFT = """\
What is left is beside this project's code. `gradio_client` opens five connections a call and looks every
50 ms whether the answer is there. Gradio's queue looks every millisecond whether there is work, and makes a
session for each new program, 20 ms of processor, which calls without one (curl, MCP) pay each time: the next
design is one that makes the settings of the page's components once for all sessions."""

Place = tuple[float, float]
Ask = Callable[[Place], float]  # asks about a place; returns the seconds that the service says it took


@dataclass(slots=True)
class Found:
    """What one way took: each call's seconds, of these the service's, and processor seconds."""

    name: str
    seconds: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    program: list[float] = field(default_factory=list)
    many: float | None = None  # answers a second with USERS at once

    @property
    def over_ms(self) -> float:
        return 1e3 * median(s - i for s, i in zip(self.seconds, self.inside, strict=True))


class Http:
    """The app's endpoint as programs ask it, over one kept connection."""

    def __init__(self, url: str, photo: Path) -> None:
        self._api, self._photo = f"{url}gradio_api/", photo.read_bytes()
        self._http = httpx.Client(verify=False, timeout=600)
        config = self._http.get(f"{url}config").json()
        self._number = next(one["id"] for one in config["dependencies"] if one["api_name"] == "compare")
        self._session = uuid.uuid4().hex
        self._uploaded = self._upload()

    def queued(self, place: Place) -> float:
        return _inside(self._answer(place, self._uploaded)[0])

    def with_upload(self, place: Place) -> float:
        return _inside(self._answer(place, self._upload())[0])

    def with_masks(self, place: Place) -> float:
        result, *masks = self._answer(place, self._upload())
        for mask in masks:
            self._http.get(f"{self._api}file={mask['path']}").raise_for_status()
        return _inside(result)

    def _upload(self) -> str:
        path: str = self._http.post(f"{self._api}upload", files={"files": ("a.jpg", self._photo)}).json()[0]
        return path

    def _answer(self, place: Place, path: str) -> list[Any]:
        image = {"path": path, "meta": {"_type": "gradio.FileData"}}
        asked = {"data": [image, [place]], "fn_index": self._number, "session_hash": self._session}
        self._http.post(f"{self._api}queue/join", json=asked).raise_for_status()
        messages: list[dict[str, Any]] = []
        with self._http.stream("GET", f"{self._api}queue/data?session_hash={self._session}") as events:
            # To its end, or the connection is lost.
            messages += [json.loads(line[5:]) for line in events.iter_lines() if line.startswith("data:")]
        answer: list[Any]
        answer = next(one for one in messages if one["msg"] == "process_completed")["output"]["data"]
        return answer


def _inside(result: dict[str, Any]) -> float:
    return float(result["milliseconds"]["total"]) / 1e3


def _client(url: str, photo: Path, *, ssl_verify: Any = True) -> Ask:
    client = Client(url, verbose=False, analytics_enabled=False, ssl_verify=ssl_verify)

    def ask(place: Place) -> float:
        return _inside(client.predict(image=handle_file(photo), points=[list(place)], api_name="/compare")[0])

    return ask


def makers(app: RunningApp, photo: Path) -> dict[str, Callable[[], Ask]]:
    """Each way over HTTP by its name, with what makes one program that asks so."""
    context = ssl.create_default_context()
    return {
        "the queue: a call and its events": lambda: Http(app.url, photo).queued,
        "and the upload": lambda: Http(app.url, photo).with_upload,
        "and both masks fetched": lambda: Http(app.url, photo).with_masks,
        SHARING: lambda: _client(app.url, photo, ssl_verify=context),
        CLIENT: lambda: _client(app.url, photo),
    }


def in_turn(ways: dict[str, Ask], pids: dict[str, int], *, rounds: int) -> list[Found]:
    """Each way once a round; what the first two rounds take is not looked at."""
    found = {name: Found(name) for name in ways}
    places = _places()
    for number in range(-2, rounds):
        for name, ask in ways.items():
            server, own, began = _cpu_seconds(pids[name]), time.process_time(), time.perf_counter()
            inside = ask(next(places))
            taken = time.perf_counter() - began
            if number >= 0:
                one = found[name]
                one.seconds.append(taken)
                one.inside.append(inside)
                one.server.append(_cpu_seconds(pids[name]) - server)
                one.program.append(time.process_time() - own)
    return list(found.values())


def at_once(make: Callable[[], Ask], *, calls: int) -> float:
    """Answers a second while USERS ask, each again as soon as it is answered."""
    places, asks = _places(), [make() for _ in range(USERS)]
    for ask in asks:  # a session is made at its first call
        ask(next(places))
    mine = [[next(places) for _ in range(calls)] for _ in asks]
    threads = [
        threading.Thread(target=lambda ask, own: [ask(place) for place in own], args=pair)
        for pair in zip(asks, mine, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return USERS * calls / (time.perf_counter() - began)


def _places() -> Iterator[Place]:
    """Nobody asks what was asked before: the service keeps the last answers."""
    number = time.time_ns() % 2**31
    while True:
        yield from (prompt.points[0] for prompt in questions.clicks(64, number=number))
        number += 1


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(*, rounds: int, calls: int) -> list[Found]:
    """All ways, the service's first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = folder / "photo.jpg"
        Image.fromarray(questions.picture(PICTURE).pixels).save(photo, quality=90)
        (folder / "weights").mkdir()
        native = prepare("tiny", folder / "weights")
        service = worker.start("service", folder / "weights", dtype=native)
        (folder / "app").mkdir()
        with run_app(folder / "app", SAMHQ_MODEL="tiny") as app:
            made = makers(app, photo)
            ways = {SERVICE: _served_by(service), **{name: make() for name, make in made.items()}}
            pids = dict.fromkeys(ways, app.process_id) | {SERVICE: int(getattr(service.runner, "pid", 0))}
            found = in_turn(ways, pids, rounds=rounds)
            for one in found:
                one.many = (
                    service.ask(
                        "users", number=PICTURE, count=USERS, clicks=USERS * calls, size_wh=questions.SIZE_WH
                    )
                    if one.name == SERVICE
                    else at_once(made[one.name], calls=calls)
                    if one.name in (SHARING, CLIENT, "and both masks fetched")
                    else None
                )
        service.stop()
    return found


def _served_by(service: worker.Started) -> Ask:
    """The service's own seconds, so that nothing is over them but the pipe to its process."""
    return lambda place: float(service.ask("click", number=PICTURE, place=place, size_wh=questions.SIZE_WH))


def report(found: Sequence[Found], about: dict[str, str]) -> str:
    """The section of RESULTS.md."""
    own = next(one for one in found if one.name == SERVICE)
    lines = [
        f"| later click by | ms | over the service, ms | processor ms, server | program | {USERS} at once |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        over = "" if one is own else f"{one.over_ms:.0f}"
        many = "" if one.many is None else f"{one.many:.1f}/s"
        if one.many is not None and one is not own and own.many:
            many += f", {one.many / own.many:.2f} of the service's"
        lines.append(
            f"| {one.name} | {1e3 * median(one.seconds):.0f} | {over} | {1e3 * fmean(one.server):.0f} | "
            f"{1e3 * fmean(one.program):.0f} | {many} |"
        )
    machine = ", ".join(f"{name}: {value}" for name, value in about.items())
    return CALLS.of([machine + ".", METHOD, "\n".join(lines), "\n".join(_verdicts(found, own)), LEFT])


def _verdicts(found: Sequence[Found], own: Found) -> Iterator[str]:
    for one in found:
        if one.name in (SHARING, CLIENT):
            met = one.over_ms <= OVERHEAD_MS
            yield f"- {one.name}: {one.over_ms:.0f} ms over the service, {_told(met)}."
            processor = fmean(own.server) / max(1e-9, fmean(one.server) + fmean(one.program))
            yield f"- {one.name}: the service takes {processor:.2f} of a call's processor time."
            if one.many is not None and own.many:
                share = one.many / own.many
                yield f"- {one.name}: {USERS} at once: {share:.2f} of its answers, {_told(share >= SHARE)}."


def _told(met: bool) -> str:
    return "met" if met else "**not met**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each way is asked (20)")
    parser.add_argument("--calls", type=int, default=6, help=f"of each of {USERS} at once (6)")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md", help="the report to write to")
    chosen = parser.parse_args()
    watch = Watch()
    found = measure(rounds=chosen.rounds, calls=chosen.calls)
    machine = about_machine()
    about = {
        "date": datetime.date.today().isoformat(),
        "cores": f"{machine['cores']} of {machine['processor']}",
        "rounds": str(chosen.rounds),
        "other programs took": f"{watch.others()} of them",
    }
    text = chosen.out.read_text(encoding="utf-8") if chosen.out.exists() else ""
    section = report(found, about)
    chosen.out.write_text(CALLS.put_into(text, section), encoding="utf-8")
    print(section)


if __name__ == "__main__":
    main()
