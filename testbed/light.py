"""Light HQ-SAM in the official code with random weights, and its checkpoint as it is published: a pickle."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from samhq_demo.weights.folders import repo_folder
from samhq_demo.weights.pickles import PICKLES, PickledCheckpoint
from testbed.official import official_sam, official_sam_hq, sam_parts

REPO_ID = "lkeab/hq-sam"
_AS_TOKENS = ("point_embed", "no_mask", "gaussian")


@torch.no_grad()
def official_light(*, seed: int) -> Any:
    """segment-anything-hq's `vit_tiny`, with weights of a real scale and statistics of batch norms."""
    model = official_sam_hq.sam_model_registry["vit_tiny"]()
    generator = torch.Generator().manual_seed(seed)

    def normal(like: torch.Tensor, std: float) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator) * std

    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif name.endswith("running_mean"):
            tensor.copy_(normal(tensor, 0.2))
        elif tensor.ndim == 1:
            is_scale = name.endswith("weight")
            tensor.copy_(normal(tensor, 0.1) + (1 if is_scale else 0))
        elif name.endswith(("token.weight", "tokens.weight")) or any(part in name for part in _AS_TOKENS):
            tensor.copy_(normal(tensor, 1.0))
        elif name.endswith("attention_biases"):
            tensor.copy_(normal(tensor, 0.5))
        else:
            tensor.copy_(normal(tensor, 1.4 / math.sqrt(math.prod(tensor.shape[1:]))))
    # The bias by place is a buffer that `eval` makes of the weights.
    return model.train().eval()


def light_predictors(model: Any) -> tuple[Any, Any]:
    """SAM's official predictor with the SAM inside, which is MobileSAM's, and SAM-HQ's with the model."""
    transformer = sam_parts.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    decoder = sam_parts.MaskDecoder(num_multimask_outputs=3, transformer=transformer, transformer_dim=256)
    own = model.mask_decoder.state_dict()
    decoder.load_state_dict({name: own[name] for name in decoder.state_dict()})
    sam = sam_parts.Sam(_EmbeddingAlone(model.image_encoder), model.prompt_encoder, decoder).eval()
    return official_sam.SamPredictor(sam), official_sam_hq.SamPredictor(model)


class _EmbeddingAlone(nn.Module):
    """The encoder without the early features, as SAM's predictor wants it."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder, self.img_size = encoder, encoder.img_size

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = self.encoder(pixel_values)[0]
        return embedding


def save_pickle(content: Any, cache: Path) -> PickledCheckpoint:
    """Write a pickle to the place in the Hub's cache where Light HQ-SAM's is, and say what would admit it."""
    file = repo_folder(REPO_ID, cache_dir=cache) / "snapshots" / "0f32" / PICKLES[REPO_ID].file_name
    file.parent.mkdir(parents=True)
    torch.save(content, file)
    return replace(PICKLES[REPO_ID], sha256=hashlib.sha256(file.read_bytes()).hexdigest())
