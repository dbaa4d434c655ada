"""Headers by which a browser holds the page to what it is: no foreign script, no frame on another site."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Those of Gradio's page stand in it, and have no address: the policy names them by their hashes.
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

_POLICY = (
    "default-src 'self'",
    # Gradio makes functions of the templates and scripts of its components.
    "script-src 'self' 'unsafe-eval'",
    # It writes styles into elements, and into the page.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "connect-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)
_FRAMES = "frame-ancestors 'self'"
_FRAMES_OF_A_SPACE = f"{_FRAMES} https://huggingface.co https://*.hf.space"


class SafeHeaders:
    """Sets them on every answer.

    Args:
        on_space: whether the Hugging Face Hub may show the page in its own; else only this app itself may.
    """

    def __init__(self, app: ASGIApp, *, on_space: bool) -> None:
        self._app = app
        self._frames = _FRAMES_OF_A_SPACE if on_space else _FRAMES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def pass_on(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # until its body is there, which may have scripts in it
                return
            if start is not None:
                held, start = start, None
                self._mark(held, message.get("body", b""))
                await send(held)
            await send(message)

        await self._app(scope, receive, pass_on)

    def _mark(self, start: Message, body: bytes) -> None:
        is_page = Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
        headers = MutableHeaders(raw=start["headers"])
        headers["Content-Security-Policy"] = self._policy(script_hashes(body) if is_page else ())
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"

    def _policy(self, hashes: tuple[str, ...]) -> str:
        rules = (" ".join((rule, *hashes)) if rule.startswith("script-src") else rule for rule in _POLICY)
        return "; ".join((*rules, self._frames))


def script_hashes(page: bytes) -> tuple[str, ...]:
    """What stands for each script in a page, as a policy names it."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
