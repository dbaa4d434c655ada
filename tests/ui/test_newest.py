"""Of a page's waiting questions the newest is answered, and a streamed call is one turn from begin to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import gradio as gr
import httpx
import pytest

from samhq_demo.ui.question import Question
from samhq_demo.ui.turns import keep_turns
from samhq_demo.ui.viewer.component import answer_queued, build_viewer
from samhq_demo.ui.viewer.wire import Answer, Needs
from tests.support.waiting import wait

pytestmark = pytest.mark.waits


@contextmanager
def launched(blocks: gr.Blocks) -> Iterator[str]:
    """Its address, with a slash at the end."""
    _, url, _ = blocks.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        yield url
    finally:
        blocks.close(verbose=False)


def ask(url: str, session: str, sequence: int) -> None:
    question = {"picture": "a", "sequence": sequence, "object": 1, "prompt": {"points": [[1, 1]]}}
    asked = {"fn_index": 0, "data": [], "event_data": question, "session_hash": session}
    httpx.post(f"{url}gradio_api/queue/join", json=asked, timeout=60).raise_for_status()


def test_of_the_questions_that_wait_the_newest_of_each_page_is_answered() -> None:
    answered: list[int] = []
    may_go_on = threading.Event()

    def decode(question: Question) -> Answer:
        answered.append(question.sequence)
        may_go_on.wait(60)
        return Needs(needs="queue")

    with gr.Blocks(analytics_enabled=False) as blocks:
        answer_queued(build_viewer(decode), decode, concurrency_limit=1)
    with launched(blocks) as url:
        ask(url, "mine", 1)
        wait(lambda: answered == [1])
        for session, sequence in (("mine", 2), ("theirs", 10), ("mine", 3), ("mine", 4)):
            ask(url, session, sequence)
        may_go_on.set()
        wait(lambda: not blocks._queue.event_ids_to_events)
        messages = blocks._queue.pending_messages_per_session["mine"]
        said = [messages.get_nowait() for _ in range(messages.qsize())]
    assert answered == [1, 10, 4]
    completed = [message for message in said if message.msg == "process_completed"]
    assert len(completed) == 4
    assert all(message.success for message in completed)


def test_a_streamed_call_is_one_turn_to_its_end() -> None:
    order: list[str] = []
    has_begun, may_go_on = threading.Event(), threading.Event()

    def streamed() -> Iterator[str]:
        for step in ("begin", "middle", "end"):
            order.append(step)
            yield step
            has_begun.set()
            may_go_on.wait(60)

    def direct() -> str:
        order.append("direct")
        return "done"

    options: dict[str, Any] = {"concurrency_id": "one", "concurrency_limit": 1}
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.api(streamed, api_name="streamed", **options)
        gr.api(direct, api_name="direct", **options)
        keep_turns(blocks)
    with launched(blocks) as url, ThreadPoolExecutor(1) as caller:
        httpx.post(f"{url}gradio_api/call/streamed", json={"data": []}, timeout=60).raise_for_status()
        assert has_begun.wait(60)
        asked = caller.submit(httpx.post, f"{url}gradio_api/run/direct", json={"data": []}, timeout=60)
        futures.wait([asked], timeout=1)  # by then it waits for its turn
        may_go_on.set()
        assert asked.result(60).json()["data"] == ["done"]
        again = httpx.post(f"{url}gradio_api/run/direct", json={"data": []}, timeout=60)
        assert again.json()["data"] == ["done"]
    assert order == ["begin", "middle", "end", "direct", "direct"]
