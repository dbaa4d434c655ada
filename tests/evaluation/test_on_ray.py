"""Two workers on this machine, one of which is killed on the way: the numbers of a single process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samhq_demo.evaluation import command
from samhq_demo.evaluation.on_ray import Resources
from tests.support.data_sets import folders_set
from tests.support.waiting import wait

NAMES = tuple(f"p{number:02}" for number in range(24))
_MARK = "SAMHQ_TEST_MARK"


def marked(mark: str, *, title: str = "") -> Iterator[int]:
    """Processes that were started with the mark in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = f"{_MARK}={mark}".encode() in (folder / "environ").read_bytes()
            if is_ours and title.encode() in (folder / "cmdline").read_bytes():
                yield int(folder.name)
        except OSError:  # it has ended, or is somebody else's
            continue


def records_of(out: Path) -> list[dict[str, Any]]:
    """All but how long it took."""
    file = out / "results.jsonl"
    lines = file.read_text().splitlines()[1:] if file.is_file() else []
    return [{**json.loads(line), "milliseconds": None} for line in lines]


def test_a_killed_worker_changes_no_digit_and_nothing_is_left_running(tmp_path: Path) -> None:
    drawn = folders_set(tmp_path / "drawn", names=NAMES)
    out, mark = tmp_path / "on-ray", uuid.uuid4().hex
    arguments = [str(drawn), "--gallery", "0", "--out", str(out), "--ray", "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "samhq_demo.evaluation", *arguments],
        env={**os.environ, _MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        wait(lambda: bool(records_of(out)) or started.poll() is not None)
        victim = next(marked(mark, title="ray::Worker"), None)
        before = len(records_of(out))
        assert victim is not None, started.communicate()[0]
        os.kill(victim, signal.SIGKILL)
        printed, _ = started.communicate()
    assert started.returncode == 0, printed
    assert 0 < before < len(NAMES)
    wait(lambda: not list(marked(mark)), seconds=60)
    command.main([str(drawn), "--gallery", "0", "--out", str(tmp_path / "here")])
    assert records_of(out) == records_of(tmp_path / "here")
    assert (out / "objects.csv").read_text() == (tmp_path / "here" / "objects.csv").read_text()


def test_a_worker_has_the_threads_of_a_single_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("SAMHQ_DTYPE", "float32")
    environment = Resources(workers=2).environment
    assert environment["OMP_NUM_THREADS"] == "3"
    assert environment["SAMHQ_DTYPE"] == "float32"
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert Resources().environment["OMP_NUM_THREADS"] == str(len(os.sched_getaffinity(0)))


@pytest.mark.parametrize("gpus", [-0.5, 1.5])
def test_a_share_of_a_gpu_that_cannot_be_is_refused(
    gpus: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = folders_set(tmp_path / "drawn")
    with pytest.raises(SystemExit):
        command.main([str(drawn), "--ray", f"--gpus={gpus}"])
    assert "--gpus must be from 0 to 1, or a whole number" in capsys.readouterr().err


def test_without_ray_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SystemExit):
        command.main([str(folders_set(tmp_path / "drawn")), "--ray"])
    assert "pip install 'samhq-demo[ray]'" in capsys.readouterr().err
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
