"""`benchmarks.calls` asks an app in each of its ways, and tells which target is met."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import calls, questions
from benchmarks.calls import CLIENT, SERVICE, SHARING, Found
from samhq_demo.service import CompareService
from testbed.running_app import RunningApp
from tests.support.servers import serve


@pytest.fixture(scope="module")
def app(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("app")
    with serve(service, folder=folder) as served:
        yield RunningApp(served.url, folder / "no.log", 0.0, os.getpid())


def test_every_way_is_answered(app: RunningApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "photo.jpg"
    Image.fromarray(questions.picture(0).pixels).save(photo)
    made = calls.makers(app, photo)
    monkeypatch.setattr(calls, "USERS", 2)
    found = calls.in_turn(
        {name: make() for name, make in made.items()}, dict.fromkeys(made, app.process_id), rounds=1
    )
    assert [one.name for one in found][-2:] == [SHARING, CLIENT]
    for one in found:
        assert one.seconds[0] > one.inside[0] > 0
        assert len(one.server) == len(one.program) == 1
    assert calls.at_once(made[SHARING], calls=1) > 0


def _found(name: str, *, seconds: float, inside: float, many: float) -> Found:
    return Found(name, [seconds], [inside], [0.04], [0.01], many)


def test_the_report_says_which_targets_are_met() -> None:
    found = [
        _found(SERVICE, seconds=0.05, inside=0.05, many=20.0),
        _found(SHARING, seconds=0.14, inside=0.05, many=13.0),
        _found(CLIENT, seconds=0.21, inside=0.05, many=7.0),
    ]
    text = calls.report(found, {"date": "today"})
    assert "| 90 | 40 | 10 | 13.0/s, 0.65 of the service's |" in text
    assert f"- {SHARING}: 90 ms over the service, met." in text
    assert f"- {SHARING}: 16 at once: 0.65 of its answers, met." in text
    assert f"- {CLIENT}: 160 ms over the service, **not met**." in text
    assert f"- {CLIENT}: 16 at once: 0.35 of its answers, **not met**." in text
    assert f"- {CLIENT}: the service takes 0.80 of a call's processor time." in text
