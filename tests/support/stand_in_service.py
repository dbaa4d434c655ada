"""A service under another model's name, so that the page can be seen as a model shows it that is not here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from samhq_demo.model_status import ServiceStatus
from samhq_demo.pictures import Picture
from samhq_demo.prompts.request import Request
from samhq_demo.results.comparison import Comparison
from samhq_demo.service import CompareService

BASE = ServiceStatus("base", True, "base answers.")
TINY = ServiceStatus("tiny", True, "tiny answers.", "base is sharper: choose it under Model.")


class StandIn:
    """The real service of whatever checkpoint, which says that another model answers.

    Attributes:
        current: what it says now.
        is_ahead: whether it answers before it is asked, as anywhere but on ZeroGPU.
    """

    def __init__(self, service: CompareService, current: ServiceStatus, *, is_ahead: bool = True) -> None:
        self._service = service
        self.current = current
        self._is_ahead = is_ahead

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def status(self) -> ServiceStatus:
        return self.current

    def is_small(self, model: str) -> bool:
        return self.current.is_small

    def is_bundled(self) -> bool:
        return False

    def when_loaded(self, prepare: Callable[[str], None]) -> None:
        if self._is_ahead:
            threading.Thread(target=prepare, args=[self.current.model], daemon=True).start()

    def compare(self, picture: Picture, request: Request, **how: Any) -> Comparison:
        return self._service.compare(picture, replace(request, model=None), **how)
