"""Where a page stands in line: in Gradio's queue, and then at the encoder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from gradio.context import LocalContext

from samhq_demo.service import CompareService
from samhq_demo.ui import texts
from samhq_demo.ui.viewer.wire import PlaceReply

# The events and requests that wait for each other, by Gradio's `concurrency_id`.
ENCODING_QUEUE = "encode"
EVERYTHING_QUEUE = "everything"
EVALUATION_QUEUE = "evaluate"


def place_in(concurrency_id: str) -> PlaceReply | None:
    """What the page that asks waits for in a queue of one at a time; None: nothing of it waits there."""
    pages = pages_before(concurrency_id)
    # And the one that is served.
    return None if pages is None else {"work": texts.waiting(pages + 1)}


def at_encoder(service: CompareService, content_id: str, *, model: str | None) -> str:
    """What a picture waits for at the encoder, in a sentence: the model, others' pictures, or its own turn.

    Empty where it is encoded, or nobody has asked for that.
    """
    if not service.is_loaded(model):
        return texts.LOADING.format(model=model or service.status().model)
    before = service.encodes_before(content_id, model=model)
    if before is None:
        return ""
    return texts.waiting(before) if before else texts.ENCODING


def pages_before(concurrency_id: str) -> int | None:
    """How many other pages wait before the one that asks; None: nothing of that page waits there.

    Not those whose call is being worked on. To be asked inside a server function: what a page asks there
    is answered while its events wait.
    """
    blocks, session = LocalContext.blocks.get(None), _session()
    queue = None if blocks is None else blocks._queue.event_queue_per_concurrency_id.get(concurrency_id)
    if queue is None or session is None:
        return None
    return pages_before_in((event.session_hash for event in list(queue.queue)), session)


def pages_before_in(waiting: Iterator[str], session: str) -> int | None:
    """The same of the pages' session hashes, the next one first."""
    sessions = list(waiting)
    if session not in sessions:
        return None
    return len(set(takewhile(lambda each: each != session, sessions)))


def _session() -> str | None:
    """Of the page that calls a server function; only the body of its web request names it."""
    request: Any = LocalContext.request.get(None)
    # Parsed by then, and kept by Starlette.
    body = getattr(request, "_json", None)
    session = body.get("session_hash") if isinstance(body, dict) else None
    return session if isinstance(session, str) else None
