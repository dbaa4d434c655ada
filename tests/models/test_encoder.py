"""The encoder without its bias matrices gives what the stock one gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from samhq_demo.models import products
from samhq_demo.models.encoder import run_encoder
from testbed.checkpoints import SMALL, random_sam_hq


class Watch(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation gives."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if torch.is_tensor(tensor):
                self.largest = max(self.largest, tensor.numel())
        return out


def encoder_of(*, seed: int = 2, **vision: Any) -> Any:
    return random_sam_hq({**SMALL, "vision_config": {**SMALL["vision_config"], **vision}}, seed=seed)


def values_of(side: int) -> torch.Tensor:
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))


def assert_stock(encoder: Any, values: torch.Tensor, *, fold_bias: bool) -> None:
    with torch.inference_mode():
        stock = encoder(values)
    ours = run_encoder(encoder, values, fold_bias=fold_bias)
    for one, other in ((ours.last, stock.last_hidden_state), (ours.early, stock.intermediate_embeddings[0])):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= 1e-4 * other.abs().max()


@pytest.mark.parametrize("window", [5, 8])  # padded windows, and windows that fit
@pytest.mark.parametrize("use_rel_pos", [True, False])
@pytest.mark.parametrize("fold_bias", [True, False])
def test_float32_embeddings_are_the_stock_encoders(window: int, use_rel_pos: bool, fold_bias: bool) -> None:
    model = encoder_of(window_size=window, use_rel_pos=use_rel_pos)
    assert_stock(model.vision_encoder, values_of(128), fold_bias=fold_bias)


@pytest.mark.parametrize("qkv_bias", [True, False])  # what padding turns into
@pytest.mark.parametrize("fold_bias", [True, False])
@pytest.mark.parametrize("by_onednn", [True, False])
def test_a_grid_of_many_parts_gives_the_stock_embeddings(
    monkeypatch: pytest.MonkeyPatch, by_onednn: bool, fold_bias: bool, qkv_bias: bool
) -> None:
    """64 x 64 places as in the published models: rows of windows, and queries, go one after another."""
    monkeypatch.setattr(products, "mkl_is_slow", lambda: by_onednn)
    model = encoder_of(image_size=512, window_size=14, qkv_bias=qkv_bias, num_hidden_layers=2)
    assert_stock(model.vision_encoder, values_of(512), fold_bias=fold_bias)


@pytest.mark.parametrize("window", [5, 8])
@pytest.mark.parametrize("fold_bias", [True, False])
def test_pictures_of_one_batch_are_seen_as_each_alone(window: int, fold_bias: bool) -> None:
    encoder = encoder_of(window_size=window).vision_encoder
    values = torch.cat([values_of(128), values_of(128).flip(2), values_of(128).flip(3)])
    together = run_encoder(encoder, values, fold_bias=fold_bias)
    for at, one in enumerate(values.split(1)):
        alone = run_encoder(encoder, one, fold_bias=fold_bias)
        for seen, other in zip(together, alone, strict=True):
            torch.testing.assert_close(seen[at : at + 1], other, atol=1e-4, rtol=1e-4)


def test_neither_weights_nor_picture_are_changed() -> None:
    """It adds in place: to memory of its own."""
    model, values = encoder_of(), values_of(128)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    run_encoder(model.vision_encoder, values, fold_bias=False)
    assert torch.equal(values, values_of(128))
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("fold_bias", [True, False])
def test_global_layers_never_build_the_bias_of_all_heads(fold_bias: bool) -> None:
    """No tensor of heads x places x places is allocated: that is what takes the memory."""
    model = encoder_of()
    places, heads = 16 * 16, 3
    for layer in model.vision_encoder.layers:
        layer.window_size = 0  # the windowed layers build theirs, which is small
        layer.attn.rel_pos_h = layer.attn.rel_pos_w = torch.nn.Parameter(torch.zeros(2 * 16 - 1, 16))
    with Watch() as watch:
        run_encoder(model.vision_encoder, values_of(128), fold_bias=fold_bias)
    assert watch.largest < heads * places * places


def test_on_a_cpu_no_head_has_its_whole_bias_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is allocated at once stays far below one head's bias of a 64 x 64 grid, which is 64 MB."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)  # what is built at once grows with them
    model = encoder_of(image_size=512, window_size=14, num_hidden_layers=2)
    places = 64 * 64
    with Watch() as watch:
        run_encoder(model.vision_encoder, values_of(512), fold_bias=False)
    assert watch.largest <= places * places // 4
