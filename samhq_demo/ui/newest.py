"""Of what one page has waiting in the queue, only the newest is worth an answer."""

from __future__ import annotations

from gradio.context import LocalContext


def is_superseded(name: str) -> bool:
    """Whether the same page has asked the function `name` again while this call of it waited for its turn.

    To be asked inside an event's function, before it begins to work.
    """
    blocks, request = LocalContext.blocks.get(None), LocalContext.request.get(None)
    session = getattr(request, "session_hash", None)
    if blocks is None or session is None:
        return False
    waiting = (
        event for queue in blocks._queue.event_queue_per_concurrency_id.values() for event in queue.queue
    )
    return any(event.session_hash == session and event.fn.name == name for event in waiting)
