"""What a Space installs is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.space_requirements import ROOT, pinned


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_package_of_a_space_has_the_tested_version_and_torch_the_one_asked_for() -> None:
    lines = pinned(_read("requirements.txt"), _read("constraints.txt"), torch="2.11.0").splitlines()
    wanted = [line.split("#")[0].split() for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+(\[\w+\])?==[\d.]+", one) for (one,) in wanted)
    named = dict(one.split("==") for (one,) in wanted)
    assert named["torch"] == "2.11.0"
    assert {"transformers", "gradio[mcp]", "spaces", "pillow"} <= named.keys()
    assert f"transformers=={named['transformers']} ; python_version >= " in _read("constraints.txt")


def test_a_spaces_gradio_is_the_one_that_its_readme_names() -> None:
    """The Space's own builder installs that one first."""
    named = re.search(r"^sdk_version: (.+)$", _read("README.md"), flags=re.MULTILINE)
    assert named is not None
    lines = pinned(_read("requirements.txt"), _read("constraints.txt"), torch="2.11.0")
    assert f"gradio[mcp]=={named[1]} " in lines


def test_what_was_not_tested_is_told() -> None:
    with pytest.raises(ValueError, match=r"no version of left_pad"):
        pinned("left_pad>=1  # for what?\n", "gradio==6.31.0\n", torch="2.11.0")


def test_make_space_writes_it(tmp_path: Path) -> None:
    assert "-m deploy.space_requirements $(SPACE_TORCH) > build/space/requirements.txt" in _read("Makefile")
