"""What all parsers share: short values for messages, lists, and errors that name the item."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypeVar

Parsed = TypeVar("Parsed")


def short_repr(value: Any) -> str:
    """A value for a message: short, and on one line, however large what was sent is."""
    return " ".join(reprlib.repr(value).split())


def items_of(value: Any, *, rule: str) -> tuple[Any, ...]:
    """The items of a list or of another sequence; else ValueError with `rule`: "points must be a list"."""
    # A string and a mapping can be iterated over as well, but are never what was meant.
    if not isinstance(value, (str, bytes, Mapping)):
        try:
            return tuple(value)
        except TypeError:
            pass
    raise ValueError(f"{rule}, not {short_repr(value)}.")


def parse_each(items: Iterable[Any], parse: Callable[[Any], Parsed], *, name: str) -> tuple[Parsed, ...]:
    """Every item parsed; the ValueError of a wrong one says which it is.

    name: of an item in messages, with a place for its number, such as "Prompt {}".
    """
    parsed = []
    for number, item in enumerate(items, start=1):
        with errors_of(name.format(number)):
            parsed.append(parse(item))
    return tuple(parsed)


@contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Put in front of a ValueError's sentence what it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def is_finite_number(value: Any) -> bool:
    """Whether it is a real number as JSON has them; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too long for a float
        return False
