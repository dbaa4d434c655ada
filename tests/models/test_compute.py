"""What is computed where, and how much at once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from samhq_demo.models.compute import Compute

GB = 2**30


def compute_on(device: str, *, zero_gpu: bool = False) -> Compute:
    return Compute(torch.device(device), torch.float32, zero_gpu)


@pytest.mark.parametrize(("card_gb", "most"), [(80, 5 * GB), (8, GB // 2), (4, GB // 2)])
def test_a_card_decodes_as_much_at_once_as_its_memory_allows(
    monkeypatch: pytest.MonkeyPatch, card_gb: int, most: int
) -> None:
    card = SimpleNamespace(total_memory=card_gb * GB)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    assert compute_on("cuda").batch_bytes() == most


def test_a_cpu_decodes_what_its_cache_holds_and_an_apple_gpu_what_any_has() -> None:
    assert compute_on("cpu").batch_bytes() == 64 * 2**20
    assert compute_on("mps").batch_bytes() == GB // 2
    assert compute_on("cuda", zero_gpu=True).batch_bytes() == 64 * 2**20, "its decoders are on the CPU"


@pytest.mark.parametrize(
    ("device", "zero_gpu", "there"),
    [("cuda", False, "cuda"), ("cuda", True, "cpu"), ("mps", False, "cpu"), ("cpu", False, "cpu")],
)
def test_a_cuda_card_alone_makes_masks(device: str, zero_gpu: bool, there: str) -> None:
    assert compute_on(device, zero_gpu=zero_gpu).masks_device.type == there
