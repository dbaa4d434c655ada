"""What a run measured, as values that go to a file and come back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

# The ways, as tables name them.
TRANSFORMERS, OFFICIAL, OURS = "transformers", "official predictors", "this project"
TRANSFORMERS_BF16 = "transformers, bfloat16"

# The geometry that this project alone is asked with, in the same rounds.
LIGHT = "light"

FIRST, LATER, TEN = "first click", "later click", "10 clicks on one picture"
BOXES_NEW, BOXES_SEEN = "32 boxes in a new picture", "32 boxes in the same picture again"
EVERYTHING = "everything in a new picture, 8 × 8 points"
PEAK_LOADED, PEAK_CLICKS = "peak memory, models loaded", "peak memory, clicks"
PEAK_BOXES = "peak memory, 32 boxes"
LOADED, PAGE = "start to models loaded", "start to page"
USERS = (1, 4, 16)


def users_row(count: int) -> str:
    return f"{count} user{'s' if count > 1 else ''} clicking"


@dataclass(frozen=True, slots=True)
class Series:
    """One figure of one way, once for each round. `unit` is "s", "MB" or "clicks/s"."""

    geometry: str
    way: str
    row: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def best(self) -> float:
        return max(self.values) if self.unit == "clicks/s" else min(self.values)


@dataclass(frozen=True, slots=True)
class Limit:
    """The encoder alone: `flops` a pass, `peak` products' operations a second, `seconds` of each round."""

    geometry: str
    dtype: str
    flops: int
    peak: float
    seconds: tuple[float, ...]

    @property
    def limit(self) -> float:
        """Seconds of a pass that is nothing but products at the peak."""
        return self.flops / self.peak

    @property
    def times(self) -> float:
        """How many times the limit a pass takes, by the median."""
        return median(self.seconds) / self.limit


@dataclass(frozen=True, slots=True)
class Profile:
    """Seconds of one request of this project, by part, largest first."""

    geometry: str
    question: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The lowest share of equal pixels between two ways' masks of one model."""

    geometry: str
    model: str
    ways: tuple[str, str]
    pixels: float


@dataclass(frozen=True, slots=True)
class Results:
    """All of a run. `about` is what the report says of it: machine, versions, date, rounds."""

    about: Mapping[str, str]
    series: Sequence[Series]
    limits: Sequence[Limit]
    profiles: Sequence[Profile]
    agreements: Sequence[Agreement]

    def find(self, geometry: str, way: str, row: str) -> Series | None:
        """None where this way was not asked for this row."""
        for one in self.series:
            if (one.geometry, one.way, one.row) == (geometry, way, row):
                return one
        return None

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Results:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return cls(
            about=found["about"],
            series=[Series(**{**one, "values": tuple(one["values"])}) for one in found["series"]],
            limits=[Limit(**{**one, "seconds": tuple(one["seconds"])}) for one in found["limits"]],
            profiles=[Profile(**one) for one in found["profiles"]],
            agreements=[Agreement(**{**one, "ways": tuple(one["ways"])}) for one in found["agreements"]],
        )
