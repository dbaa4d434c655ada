"""Visitors' pictures, kept decoded under a bound in bytes; what was dropped is read again from its file."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from samhq_demo.drawing import View
from samhq_demo.pictures import Picture, read_picture

DEFAULT_MAX_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A picture and the view of it that the page shows."""

    picture: Picture
    view: View

    @property
    def size_bytes(self) -> int:
        shared = self.view.pixels is self.picture.pixels
        return int(self.picture.pixels.nbytes) + (0 if shared else int(self.view.pixels.nbytes))


class PictureStore:
    """Pictures by content id, least recently used out first. Safe under threads.

    Ids are never taken from a browser: who asks holds the session in which the picture came, and its file.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, file: Path) -> Held:
        """Read a file and keep it. Raises ValueError where it holds no picture; see `read_picture`."""
        picture = read_picture(file)
        known = self._find(picture.content_id)
        return known if known is not None else self._keep(Held(picture, View.of(picture.pixels)))

    def get(self, picture_id: str, *, file: Path) -> Held:
        """The picture read from `file`. Raises ValueError where it was dropped and its file is gone."""
        known = self._find(picture_id)
        return known if known is not None else self.read(file)

    def _find(self, picture_id: str) -> Held | None:
        with self._lock:
            held = self._held.get(picture_id)
            if held is not None:
                self._held.move_to_end(picture_id)
            return held

    def _keep(self, held: Held) -> Held:
        with self._lock:
            kept = self._held.setdefault(held.picture.content_id, held)
            if kept is held:
                self._size_bytes += held.size_bytes
            # The newest stays even where it alone is over the bound: it is in use.
            while self._size_bytes > self._max_bytes and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._size_bytes -= dropped.size_bytes
            return kept
