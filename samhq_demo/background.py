"""Work behind the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


def in_background(task: Callable[[], None], *, name: str) -> None:
    """Run a task in a thread of its own, which does not keep the program from ending."""
    threading.Thread(target=task, name=name, daemon=True).start()


def try_for(name: str, prepare: Callable[[str], object]) -> None:
    """Call `prepare(name)`; what it raises is logged, and all goes on."""
    try:
        prepare(name)
    except Exception:
        logger.exception("What was to be prepared for %s was not", name)
