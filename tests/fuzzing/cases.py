"""How many cases are made up, and what no case may do: take long, or make the process grow."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

# In all: 500 in `make test`, the same each time; 20,000 in `make soak`, others each time.
CASES = int(os.environ.get("FUZZ_CASES", "500"))
# Of processor time, as the clock tells of other programs too; what stands still runs into a client's limit.
MAX_SECONDS = 5.0
# Once a fifth of the cases has warmed all up.
MAX_GROWTH_BYTES = 256 * 2**20

Test = TypeVar("Test", bound=Callable[..., Any])


def cases(share: float) -> Callable[[Test], Test]:
    """A decorator of a test that gets a share of all cases."""
    return settings(
        max_examples=max(1, round(share * CASES)),
        derandomize="FUZZ_CASES" not in os.environ,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def quick(most_seconds: float = MAX_SECONDS) -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < most_seconds


class Growth:
    """Whether memory stays what it is once all has been used."""

    def __init__(self, share: float) -> None:
        self._warm_after = share * CASES / 5
        self._seen = 0
        self._before = 0

    def look(self) -> None:
        """After each case."""
        self._seen += 1
        if self._seen >= self._warm_after and not self._before:
            self._before = resident_bytes()

    def check(self) -> None:
        assert resident_bytes() - self._before < MAX_GROWTH_BYTES


def resident_bytes() -> int:
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # the most that there were
