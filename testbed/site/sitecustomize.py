"""Has programs import quickly: gradio without the stubs that it writes each time, all as the app does it.

For each of its 76 components it parses the component's file, renders an interface for editors and compares
that with the one beside the file: 0.7 of the 2.5 s of processor time that the import takes, in each of some
forty processes of a test run. Nothing reads them here, and processes that start at once write the same files.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


class _WithoutStubs(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]


class _Finder:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "gradio.component_meta":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithoutStubs(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder)
gc.set_threshold(10_000)  # this and the next as `collect_less_often`
atexit.register(gc.freeze)
