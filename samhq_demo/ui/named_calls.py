"""Requests that name their inputs, `/call/v2/...`: what Gradio finds wrong with one, answered as a refusal.

Gradio puts the named inputs in order before any code of ours runs, and lets its errors there become a fault
of the server, with a traceback in the log and no reason in the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

logger = logging.getLogger(__name__)

_ROUTE = "/call/v2/"
_UNPROCESSABLE = 422


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    _, found, endpoint = request.url.path.partition(_ROUTE)
    if not found:
        raise error
    if isinstance(error, KeyError):
        sentence = f"There is no endpoint /{endpoint[:60]}: see /gradio_api/info for those that are there."
    else:
        sentence = (
            f"{str(error).partition(chr(10))[0][:300].rstrip('.')}: see /gradio_api/info for the inputs."
        )
    sentence = " ".join(sentence.split())
    logger.warning("%s%s refused: %s", _ROUTE, endpoint[:60], sentence)
    return JSONResponse({"error": sentence}, status_code=_UNPROCESSABLE)


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Any]] = {
    KeyError: _refuse,
    TypeError: _refuse,
}
"""For FastAPI's `exception_handlers`; what is raised on another route stays what it is."""
