"""From what many people asked to docs/load.md: how many answers, how long they took, memory and queue."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.machine import about_machine

# What comes before is the warm-up: caches fill, processes and libraries take their memory.
_WARM_SHARE = 0.25
_PARTS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: when it was asked and how long it took, in seconds, and what came of it."""

    kind: str
    at: float
    seconds: float
    outcome: str  # "right", "wrong", "refused: ..." (the app's own sentence) or "failed: ..."

    @property
    def is_bad(self) -> bool:
        """A refusal in words is an answer that a crowd may get; a wrong mask or a fault is not."""
        return self.outcome == "wrong" or self.outcome.startswith("failed")


@dataclass(frozen=True, slots=True)
class Sample:
    """The app at one moment: seconds from the beginning, memory of all its processes, waiting questions."""

    at: float
    megabytes: float
    waiting: int


# Measured with 64 clients that connect within eight seconds, on two cores.
_TIMEOUTS = (
    "`gradio_client` waits five seconds for each reply (httpx's default) as it connects, uploads and joins "
    "the queue, and not for the answer itself. Connecting asks the app for two long descriptions. A client "
    "that has no TLS context handed to it takes 160 ms of its own processor for that, and 30 ms for each "
    "request after it; so the clients here share one, as they share the machine. Where many connect at once "
    'to a busy machine, `Client(url, httpx_kwargs={"timeout": 60}, ssl_verify=ssl.create_default_context())` '
    "waits longer."
)


def report(
    asked: Sequence[Asked], samples: Sequence[Sample], *, users: int, minutes: float, others: str
) -> str:
    """The whole file, Markdown. others: what other programs took of the processor, as `Watch` says it."""
    machine = about_machine()
    right = [each for each in asked if each.outcome == "right"]
    counts = Counter(each.outcome.partition(":")[0] for each in asked)
    lines = [
        "# Many people at once",
        "",
        f"Written by `make load`: {users} clients of the API and one browser for {minutes:g} minutes, "
        f"`tiny`, the app and all clients on one machine ({machine['processor']}, {machine['cores']} cores). "
        "Each user has a picture of their own, of 0.2 to 24 megapixels, and thinks for eight seconds after "
        "each answer. It is right if its masks are those that came when nobody else was there. "
        f"Other programs took {others} of the processor.",
        "",
        f"{len(asked)} questions, {len(right) / (60 * minutes):.1f} right answers a second: "
        f"{counts['right']} right, {counts['wrong']} wrong, {counts['refused']} refused in words, "
        f"{counts['failed']} failed.",
        "",
        "| question | answers | p50 | p95 | p99 | longest |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(kind, [each.seconds for each in right if each.kind == kind]) for kind in _kinds(right)),
        "",
        "| minutes | memory, MB | waiting questions |",
        "| --- | --- | --- |",
        *_over_time(samples, 60 * minutes),
        "",
        "Memory after the warm-up (the first quarter), from its first half to its second: "
        f"{growth(samples, 60 * minutes):+.0%}.",
        "",
        _TIMEOUTS,
    ]
    not_right = Counter(each.outcome for each in asked if each.outcome != "right")
    lines += [f"\n{number} times: {outcome}" for outcome, number in not_right.most_common()]
    return "\n".join(lines) + "\n"


def growth(samples: Sequence[Sample], seconds: float) -> float:
    """By what share the mean memory of the second half after the warm-up is more than that of the first."""
    middle = seconds * (1 + _WARM_SHARE) / 2
    before = [each.megabytes for each in samples if seconds * _WARM_SHARE <= each.at < middle]
    after = [each.megabytes for each in samples if each.at >= middle]
    return statistics.fmean(after) / statistics.fmean(before) - 1 if before and after else 0.0


def _kinds(asked: Sequence[Asked]) -> list[str]:
    return sorted({each.kind for each in asked})


def _row(kind: str, seconds: list[float]) -> str:
    shares = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    cells = (f"{value:.2f} s" for value in (shares[49], shares[94], shares[98], max(seconds)))
    return f"| {kind} | {len(seconds)} | {' | '.join(cells)} |"


def _over_time(samples: Sequence[Sample], seconds: float) -> list[str]:
    rows = []
    for part in range(_PARTS):
        start, end = seconds * part / _PARTS, seconds * (part + 1) / _PARTS
        inside = [each for each in samples if start <= each.at < end]
        if inside:
            memory = max(each.megabytes for each in inside)
            waiting = statistics.fmean(each.waiting for each in inside)
            rows.append(f"| {start / 60:.1f} to {end / 60:.1f} | {memory:.0f} | {waiting:.0f} |")
    return rows
