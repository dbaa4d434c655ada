"""Answers that nobody fetches are dropped: Gradio would keep each as long as its session is known."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

# Of one session: far more than a page has on its way, each step of a streamed call counted.
MAX_MESSAGES = 256
# After that nobody comes for them; a page fetches at once.
MAX_SECONDS = 600.0


def drop_unfetched(
    blocks: gr.Blocks, *, max_messages: int = MAX_MESSAGES, max_seconds: float = MAX_SECONDS
) -> None:
    """Hold what the queue of `blocks` keeps for each session under a bound, in number and in time."""
    queue: Any = blocks._queue
    send = queue.send_message
    # Since when a session has not fetched all there is for it.
    behind_since: dict[str, float] = {}

    def sent(event: Any, message: Any) -> None:
        send(event, message)
        now = time.monotonic()
        messages = queue.pending_messages_per_session.get(event.session_hash)
        if messages is not None:
            while messages.qsize() > max_messages:
                messages.get_nowait()
            if messages.qsize() <= 1:  # all before this one was fetched
                behind_since.pop(event.session_hash, None)
            behind_since.setdefault(event.session_hash, now)
        _drop_old(queue, behind_since, before=now - max_seconds)

    queue.send_message = sent


def _drop_old(queue: Any, behind_since: dict[str, float], *, before: float) -> None:
    for session, since in list(behind_since.items()):
        if since > before:
            return  # they are in the order in which they fell behind
        del behind_since[session]
        messages = queue.pending_messages_per_session.get(session)
        while messages is not None and not messages.empty():
            messages.get_nowait()
