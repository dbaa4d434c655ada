"""What the web server under Gradio is given of ours: `launch(app_kwargs=APP_KWARGS)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from samhq_demo.ui.bodies import BoundedBodies
from samhq_demo.ui.named_calls import HANDLERS

_MCP = "/gradio_api/mcp"


class McpWithoutSlash:
    """Serves the MCP address without its last slash as the one with it.

    Starlette would redirect it, to the address that it thinks is its own. Behind a proxy that is one which
    the client cannot reach.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(_MCP):
            scope = {**scope, "path": scope["path"] + "/", "raw_path": scope.get("raw_path", b"") + b"/"}
        await self._app(scope, receive, send)


APP_KWARGS: Mapping[str, Any] = {
    "exception_handlers": dict(HANDLERS),
    "middleware": [Middleware(BoundedBodies), Middleware(McpWithoutSlash)],
}
