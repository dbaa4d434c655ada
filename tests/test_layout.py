"""Imports point one way: values, weights, models, library and service, evaluation, ui and calls, app."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.programs import run_python

PACKAGE = Path(__file__).parent.parent / "samhq_demo"
NO_VALUES = {"weights", "models", "evaluation", "ui", "library.py", "service.py", "calls.py"}
VALUES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in NO_VALUES
)
HEAVY = ("torch", "transformers", "gradio")


def _imports(path: Path) -> set[str]:
    """Absolute names of all that a file imports, wherever in the file."""
    own = ("samhq_demo", *path.relative_to(PACKAGE).with_suffix("").parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = own[: len(own) - node.level] if node.level else ()
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def _module(path: Path) -> str:
    parts = ("samhq_demo", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def _names(path: Path, prefix: str) -> set[str]:
    return {name for name in _imports(path) if name == prefix or name.startswith(prefix + ".")}


@pytest.mark.parametrize("name", VALUES)
def test_values_import_no_torch_and_no_gradio(name: str) -> None:
    for heavy in (*HEAVY, *(f"samhq_demo.{part.removesuffix('.py')}" for part in NO_VALUES)):
        assert not _names(PACKAGE / name, heavy)


def test_weights_import_no_torch_and_nothing_that_uses_them() -> None:
    above = (f"samhq_demo.{part.removesuffix('.py')}" for part in NO_VALUES - {"weights"})
    for heavy in (*HEAVY, *above):
        for path in (PACKAGE / "weights").rglob("*.py"):
            assert not _names(path, heavy), path


def test_models_import_nothing_that_uses_them() -> None:
    for path in (PACKAGE / "models").rglob("*.py"):
        for other in ("samhq_demo.library", "samhq_demo.service"):
            assert not _names(path, other), path


def test_no_imports_go_in_a_circle() -> None:
    modules = {_module(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: _imports(path) & modules.keys() - {name} for name, path in modules.items()}
    TopologicalSorter(graph).prepare()  # an error here names the circle


def test_torch_comes_in_at_one_place() -> None:
    """In the middle of a function only the library, which loads models behind the page, imports any."""
    for path in (*PACKAGE.glob("*.py"), *(PACKAGE / "ui").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                is_late = any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(function))
                assert not is_late or (path.name, function.name) == ("library.py", "_load")


def test_ui_never_imports_models() -> None:
    for path in (PACKAGE / "ui").rglob("*.py"):
        for other in ("samhq_demo.models", "torch", "transformers"):
            assert not _names(path, other), path


def test_evaluation_reaches_models_through_the_service_alone() -> None:
    for path in (PACKAGE / "evaluation").rglob("*.py"):
        for other in ("samhq_demo.models", "samhq_demo.library", "samhq_demo.calls", "torch", "transformers"):
            assert not _names(path, other), path


def test_only_ui_speaks_gradio() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "ui" not in path.relative_to(PACKAGE).parts:
            assert not _names(path, "gradio"), path
            assert not _names(path, "samhq_demo.ui"), path


def test_no_torch_stands_between_the_command_and_the_page() -> None:
    program = (
        "import sys; import app, samhq_demo.service, samhq_demo.ui.page; "
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    assert run_python(program).strip() == "[]"


def test_every_test_that_the_docs_name_is_there() -> None:
    for document in (PACKAGE.parent / "SECURITY.md", *(PACKAGE.parent / "docs").glob("*.md")):
        for name in re.findall(r"`([\w/]*test_\w+\.py)`", document.read_text(encoding="utf-8")):
            assert (PACKAGE.parent / "tests" / name.removeprefix("tests/")).exists(), (
                f"{document.name} names {name}"
            )
