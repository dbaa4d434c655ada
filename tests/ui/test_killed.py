"""The app is killed in the middle of an answer: whoever asked is told at once, and can ask again."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import CancelledError
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.utils import Status

from testbed.photos import save_photo
from testbed.running_app import free_port, run_app
from tests.support.waiting import wait


def test_a_client_gets_an_error_at_once_and_an_answer_from_the_next_server(tmp_path: Path) -> None:
    port, photo = free_port(), handle_file(save_photo(tmp_path / "photo.png", size_wh=(400, 300)))
    (tmp_path / "app").mkdir()
    with run_app(tmp_path / "app", port=port, SAMHQ_MODEL="tiny") as running:
        client = Client(running.url, verbose=False, analytics_enabled=False, download_files=tmp_path)
        job = client.submit(image=photo, points_per_side=64, api_name="/segment_everything")
        wait(lambda: job.status().code is Status.PROCESSING)
        os.kill(running.process_id, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises((httpx.TransportError, CancelledError)):  # by what it was waiting for
            job.result(timeout=60)
        assert time.monotonic() - began < 30
    with run_app(tmp_path / "app", port=port, SAMHQ_MODEL="tiny") as again:
        client = Client(again.url, verbose=False, analytics_enabled=False, download_files=tmp_path)
        result, _, _ = client.predict(image=photo, points=[[200, 150]], api_name="/compare")
        assert result["objects"][0]["sam_hq"]["area"] > 0
