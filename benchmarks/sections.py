"""Marked parts of RESULTS.md: each is written by a command of its own, and stays when another writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A part between two marks."""

    title: str
    command: str

    @property
    def begin(self) -> str:
        return f"<!-- {self.title}: written by {self.command} -->"

    @property
    def end(self) -> str:
        return f"<!-- /{self.title} -->"

    def of(self, parts: Iterable[str]) -> str:
        """The section with its marks and its heading."""
        return "\n\n".join([self.begin, f"## {self.title}", *parts, self.end])

    def found_in(self, text: str) -> str:
        """As a report has it, marks and all; empty where it has none."""
        begin, end = text.find(self.begin), text.find(self.end)
        return text[begin : end + len(self.end)] if 0 <= begin < end else ""

    def put_into(self, text: str, new: str) -> str:
        """A report with this section replaced, or with a new one at its end."""
        old = self.found_in(text)
        if old:
            return text.replace(old, new)
        return f"{text.rstrip()}\n\n{new}\n".lstrip() if new else text


CALLS = Section("Calls over HTTP", "benchmarks.calls")
ON_GPU = Section("On a GPU", "benchmarks.gpu")
ALL = (CALLS, ON_GPU)
