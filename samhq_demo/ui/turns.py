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
    direct = _DirectCalls()
    queued = _QueuedCalls()

    async def in_turn(block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        asked = blocks.fns[block_fn] if isinstance(block_fn, int) else block_fn
        limit = asked.concurrency_limit
        if not asked.queue or not isinstance(limit, int):
            return await process(block_fn, *args, **kwargs)
        key = str(asked.concurrency_id)
        turn = turns.setdefault(key, asyncio.Semaphore(limit))
        event_id = kwargs.get("event_id")
        if event_id is not None:
            await queued.acquire(turn, event_id, blocks._queue)
            return await process(block_fn, *args, **kwargs)
        await direct.acquire(turn, key)
        try:
            return await process(block_fn, *args, **kwargs)
        finally:
            turn.release()

    blocks.process_api = in_turn  # type: ignore[method-assign]


class _DirectCalls:
    """Those that wait for their turn, by what they wait for."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, int] = defaultdict(int)

    async def acquire(self, turn: asyncio.Semaphore, key: str) -> None:
        if self._waiting[key] >= MAX_WAITING:
            raise gr.Error(TOO_MANY, print_exception=False)
        self._waiting[key] += 1
        try:
            await turn.acquire()
        finally:
            self._waiting[key] -= 1


class _QueuedCalls:
    """The turns of those that the queue runs: each from its first step to its end, however many it has."""

    def __init__(self) -> None:
        self._held: dict[str, asyncio.Semaphore] = {}
        self._queue: Any = None

    async def acquire(self, turn: asyncio.Semaphore, event_id: str, queue: Any) -> None:
        if event_id in self._held:
            return
        self._watch(queue)
        await turn.acquire()
        self._held[event_id] = turn

    def _watch(self, queue: Any) -> None:
        """The queue says so only by this when a call is over: done, failed, cancelled or left."""
        if queue is self._queue:
            return
        self._queue = queue
        reset = queue.reset_iterators

        async def ended(event_id: str) -> None:
            turn = self._held.pop(event_id, None)
            if turn is not None:
                turn.release()
            await reset(event_id)

        queue.reset_iterators = ended
