"""The headers that each answer has."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from samhq_demo.ui.headers import SafeHeaders, script_hashes
from testbed.running_app import RunningApp

POLICY = "Content-Security-Policy"
# printf 'go()' | openssl dgst -sha256 -binary | base64
GO = "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='"
PAGE = '<script>go()</script><script async src="a.js"></script><script type="module" data-src>go()</script>'


def policy_of_page(*, on_space: bool) -> str:
    routes = [Route("/", lambda _: HTMLResponse(PAGE))]
    app = Starlette(routes=routes, middleware=[Middleware(SafeHeaders, on_space=on_space)])
    return str(TestClient(app).get("/").headers[POLICY])


def test_a_pages_own_scripts_are_named_by_their_hashes_and_no_others_may_run() -> None:
    assert script_hashes(PAGE.encode()) == (GO, GO)
    rules = policy_of_page(on_space=False).split("; ")
    (scripts,) = [rule for rule in rules if rule.startswith("script-src")]
    assert scripts == f"script-src 'self' 'unsafe-eval' {GO} {GO}"


@pytest.mark.parametrize(
    ("on_space", "who"), [(False, "'self'"), (True, "'self' https://huggingface.co https://*.hf.space")]
)
def test_only_a_space_may_be_shown_in_the_hubs_pages(on_space: bool, who: str) -> None:
    assert policy_of_page(on_space=on_space).endswith(f"; frame-ancestors {who}")


@pytest.mark.parametrize("path", ["", "config", "healthz", "gradio_api/info", "none/such"])
def test_every_answer_of_the_app_has_them(app: RunningApp, path: str) -> None:
    headers = httpx.get(f"{app.url}{path}", timeout=60).headers
    assert headers[POLICY].startswith("default-src 'self'; script-src 'self' 'unsafe-eval'")
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")
