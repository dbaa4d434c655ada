"""Requests that name their inputs, `/call/v2/...`: what Gradio finds wrong with one, answered as a refusal.

Gradio puts the named inputs in order before any code of ours runs, and lets its errors there become a fault
of the server, with a traceback in the log and no reason in the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from samhq_demo.parsing import printable

logger = logging.getLogger(__name__)

_ROUTE = "/call/v2/"
_SERVER_FUNCTIONS = "/component_server"
_UNPROCESSABLE = 422


async def _refuse_form(request: Request, error: Exception) -> JSONResponse:
    """A body of another form than the route's. FastAPI would repeat it, also what no answer can hold."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    wrong = [
        {"loc": [str(part) for part in one["loc"]], "msg": one["msg"], "type": one["type"]} for one in faults
    ]
    logger.warning("%s refused: the body has not the right form", printable(request.url.path[:100]))
    sentence = "The body has not the form that this address takes: see /gradio_api/info."
    return JSONResponse({"error": sentence, "detail": wrong[:5]}, status_code=_UNPROCESSABLE)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    _, found, endpoint = request.url.path.partition(_ROUTE)
    if not found:
        if isinstance(error, KeyError) and _SERVER_FUNCTIONS in request.url.path:
            return await _refuse_form(request, error)
        raise error
    if isinstance(error, KeyError):
        sentence = f"There is no endpoint /{endpoint[:60]}: see /gradio_api/info for those that are there."
    else:
        sentence = (
            f"{str(error).partition(chr(10))[0][:300].rstrip('.')}: see /gradio_api/info for the inputs."
        )
    sentence = printable(sentence)
    logger.warning("%s%s refused: %s", _ROUTE, printable(endpoint[:60]), sentence)
    return JSONResponse({"error": sentence}, status_code=_UNPROCESSABLE)


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Any]] = {
    KeyError: _refuse,
    TypeError: _refuse,
    RequestValidationError: _refuse_form,
}
"""For FastAPI's `exception_handlers`; what is raised on another route stays what it is."""
