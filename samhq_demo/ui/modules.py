"""ES modules put together as one script, in the order of their imports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

_IMPORT = re.compile(r'^import \{(\s*\w+(?:,\s*\w+)*,?\s*)\} from "\./([a-z-]+)\.js";$', re.MULTILINE)
# A comment on lines of its own, as types and parameters are written down: a third of it all.
_DOC = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class|const) (\w+)\b)", re.MULTILINE)
# What is left after those two; `import(...)` and `import.meta` would need a page that knows modules.
_UNKNOWN = re.compile(r"^[ \t]*(?:import|export)\b.*$|\bimport[(.].*$", re.MULTILINE)


def joined_modules(folder: Path, *, entry: str, given: Mapping[str, str] | None = None) -> str:
    """A script that declares `modules`, an object with the exports of module `entry` and all that it imports.

    Every module keeps a scope of its own, so that equal names in two of them are two things.
    Comments of the form `/** */` on lines of their own are left out.

    Args:
        folder: where the modules are, as `name.js`. They may say `import { a, b } from "./name.js";`, and
            `export` before a function, a class or a const.
        entry: a module's name.
        given: modules that are in no file, by name.

    Raises:
        ValueError: for another form of import or export, a name that the other module does not export,
            modules that import each other in a circle, or a file that is missing.
    """
    given = given or {}
    sources: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = given[name] if name in given else _read(folder, name)
            waiting += _imports(sources[name])
    try:
        order = list(
            TopologicalSorter({name: _imports(text) for name, text in sources.items()}).static_order()
        )
    except CycleError as error:
        raise ValueError(f"Modules import each other in a circle: {' <- '.join(error.args[1])}.") from None
    exports = {name: _EXPORT.findall(text) for name, text in sources.items()}
    return "\n".join(["const modules = {};", *(_scoped(name, sources[name], exports) for name in order)])


def _read(folder: Path, name: str) -> str:
    try:
        text = (folder / f"{name}.js").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"There is no module {name}.js.") from None
    return _DOC.sub(lambda found: "\n" * found[0].count("\n"), text)


def _imports(text: str) -> list[str]:
    return [found[2] for found in _IMPORT.finditer(text)]


def _scoped(name: str, text: str, exports: dict[str, list[str]]) -> str:
    """One module as a function that is called at once; its lines stay as many as in the file."""

    def taken(found: re.Match[str]) -> str:
        names = {each.strip() for each in found[1].split(",")} - {""}
        if missing := names - set(exports[found[2]]):
            raise ValueError(
                f"{name}.js imports what {found[2]}.js does not export: {', '.join(sorted(missing))}."
            )
        return f'const {{{found[1]}}} = modules["{found[2]}"];'

    plain = _EXPORT.sub("", _IMPORT.sub(taken, text))
    if unknown := _UNKNOWN.search(plain):
        raise ValueError(f"{name}.js has a form that is not known here: {unknown[0].strip()}")
    exported = ", ".join(exports[name])
    return f'modules["{name}"] = (() => {{ // ---- {name}.js\n{plain}return {{ {exported} }};\n}})();'
