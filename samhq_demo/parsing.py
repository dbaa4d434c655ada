"""What all parsers share: short values for messages, lists, JSON text, and errors that name the item."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypeVar

Parsed = TypeVar("Parsed")

# Of a list as JSON text; the largest that is allowed, 32 objects of 256 points, takes some 400,000.
MAX_TEXT_LENGTH = 2_000_000
_MOST_LETTERS = 160  # of a value in a message
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def short_repr(value: Any) -> str:
    """A value for a message: short, and on one line, however large or deep what was sent is."""
    text = " ".join(reprlib.repr(value).split())
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 3]}..."


def printable(text: str) -> str:
    """Text on one line, without what would steer a terminal, hide words in a log or be no valid UTF-8."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))


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

    Args:
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


def from_json_text(value: Any, *, name: str) -> Any:
    """A list that may have come as its JSON text, with numbers that may be text as well: `[["450", 600]]`.

    Language models send both. Text at any depth is read in that way; blank text and "null" are None, and
    other text stays as it is, for the parser to refuse.

    Args:
        name: of the input, for messages.

    Raises:
        ValueError: text that begins like a list or an object and is none, or is too long or too deep.
    """
    try:
        return _from_json_text(value, name)
    except RecursionError:
        raise ValueError(f"{name} has lists within lists that never end.") from None


def _from_json_text(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _from_json_text(item, name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_from_json_text(item, name) for item in value]
    return _from_text(value, name) if isinstance(value, str) else value


def _from_text(value: str, name: str) -> Any:
    text = value.strip()
    if len(text) > MAX_TEXT_LENGTH:
        raise ValueError(
            f"{name} has {len(text):,} characters of text: it takes at most {MAX_TEXT_LENGTH:,}."
        )
    if text in ("", "null", "None"):
        return None
    if _NUMBER.fullmatch(text):
        return float(text)
    if text[0] not in "[{":
        return value
    try:
        read = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} is text that is no JSON ({error}): {short_repr(text)}.") from None
    return _from_json_text(read, name)
