"""The app seen from outside: whether it is up, whether it can answer, and what it counts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from samhq_demo.measures import CACHE_BYTES, DISK_BYTES, QUEUE_LENGTH, READY, REGISTRY
from samhq_demo.service import CompareService

_UNAVAILABLE = 503
_NOT_KEPT = {"Cache-Control": "no-store"}


def outside_routes(service: CompareService, blocks: gr.Blocks, *, shows_metrics: bool) -> list[Route]:
    """Routes for `app_kwargs`: /healthz, /readyz and, where they are to be shown, /metrics."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("This process answers.\n", headers=_NOT_KEPT)

    async def readyz(_: Request) -> Response:
        status = service.status()
        code = 200 if status.ready else _UNAVAILABLE
        return PlainTextResponse(f"{status.message}\n", status_code=code, headers=_NOT_KEPT)

    def metrics(_: Request) -> Response:  # in a thread, as it looks at files
        if not shows_metrics:
            return PlainTextResponse("Metrics are not shown here: see SAMHQ_METRICS.\n", status_code=404)
        READY.set(service.status().ready)
        QUEUE_LENGTH.set(len(blocks._queue))
        CACHE_BYTES.labels("now").set(service.cache_bytes)
        CACHE_BYTES.labels("most").set(service.max_cache_bytes)
        DISK_BYTES.set(_disk_bytes(blocks))
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST, headers=_NOT_KEPT)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def _disk_bytes(blocks: gr.Blocks) -> int:
    """Of all files that visitors sent or were given, as far as Gradio or the app knows of them."""
    return sum(_size(Path(path)) for path in set().union(*blocks.temp_file_sets))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # deleted just now
        return 0
