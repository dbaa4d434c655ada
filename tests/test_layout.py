"""Imports point one way: values <- models <- service <- ui <- app."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "samhq_demo"
VALUES = (
    *("settings", "prompts", "refining", "pictures", "masks", "runs", "overlap", "comparison", "cache"),
    *(
        "rle",
        "outlines",
        "cutout",
        "shown",
        "coco",
        "svg",
        "drawing",
        "overlays",
        "asked",
        "inline",
        "memory",
    ),
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


def _names(path: Path, prefix: str) -> set[str]:
    return {name for name in _imports(path) if name == prefix or name.startswith(prefix + ".")}


@pytest.mark.parametrize("name", VALUES)
def test_values_import_no_torch_and_no_gradio(name: str) -> None:
    for heavy in (*HEAVY, "samhq_demo.models", "samhq_demo.ui", "samhq_demo.service"):
        for path in (PACKAGE / f"{name}.py", *(PACKAGE / name).rglob("*.py")):
            assert not path.exists() or not _names(path, heavy), path


def test_ui_never_imports_models() -> None:
    for path in (PACKAGE / "ui").rglob("*.py"):
        for other in ("samhq_demo.models", "torch", "transformers"):
            assert not _names(path, other), path


def test_only_ui_speaks_gradio() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "ui" not in path.relative_to(PACKAGE).parts:
            assert not _names(path, "gradio"), path
            assert not _names(path, "samhq_demo.ui"), path


def test_no_torch_stands_between_the_command_and_the_page() -> None:
    program = (
        "import sys; import samhq_demo.service, samhq_demo.ui.page; "
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
