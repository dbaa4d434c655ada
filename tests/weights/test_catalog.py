"""Which models visitors may ask for: what SAMHQ_MODELS says, and on a Space what is there from its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.settings import Settings
from samhq_demo.weights import space
from samhq_demo.weights.catalog import Catalog
from samhq_demo.weights.names import NAMES
from samhq_demo.weights.space import preloaded_repos

README = """---
title: A Space
preload_from_hub:
  - syscv-community/sam-hq-vit-large config.json,model.safetensors
  - facebook/sam-vit-large
---
# A Space
"""


@pytest.fixture
def on_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its README."""
    readme = tmp_path / "README.md"
    readme.write_text(README)
    monkeypatch.setenv("SPACE_ID", "owner/name")
    monkeypatch.setattr(space.preloaded_repos, "__defaults__", (readme,))
    return readme


def test_on_ones_own_machine_all_may_be_asked_for() -> None:
    assert Catalog.of(Settings()).offered == set(NAMES)
    assert Catalog.of(Settings(models=("all",))).offered == set(NAMES)


def test_on_a_space_only_what_is_preloaded_and_tiny(on_a_space: Path) -> None:
    assert preloaded_repos() == {"syscv-community/sam-hq-vit-large", "facebook/sam-vit-large"}
    assert Catalog.of(Settings()).offered == {"tiny", "large"}
    on_a_space.unlink()
    assert Catalog.of(Settings()).offered == {"tiny"}


def test_on_a_space_the_variable_decides_too(on_a_space: Path) -> None:
    assert Catalog.of(Settings(models=("all",))).offered == set(NAMES)
    assert Catalog.of(Settings(models=("base",))).offered == {"base"}


def test_this_projects_readme_preloads_base() -> None:
    assert {"syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"} <= preloaded_repos()


def test_what_answers_by_itself_is_one_that_may_be_asked_for(checkpoint: Path) -> None:
    assert Catalog.of(Settings()).wishes == ("base",)
    assert Catalog.of(Settings(models=("tiny", "large"))).wishes == ("tiny",)
    assert Catalog.of(Settings(models=("large",))).wishes == ("large",)
    catalog = Catalog.of(Settings(model=str(checkpoint), models=("tiny",)))
    assert catalog.wishes == (checkpoint.name,)
    assert catalog.offered == {"tiny", checkpoint.name}


def test_folders_and_repositories_can_be_offered_too(checkpoint: Path) -> None:
    catalog = Catalog.of(Settings(models=("tiny", str(checkpoint), "owner/name")))
    assert catalog.offered == {"tiny", checkpoint.name, "owner/name"}
    assert catalog.sources[checkpoint.name].folder == checkpoint.resolve()


def test_a_name_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="SAMHQ_MODELS is 'bace'"):
        Catalog.of(Settings(models=("bace",)))
