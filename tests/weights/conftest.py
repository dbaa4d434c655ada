"""A Hub on this machine with both checkpoints of `base`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from huggingface_hub import constants

from tests.support.hub_server import KIB, HubServer, checkpoint

HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"


@pytest.fixture(autouse=True)
def _ask_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    # huggingface_hub fetches a list for its user agent from its own endpoint, whatever endpoint it is given.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer({HQ: checkpoint(), SAM: checkpoint(100 * KIB, fill=2)}) as server:
        yield server
