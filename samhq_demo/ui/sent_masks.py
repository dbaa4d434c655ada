"""Masks that the browser sends once: later questions about the same picture name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samhq_demo.cache import BoundedCache
from samhq_demo.masks.runs import Runs, parse_rle

DEFAULT_MAX_BYTES = 64 * 2**20


class UnknownMaskError(LookupError):
    """The named mask was never sent, or others have taken its place since: it has to be sent whole."""


class SentMasks:
    """Masks by picture and number, least recently used out first. Safe under threads."""

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._kept: BoundedCache[Runs] = BoundedCache(max_bytes=max_bytes)

    def find(self, sent: Any, *, picture_id: str, size_wh: tuple[int, int]) -> Runs | None:
        """The mask that a question has; None for None.

        Args:
            sent: {"id", "size", "counts"}, which is kept under its id; {"id"} alone, of one kept before; or
                {"size", "counts"}. An id is a whole number, and never comes again with another mask.
            picture_id: a ticket of the picture store. Nobody can guess it, so nobody else can name the mask.

        Raises:
            UnknownMaskError: there is an id alone, and no mask of that id.
            ValueError: it is anything else, or no mask of `size_wh`.
        """
        if sent is None:
            return None
        if not isinstance(sent, Mapping) or "id" not in sent:
            return parse_rle(sent, size_wh=size_wh)
        if type(sent["id"]) is not int:
            raise ValueError("A mask's id must be a whole number.")
        key = (picture_id, sent["id"])
        rle = {name: value for name, value in sent.items() if name != "id"}
        if rle:
            return self._kept.get(key, lambda: parse_rle(rle, size_wh=size_wh))[0]
        kept = self._kept.find(key)
        if kept is None:
            raise UnknownMaskError(f"There is no mask {sent['id']} of this picture.")
        return kept
