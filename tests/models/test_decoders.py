"""The decoders give what transformers' modules give, to rounding."""

from __future__ import annotations

import pytest
import torch

from samhq_demo.models.checkpoints import frozen_sam
from samhq_demo.models.sam import decode_sam
from samhq_demo.models.two_way import two_way
from testbed.checkpoints import SMALL, random_sam_hq

GRID, CHANNELS = 16, 32


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def assert_close(one: torch.Tensor, other: torch.Tensor) -> None:
    assert one.shape == other.shape
    assert (one - other).abs().max() <= 1e-5 * other.abs().max()


@pytest.mark.parametrize("tokens", [1, 7, 8, 9, 40])  # few go through the projections, many past them
@pytest.mark.parametrize("images", [1, 3])  # one for all objects, or each its own
@torch.inference_mode()
def test_two_way_transformer_is_transformers_own(tokens: int, images: int) -> None:
    transformer = random_sam_hq(SMALL, seed=2).mask_decoder.transformer
    points, positions = drawn(3, tokens, CHANNELS), drawn(1, GRID * GRID, CHANNELS, seed=1)
    image = drawn(images, GRID * GRID, CHANNELS, seed=2)

    def as_grid(places: torch.Tensor) -> torch.Tensor:
        return places.mT.unflatten(-1, (GRID, GRID)).expand(3, -1, -1, -1)

    seen = two_way(transformer, points, image, positions)
    theirs = transformer(points.unsqueeze(1), as_grid(image), as_grid(positions), attention_similarity=None)
    assert_close(seen[0], theirs[0].squeeze(1))
    assert_close(seen[1], theirs[1].squeeze(1))


@torch.inference_mode()
def test_sams_masks_and_scores_are_those_of_transformers_decoder() -> None:
    decoder = frozen_sam(random_sam_hq(SMALL, seed=2)).mask_decoder
    image, positions = drawn(1, CHANNELS, GRID, GRID), drawn(1, CHANNELS, GRID, GRID, seed=1)
    sparse, dense = drawn(3, 2, CHANNELS, seed=2), drawn(1, CHANNELS, GRID, GRID, seed=3)
    ours = decode_sam(decoder, image_embeddings=image, image_positions=positions, sparse=sparse, dense=dense)
    for several, which in ((False, slice(0, 1)), (True, slice(1, 4))):
        masks, scores = decoder(image, positions, sparse.unsqueeze(0), dense, several)[:2]
        assert_close(ours.logits[:, which], masks[0])
        assert_close(ours.iou_scores[:, which], scores[0])
