"""The keys of Python's types of the wire, for the test that holds the browser's to them.

`python -m tests.support.wire_keys` prints {type: keys} as JSON; each type is called as in wire.js.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints, is_typeddict

from samhq_demo.ui.viewer import wire


def keys() -> dict[str, list[str]]:
    """Of all types that wire.py defines, of those that they hold, and of the functions that are called."""
    defined = (each for name, each in vars(wire).items() if not name.startswith("_"))
    own = [each for each in defined if is_typeddict(each) and each.__module__ == wire.__name__]
    functions = {"Server": sorted(get_args(wire.FunctionName))}
    return functions | {
        each.__name__.removesuffix("Json"): sorted(get_type_hints(each))
        for each in {inner: None for one in own for inner in _with_inner(one)}
    }


def _with_inner(hint: Any) -> Iterator[type]:
    if is_typeddict(hint):
        yield hint
    inner = get_type_hints(hint).values() if is_typeddict(hint) else get_args(hint)
    for each in inner:
        yield from _with_inner(each)


if __name__ == "__main__":
    print(json.dumps(keys()))
