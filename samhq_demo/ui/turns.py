"""Direct calls (`/gradio_api/run/...`) wait for their turn as queued ones do.

Gradio's queue counts its own calls alone: a direct one runs at once, however many there are.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import gradio as gr

# Of direct calls to one endpoint; who comes after that is asked to use the queue.
MAX_WAITING = 64
TOO_MANY = "Too many direct requests are waiting: try again, or ask through the queue at /gradio_api/call."


def keep_turns(blocks: gr.Blocks) -> None:
    """Hold the calls of each endpoint, direct and queued together, to its `concurrency_limit`."""
    process = blocks.process_api
    turns: dict[str, asyncio.Semaphore] = {}
    waiting: defaultdict[str, int] = defaultdict(int)

    async def in_turn(block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        asked = blocks.fns[block_fn] if isinstance(block_fn, int) else block_fn
        limit = asked.concurrency_limit
        if not asked.queue or not isinstance(limit, int):
            return await process(block_fn, *args, **kwargs)
        key = str(asked.concurrency_id)
        turn = turns.setdefault(key, asyncio.Semaphore(limit))
        if kwargs.get("event_id") is None:
            if waiting[key] >= MAX_WAITING:
                raise gr.Error(TOO_MANY, print_exception=False)
            waiting[key] += 1
            try:
                await turn.acquire()
            finally:
                waiting[key] -= 1
        else:
            await turn.acquire()
        try:
            return await process(block_fn, *args, **kwargs)
        finally:
            turn.release()

    blocks.process_api = in_turn  # type: ignore[method-assign]
