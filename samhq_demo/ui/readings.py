"""Pictures of programs, decoded once for all requests about one file."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from samhq_demo.cache import BoundedCache
from samhq_demo.pictures import Picture, read_picture

# The largest picture that is read takes 192 MB.
MAX_BYTES = 256 * 2**20

# Gradio's SHA-256 of an upload's content and a secret.
_CONTENT = re.compile(r"[0-9a-f]{64}")


class Readings:
    """The pictures of files that were read last, under a bound in bytes. Safe under threads."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._kept: BoundedCache[Picture] = BoundedCache(max_bytes=max_bytes)

    def picture(self, source: Path | BytesIO) -> Picture:
        """As `read_picture`, which is asked where the file is not an upload or was not read lately.

        gradio_client uploads a picture at every call, and Gradio's folder for an upload is named by the
        content: so a picture's next call finds it here, although its file was written anew.
        """
        if not isinstance(source, Path) or not _CONTENT.fullmatch(source.parent.name):
            return read_picture(source)
        return self._kept.get(source, lambda: read_picture(source))[0]
