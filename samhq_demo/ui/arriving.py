"""Uploads on their way: what a broken one leaves is deleted, and a full disk is told in one sentence."""

from __future__ import annotations

import contextvars
import logging
import tempfile
from pathlib import Path
from typing import Any

from gradio import route_utils
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samhq_demo.ui.errors import DISK_FULL, is_disk_full

logger = logging.getLogger(__name__)

# The files that are being written for the request of this context.
_FILES: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("arriving", default=None)


def _noted_file(*args: Any, **kwargs: Any) -> Any:
    file = tempfile.NamedTemporaryFile(*args, **kwargs)  # noqa: SIM115 - closed by who asked for it
    files = _FILES.get()
    if files is not None:
        files.append(file.name)
    return file


class TidyUploads:
    """Deletes what is left of a request's files where Gradio had written them, once the request is over.

    Gradio writes an upload to a file that nobody knows of before it has come whole, and deletes it only
    where the form is wrong: not where the sender leaves or the disk is full. It has no hook for this,
    hence the replaced function.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        vars(route_utils)["NamedTemporaryFile"] = _noted_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        is_answered = False

        async def noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        files: list[str] = []
        token = _FILES.set(files)
        try:
            await self._app(scope, receive, noted)
        except OSError as error:
            if is_answered or not is_disk_full(error):
                raise
            logger.warning("%s refused: %s", scope["path"], DISK_FULL)
            answer = JSONResponse({"error": DISK_FULL, "detail": DISK_FULL}, status_code=507)
            await answer(scope, receive, send)
        finally:
            _FILES.reset(token)
            for file in files:  # one that came whole has its place elsewhere by now
                Path(file).unlink(missing_ok=True)
