"""Many prompts in one picture: what each gets is what the transformer gives it alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import SamHQModel

from samhq_demo.models.many_prompts import SharedPicture, attend_many
from samhq_demo.models.two_way import two_way
from samhq_demo.weights.names import TINY_FOLDER
from testbed.checkpoints import SMALL, random_sam_hq


def tiny() -> Any:
    return SamHQModel.from_pretrained(TINY_FOLDER, dtype=torch.float32).eval()


def small() -> Any:
    return random_sam_hq(SMALL, seed=3)


def three_layers() -> Any:
    decoder = {**SMALL["mask_decoder_config"], "num_hidden_layers": 3}
    return random_sam_hq({**SMALL, "mask_decoder_config": decoder}, seed=4)


@pytest.mark.parametrize("model", [tiny, small, three_layers])
@pytest.mark.parametrize("size_hw", [(8, 8), (5, 9)])
@torch.inference_mode()
def test_tokens_and_images_are_those_of_the_transformer(model: Any, size_hw: tuple[int, int]) -> None:
    transformer = model().mask_decoder.transformer
    channels = transformer.layers[0].layer_norm1.normalized_shape[0]
    torch.manual_seed(0)
    image, positions = torch.randn(2, channels, *size_hw)
    tokens = torch.randn(3, 7, channels)
    true_tokens, true_image = two_way(
        transformer, tokens, image.flatten(1).mT[None], positions.flatten(1).mT[None]
    )
    ours = attend_many(SharedPicture(transformer, image, positions), tokens, output_tokens=5)
    torch.testing.assert_close(ours.attended().tokens, true_tokens[:, :5], atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(ours.iou_tokens(), true_tokens[:, :1], atol=2e-5, rtol=1e-4)
    own = ours.some([2, 0]).attended()
    torch.testing.assert_close(own.tokens, true_tokens[[2, 0], :5], atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(own.image.flatten(1, 2), true_image[[2, 0]], atol=2e-5, rtol=1e-4)
    part = ours.attended((4, 3)).image
    true_part = true_image.unflatten(1, size_hw)[:, :4, :3]
    torch.testing.assert_close(part, true_part, atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_place_that_all_cancel_is_still_a_number() -> None:
    transformer = tiny().mask_decoder.transformer
    image = torch.zeros(128, 4, 4)
    shared = SharedPicture(transformer, image, image)
    own = attend_many(shared, torch.zeros(1, 7, 128), output_tokens=5).attended()
    assert torch.isfinite(own.tokens).all()
    assert torch.isfinite(own.image).all()
