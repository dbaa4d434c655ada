"""The encoder without its bias matrices gives what the stock one gives."""

from __future__ import annotations

import pytest
import torch

from samhq_demo.models.encoder import run_encoder
from tests.checkpoints import SMALL, random_sam_hq


@pytest.mark.parametrize("window", [5, 8])  # padded windows, and windows that fit
@pytest.mark.parametrize("use_rel_pos", [True, False])
@pytest.mark.parametrize("fold_bias", [True, False])
def test_float32_embeddings_are_the_stock_encoders(window: int, use_rel_pos: bool, fold_bias: bool) -> None:
    vision = {**SMALL["vision_config"], "window_size": window, "use_rel_pos": use_rel_pos}
    model = random_sam_hq({**SMALL, "vision_config": vision}, seed=2)
    values = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        stock = model.vision_encoder(values)
        ours = run_encoder(model.vision_encoder, values, fold_bias=fold_bias)
    for one, other in ((ours.last, stock.last_hidden_state), (ours.early, stock.intermediate_embeddings[0])):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= 1e-4 * other.abs().max()


@pytest.mark.parametrize("fold_bias", [True, False])
def test_global_layers_never_build_the_bias_of_all_heads(fold_bias: bool) -> None:
    """No tensor of heads x places x places is allocated: that is what takes the memory."""
    model = random_sam_hq(SMALL, seed=2)
    values = torch.randn(1, 3, 128, 128)
    places, heads = 16 * 16, 3
    largest: list[int] = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            largest.extend(
                t.numel() for t in (out if isinstance(out, tuple) else (out,)) if torch.is_tensor(t)
            )
            return out

    for layer in model.vision_encoder.layers:
        layer.window_size = 0  # the windowed layers build theirs, which is small
        layer.attn.rel_pos_h = layer.attn.rel_pos_w = torch.nn.Parameter(torch.zeros(2 * 16 - 1, 16))
    with torch.inference_mode(), Watch():
        run_encoder(model.vision_encoder, values, fold_bias=fold_bias)
    assert max(largest) < heads * places * places
