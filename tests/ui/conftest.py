"""The endpoints alone, served once a module, and a client and a photo for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client

from samhq_demo.service import CompareService
from testbed.photos import save_photo
from tests.support.servers import Served, serve


@pytest.fixture(scope="module")
def served(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(service, folder=tmp_path_factory.mktemp("uploads")) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return served.client(tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 x 90 pixels."""
    return save_photo(tmp_path_factory.mktemp("photos") / "photo.png")
