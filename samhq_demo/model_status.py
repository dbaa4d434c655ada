"""What people are told of models: which there are, which one answers, and what becomes of one they chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What `/models` says of a model. `available`: its weights are on this machine."""

    name: str
    parameters: int
    hq_parameters: int
    source: str
    available: bool
    active: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "parameters": self.parameters,
            "hq_parameters": self.hq_parameters,
            "source": self.source,
            "available": self.available,
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The model that answers (None while none can), whether it is loaded, and why it is this one.

    Attributes:
        advice: where it is smaller than `base`, that `base` is sharper and how to get it; else empty.
    """

    model: str | None
    ready: bool
    message: str
    advice: str = ""

    @property
    def is_small(self) -> bool:
        """Whether the model that answers is smaller than `base`."""
        return bool(self.advice)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of a model that somebody chose.

    Attributes:
        is_here: it can answer, after loading.
        message: where it is not, why, and who answers instead; else empty.
        is_settled: nothing changes by itself any more: nothing is being downloaded or loaded.
    """

    is_here: bool
    is_settled: bool
    message: str = ""
