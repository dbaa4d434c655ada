"""Many people at once: their answers are compared, timed and reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Browser

from benchmarks.load import Record, measure, megabytes, users
from benchmarks.load_report import Asked, Sample, growth, report
from testbed.running_app import RunningApp


def test_sixteen_users_have_sixteen_pictures_of_all_sizes(tmp_path: Path) -> None:
    pictures = [user.picture for user in users(16, tmp_path)]
    assert len({picture.read_bytes() for picture in pictures}) == 16
    widths = sorted(Image.open(picture).width for picture in pictures)
    assert widths == [550] * 6 + [1200] * 5 + [2448] * 3 + [4243, 6000]


@pytest.mark.browser
def test_a_crowd_gets_the_answers_that_each_got_alone(
    app: RunningApp, browser: Browser, tmp_path: Path
) -> None:
    record = measure(app, browser, tmp_path, count=2, minutes=0.08, think=0.2)
    kinds = {each.kind for each in record.asked}
    assert {"connect", "click in the browser", "export in the browser"} < kinds
    assert [each.outcome for each in record.asked] == ["right"] * len(record.asked)


def test_another_answer_is_wrong_and_a_sentence_is_a_refusal() -> None:
    record = Record()

    def refused() -> str:
        raise AppError("Try again.")

    def failed() -> str:
        raise OSError("cut")

    def late() -> str:
        raise httpx.ReadTimeout("timed out", request=httpx.Request("POST", "http://app/upload"))

    record.time("click", lambda: "theirs", "mine")
    record.time("click", refused, "mine")
    record.time("click", failed, "mine")
    record.time("click", late, "mine")
    assert [each.outcome for each in record.asked] == [
        "wrong",
        "refused: Try again.",
        "failed: OSError: cut",
        "failed: ReadTimeout: timed out (POST /upload)",
    ]
    assert [each.is_bad for each in record.asked] == [True, False, True, True]


def test_memory_counts_what_a_process_started() -> None:
    """Two children with 60 MB each, one of them started by the other."""
    hold = "b = bytearray(60_000_000); b[::4096] = b'x' * len(b[::4096]); print(1, flush=True); input()"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline(), child.stdout.readline()
        assert 120 < megabytes(child.pid) < 200
        assert megabytes(os.getpid()) > 120
        child.communicate("\n\n")


def test_the_report_has_every_kind_and_what_went_wrong() -> None:
    asked = [Asked("click", n, n / 100, "right") for n in range(101)] + [Asked("box", 3, 9.0, "wrong")]
    samples = [Sample(n, 500 + n, n % 3) for n in range(0, 60, 5)]
    text = report(asked, samples, users=4, minutes=1, others="7 %")
    assert "Other programs took 7 % of the processor." in text
    assert (
        "102 questions, 1.7 right answers a second: 101 right, 1 wrong, 0 refused in words, 0 failed." in text
    )
    assert "| click | 101 | 0.50 s | 0.95 s | 0.99 s | 1.00 s |" in text
    assert "1 times: wrong" in text


def test_growth_is_between_the_halves_after_the_warm_up() -> None:
    flat = [Sample(n, 900 if n < 25 else 500, 0) for n in range(100)]
    rising = [Sample(n, 500 if n < 62.5 else 600, 0) for n in range(100)]
    assert growth(flat, 100) == 0
    assert growth(rising, 100) == pytest.approx(0.2)
