"""Leaves out Gradio's statistics of its queue: nobody sees them here, and every answer would pay for them."""

from __future__ import annotations

from typing import Any

import gradio as gr


def keep_no_statistics(blocks: gr.Blocks) -> None:
    """Have the queue of `blocks` keep nothing of calls that are over.

    After each call Gradio makes a table of those before it, up to 10,000, and groups it: 3 ms of processor
    that the next call waits for, later 10. It is for a page of its own, /monitoring.
    """
    queue: Any = blocks._queue
    queue.ANALYTICS_MAX_EVENTS = 0
    queue.compute_analytics_summary = lambda _records: queue.cached_event_analytics_summary
