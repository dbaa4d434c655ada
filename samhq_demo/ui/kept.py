"""Restores a page from what the browser kept: after a reload, a lost connection or a server restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from samhq_demo.ui.viewer.component import KEPT_AS

READ_KEPT = f"""(...given) => {{
  try {{ return [...given.slice(0, -1), sessionStorage.getItem({json.dumps(KEPT_AS)})]; }}
  catch {{ return [...given.slice(0, -1), null]; }}
}}"""
"""For an event's `js`: puts what was kept in place of the last input. Storage may be forbidden."""


@dataclass(frozen=True, slots=True)
class Kept:
    """picture_id: a ticket of the picture store. model: that the visitor had chosen; "" for automatic."""

    picture_id: str
    model: str = ""

    @classmethod
    def from_json(cls, text: Any) -> Kept | None:
        """None for anything but what the viewer writes: all can write to their own browser's storage."""
        if not isinstance(text, str):
            return None
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None
        picture_id = data.get("picture") if isinstance(data, dict) else None
        if not isinstance(picture_id, str):
            return None
        model = data.get("model")
        return cls(picture_id, model if isinstance(model, str) else "")
