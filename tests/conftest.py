"""Shared fixtures: a service on a small checkpoint with random weights, made once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small SAM-HQ of random weights in the published format."""
    from tests.checkpoints import SMALL, random_sam_hq, save  # torch is slow to import

    return save(random_sam_hq(SMALL, seed=3), tmp_path_factory.mktemp("checkpoint") / "small")


@pytest.fixture(scope="session")
def service(checkpoint: Path) -> CompareService:
    """The real service on that checkpoint, in float32 on the CPU."""
    return build_service(Settings(model=str(checkpoint), device="cpu", dtype="float32"))
