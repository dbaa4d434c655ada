"""Products by oneDNN: the same as torch's usual ones, and taken where those are slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers.activations import ACT2FN

from samhq_demo.models import products
from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import choose_compute
from samhq_demo.models.products import (
    activated,
    linear,
    plus_linear,
    projected,
    scaled_dot_product_attention,
    times,
)
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.weights.names import TINY_FOLDER
from tests.support.parity import picture_of
from tests.support.programs import run_python

# Encoders have transformers', decoders torch's.
ACTIVATIONS = {name: ACT2FN[name] for name in ("gelu", "gelu_new", "relu")} | {
    "torch's gelu": torch.nn.GELU(),
    "torch's approximation": torch.nn.GELU("tanh"),
}
AMD = {"cpu_name": "AMD EPYC", "avx512_f": True}


@pytest.fixture
def by_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "mkl_is_slow", lambda: True)


@pytest.fixture
def judged_anew() -> Iterator[None]:
    products.mkl_is_slow.cache_clear()
    yield
    products.mkl_is_slow.cache_clear()


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("capabilities", "is_slow"),
    [
        (AMD, True),
        ({**AMD, "avx512_f": False}, False),
        ({**AMD, "cpu_name": "Intel(R) Xeon(R) Platinum 8488C"}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
@pytest.mark.usefixtures("judged_anew")
def test_mkl_is_slow_on_amds_processors_with_avx512(
    monkeypatch: pytest.MonkeyPatch, capabilities: Mapping[str, Any], is_slow: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert products.mkl_is_slow() is is_slow


@pytest.mark.usefixtures("judged_anew")
def test_a_torch_that_does_not_tell_its_processor_keeps_its_usual_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not products.mkl_is_slow()


@pytest.mark.usefixtures("by_onednn")
@torch.inference_mode()
def test_products_are_the_usual_ones_whatever_the_strides() -> None:
    rows, weight, bias = random(2, 300, 64), random(64, 96, seed=1).mT, random(96, seed=2)
    torch.testing.assert_close(linear(rows, weight, bias), F.linear(rows, weight, bias))
    torch.testing.assert_close(linear(rows, weight), F.linear(rows, weight))
    columns, added = random(64, 300, seed=3).mT, random(300, 96, seed=4)
    torch.testing.assert_close(plus_linear(added, columns, weight), added + F.linear(columns, weight))
    for images in (1, 2):
        image = random(images, 64, 50, seed=5)
        torch.testing.assert_close(times(rows, image), rows @ image)
    layer = torch.nn.Linear(64, 96)
    torch.testing.assert_close(projected(layer, rows[:, ::2]), layer(rows[:, ::2]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.usefixtures("by_onednn")
@torch.inference_mode()
def test_an_activation_is_the_one_of_the_model(dtype: torch.dtype, name: str) -> None:
    layer, rows = torch.nn.Linear(64, 96), random(2, 300, 64)
    activation = ACTIVATIONS[name]
    expected = activation(layer(rows))
    close = 1e-5 if dtype == torch.float32 else 2e-2
    layer = layer.to(dtype)
    found = activated(activation, rows.to(dtype), layer.weight, layer.bias)
    torch.testing.assert_close(found.float(), expected, atol=close, rtol=close)


CAPPED = """
import torch
from transformers.activations import ACT2FN
from samhq_demo.models import products
from samhq_demo.models.compute import choose_compute

products.mkl_is_slow = lambda: True
assert choose_compute(device="cpu").dtype == torch.float32
layer, rows = torch.nn.Linear(64, 96, dtype=torch.bfloat16), torch.ones(4, 64, dtype=torch.bfloat16)
with torch.inference_mode():
    print(*products.activated(ACT2FN["gelu"], rows, layer.weight, layer.bias).shape)
"""


def test_bfloat16_is_left_to_torch_where_onednn_has_no_kernels_for_it() -> None:
    """As on a CPU without AVX512."""
    assert run_python(CAPPED, ONEDNN_MAX_CPU_ISA="AVX2") == "4 96\n"


@pytest.mark.usefixtures("by_onednn")
def test_a_product_that_is_learnt_from_has_its_gradient() -> None:
    weight = torch.nn.Parameter(random(96, 64))
    added = plus_linear(random(30, 96), random(30, 64), weight)
    (linear(random(30, 64), weight) + added).sum().backward()
    torch.testing.assert_close(weight.grad, 2 * random(30, 64).sum(0).expand(96, -1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("batch_and_heads", [(1, 1), (3, 2)])
@pytest.mark.parametrize("bias_of", ["none", "all", "each head"])
@pytest.mark.usefixtures("by_onednn")
@torch.inference_mode()
def test_attention_is_torchs(dtype: torch.dtype, batch_and_heads: tuple[int, int], bias_of: str) -> None:
    batch, heads = batch_and_heads
    queries = random(batch, heads, 50, 32)
    # As they lie in memory where they come out of one projection.
    keys, values = (random(batch, 70, heads, 32, seed=seed).transpose(1, 2) for seed in (1, 2))
    shape = {"none": None, "all": (batch, heads, 50, 70), "each head": (1, heads, 50, 70)}[bias_of]
    bias = None if shape is None else random(*shape, seed=3)
    expected = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=0.125)
    given = [None if t is None else t.to(dtype) for t in (queries, keys, values, bias)]
    found = scaled_dot_product_attention(*given, scale=0.125)
    assert found.shape == expected.shape and found.dtype == dtype
    close = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(found.float(), expected, atol=close, rtol=close)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_both_ways_give_the_same_masks(monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    pair = load_pair(TINY_FOLDER, name="tiny", compute=choose_compute(device="cpu", dtype=dtype))
    picture = picture_of((300, 200))
    prompts = [Prompt(points=((150, 100),), labels=(PointLabel.OBJECT,)), Prompt(box_xyxy=(40, 30, 200, 150))]
    masks = []
    for is_slow in (False, True):
        monkeypatch.setattr(products, "mkl_is_slow", lambda is_slow=is_slow: is_slow)
        answers = pair.decode(pair.encode(picture), prompts)
        masks.append(np.stack([torch.cat([a.sam_logits, a.sam_hq_logits]).numpy() > 0 for a in answers]))
    least = 0.999 if dtype == "float32" else 0.99
    assert (masks[0] == masks[1]).mean((2, 3)).min() >= least
