"""Checkpoints with random weights of a real scale, in the published format."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from transformers import SamConfig, SamHQConfig, SamHQModel, SamModel

SMALL: dict[str, dict[str, Any]] = {
    "vision_config": {
        "hidden_size": 48,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "output_channels": 32,
        "image_size": 128,
        "patch_size": 8,
        "window_size": 5,  # does not divide the grid of 16, so windows are padded
        "global_attn_indexes": [1, 3],
        "num_pos_feats": 16,
        "initializer_range": 0.02,
    },
    "prompt_encoder_config": {
        "hidden_size": 32,
        "image_size": 128,
        "patch_size": 8,
        "mask_input_channels": 16,
    },
    "mask_decoder_config": {
        "hidden_size": 32,
        "mlp_dim": 64,
        "num_attention_heads": 4,
        "iou_head_hidden_dim": 32,
    },
}
VIT_B: dict[str, dict[str, Any]] = {
    "vision_config": {"initializer_range": 0.02},
    "prompt_encoder_config": {},
    "mask_decoder_config": {},
}
VIT_L: dict[str, dict[str, Any]] = {
    **VIT_B,
    "vision_config": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "global_attn_indexes": [5, 11, 17, 23],
        "mlp_dim": 4096,
        "initializer_range": 0.02,
    },
}
VIT_H: dict[str, dict[str, Any]] = {
    **VIT_B,
    "vision_config": {
        "hidden_size": 1280,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "global_attn_indexes": [7, 15, 23, 31],
        "mlp_dim": 5120,
        "initializer_range": 0.02,
    },
}


@torch.no_grad()
def randomize(model: Any, *, seed: int) -> Any:
    """Weights whose activations stay near 1 from layer to layer: masks then have both signs.

    transformers' own initialization gives outputs near 1e-19, and comparing those proves nothing.
    """
    device = next(model.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)

    def normal(like: torch.Tensor, std: float) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator, device=device) * std

    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.copy_(normal(weight, 0.1) + (1 if name.endswith("weight") else 0))
        elif name.endswith("bias"):
            weight.copy_(normal(weight, 0.05))
        elif (
            name.endswith(("token.weight", "tokens.weight")) or "point_embed" in name or "positional" in name
        ):
            weight.copy_(normal(weight, 1.0))
        elif "rel_pos" in name or "pos_embed" in name:
            weight.copy_(normal(weight, 0.2))
        else:
            fan_in = math.prod(weight.shape[1:]) if weight.ndim != 4 else weight[0].numel()
            weight.copy_(normal(weight, 1.4 / math.sqrt(fan_in)))
    shared = model.shared_image_embedding.positional_embedding
    model.prompt_encoder.shared_embedding.positional_embedding.data = shared.data.clone()
    return model


def random_sam_hq(geometry: dict[str, dict[str, Any]], *, seed: int) -> Any:
    decoder = {
        **geometry["mask_decoder_config"],
        "vit_dim": geometry["vision_config"].get("hidden_size", 768),
    }
    config = SamHQConfig(**{**geometry, "mask_decoder_config": decoder})
    return randomize(SamHQModel(config), seed=seed).eval()


def random_sam(geometry: dict[str, dict[str, Any]], *, seed: int) -> Any:
    return randomize(SamModel(SamConfig(**geometry)), seed=seed).eval()


def save(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder, safe_serialization=True)
    return folder
