"""Gradio's queue answers as ever, and keeps no statistics."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.service import CompareService
from samhq_demo.ui.page import build_page
from samhq_demo.ui.queue_statistics import keep_no_statistics
from testbed.photos import save_photo
from tests.support.servers import compare_inputs, serve


@pytest.mark.parametrize("drops", [False, True])
def test_a_queue_keeps_nothing_of_calls_that_are_over(
    service: CompareService, tmp_path: Path, drops: bool
) -> None:
    """Also that Gradio still has what is left out, or the first case fails."""
    photo = save_photo(tmp_path / "photo.png", size_wh=(64, 50), seed=78)
    with serve(service, folder=tmp_path / "uploads") as served:
        if drops:
            keep_no_statistics(served.blocks)
        path = served.upload(photo)
        for _ in range(2):
            answer = served.call("compare", *compare_inputs(path, points=[[20, 20]]))
            assert "event: complete" in answer
        queue = served.blocks._queue
        assert len(queue.event_analytics) == (0 if drops else 2)
        assert bool(queue.cached_event_analytics_summary["functions"]) is not drops


def test_the_page_keeps_none_and_does_not_tell_ranks_at_each_call(service: CompareService) -> None:
    queue = build_page(service)._queue
    assert queue.ANALYTICS_MAX_EVENTS == 0
    assert not queue.live_updates
