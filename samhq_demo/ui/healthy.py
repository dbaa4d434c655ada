"""Whether the app answers, for a container's health check: `python -m samhq_demo.ui.healthy`."""

from __future__ import annotations

import os
import sys
import urllib.request

_SECONDS = 8


def is_healthy(port: str) -> bool:
    """Whether `/healthz` answers on a port; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/healthz", timeout=_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(os.environ.get("GRADIO_SERVER_PORT", "7860")) else 1)
