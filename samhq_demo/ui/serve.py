"""Build the page and serve it. Imports gradio: not before `prepare_environment` of `launching`."""

from __future__ import annotations

import importlib.util
import logging
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType

import gradio as gr
from starlette.routing import BaseRoute

from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.ui.asgi import app_kwargs
from samhq_demo.ui.launching import exit_in_one_sentence
from samhq_demo.ui.outside import outside_routes
from samhq_demo.ui.page import CSS_FILE, build_page, theme
from samhq_demo.ui.request_ids import LogLines

# Room for 64 megapixels in an uncompressed format of 8 bits a channel.
MAX_FILE_SIZE = "256mb"
_LAST_SECONDS = 3
# In the package once that is installed, beside it in its repository.
_PACKAGE = Path(__file__).parent.parent
EXAMPLES = _PACKAGE / "examples"
if not EXAMPLES.is_dir():
    EXAMPLES = _PACKAGE.parent / "examples"


def launch(page: gr.Blocks, *, routes: Sequence[BaseRoute] = ()) -> None:
    """Serve until stopped, on Gradio's own GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.

    Args:
        routes: more than those of the page.
    """
    page.launch(
        theme=theme(),
        css_paths=CSS_FILE,
        max_file_size=MAX_FILE_SIZE,
        mcp_server=importlib.util.find_spec("mcp") is not None,
        show_error=False,
        # Visitors' runs are nobody's to keep, and the footer has no button for them.
        run_history=False,
        footer_links=["api", "settings", "gradio"],
        ssr_mode=False,
        app_kwargs=app_kwargs(routes),
        # Gradio has asked its server by now; for the page it would wait three seconds and then end the app,
        # and on a busy machine, with torch being imported, the first page takes longer.
        _frontend=False,
    )


def _stop(page: gr.Blocks, number: int, frame: FrameType | None) -> None:
    """End the server, also where somebody looks at the page.

    Gradio would wait five seconds for the streams of open pages and then leave the server as it is, with the
    visitors' files. Told of the end the streams end at once; what else is under way has `_LAST_SECONDS`.
    """
    if page.is_running:
        page.server.config.timeout_graceful_shutdown = _LAST_SECONDS
        page.server_app.stop_event.set()
    signal.default_int_handler(number, frame)


def main(*, service_of: Callable[[Settings], CompareService] = build_service) -> None:
    """Serve as the settings in the environment say; one sentence and an end where that cannot be.

    Args:
        service_of: makes the service, here or as one that asks other machines.
    """
    # As Ctrl+C, so that visitors' files are deleted at the end: this is how a Space and a container stop.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    handler = logging.StreamHandler()
    handler.setFormatter(LogLines())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("samhq_demo").setLevel(logging.INFO)
    with exit_in_one_sentence(ValueError):
        settings = Settings.from_environment()
        service = service_of(settings)
    page = build_page(service, examples_dir=EXAMPLES)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_stop, page))
    routes = outside_routes(service, page, shows_metrics=settings.metrics)
    with exit_in_one_sentence(OSError):
        try:
            launch(page, routes=routes)
        except KeyboardInterrupt:  # while the server was just starting; later Gradio sees to it
            page.close(verbose=False)
