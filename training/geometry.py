"""The bundled checkpoint's geometry and how its weights start."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel, SamConfig, SamHQConfig, SamHQModel, SamModel
from transformers.models.sam.modeling_sam import SamVisionAttention

from samhq_demo.models.attention import global_attention

WIDTH, DEPTH, HEADS, PATCH, EMBED = 192, 8, 4, 8, 128
# Of the checkpoint that is shipped: a quarter more than it was trained at. Its masks are better there without
# a further step, and on two cores it still encodes in less than 0.6 s.
SHIPPED_SIZE = 320


def _parts(image_size: int) -> dict[str, dict[str, object]]:
    vision = {
        "hidden_size": WIDTH,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": HEADS,
        "mlp_ratio": 4.0,
        "output_channels": EMBED,
        "image_size": image_size,
        "patch_size": PATCH,
        "window_size": 8,
        "global_attn_indexes": list(range(1, DEPTH, 2)),
        "num_pos_feats": EMBED // 2,
        # The published default of 1e-10 computes in denormal floats.
        "initializer_range": 0.02,
    }
    prompt: dict[str, object] = {
        "hidden_size": EMBED,
        "image_size": image_size,
        "patch_size": PATCH,
        "mask_input_channels": 16,
    }
    decoder: dict[str, object] = {
        "hidden_size": EMBED,
        "mlp_dim": 512,
        "num_attention_heads": 4,
        "iou_head_hidden_dim": EMBED,
    }
    return {"vision_config": vision, "prompt_encoder_config": prompt, "mask_decoder_config": decoder}


def new_sam(image_size: int) -> SamModel:
    """A SAM with weights of a real scale, seeded by torch's generator."""
    return start(SamModel(SamConfig(**_parts(image_size))))


def new_sam_hq(image_size: int) -> SamHQModel:
    """A SAM-HQ of the same geometry; its SAM tensors are meant to be overwritten."""
    parts = _parts(image_size)
    parts["mask_decoder_config"]["vit_dim"] = WIDTH
    return start(SamHQModel(SamHQConfig(**parts)))


class FoldedAttention(SamVisionAttention):
    """Global attention whose position bias is folded into the product.

    At 256 pixels the built bias took more time than the rest of the encoder; torch's flash attention,
    which does not admit a bias with a gradient, needs neither it nor its memory.
    """

    def forward(  # type: ignore[override]
        self, hidden_states: Tensor, output_attentions: bool | None = None
    ) -> tuple[Tensor, None]:
        """(B, h, w, C) -> the same shape, and no weights."""
        return self.proj(global_attention(self, hidden_states, fold_bias=True)), None


def fold_global_attention(model: PreTrainedModel) -> None:
    """Give the encoder's global layers the faster attention; names of weights stay."""
    for layer in model.vision_encoder.layers:
        if layer.window_size == 0:
            folded = FoldedAttention(model.config.vision_config, window_size=0)
            folded.load_state_dict(layer.attn.state_dict())
            layer.attn = folded


@torch.no_grad()
def start(model: PreTrainedModel) -> Any:
    """Initialize as the official code does, and not as transformers does.

    transformers scales the random positional encoding by half the vision width, which turns
    coordinates into noise; the official code has a normal of scale 1, fixed and the same in the
    prompt encoder and in the picture's grid.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_uniform_(module.weight, a=5**0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight)
    nn.init.normal_(model.vision_encoder.pos_embed, std=0.02)
    positions = torch.randn(2, EMBED // 2)
    for owner in (model.shared_image_embedding, model.prompt_encoder.shared_embedding):
        owner.positional_embedding.data = positions.clone()
        owner.positional_embedding.requires_grad_(False)
    fold_global_attention(model)
    for module in model.modules():  # a few tokens against a grid: flash attention's backward is slower
        if isinstance(getattr(module, "config", None), PreTrainedConfig):
            module.config._attn_implementation = "eager"
    return model


@torch.no_grad()
def grow(weights: dict[str, torch.Tensor], model: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of a smaller picture size made to fit `model`: position tables are interpolated."""
    out = {}
    for name, wanted in model.state_dict().items():
        have = weights[name]
        if have.shape != wanted.shape and name.endswith("pos_embed"):
            grid = have.permute(0, 3, 1, 2)
            have = nn.functional.interpolate(grid, wanted.shape[1:3], mode="bicubic").permute(0, 2, 3, 1)
        elif have.shape != wanted.shape:  # relative positions, (2n - 1, head width)
            row = have.t().unsqueeze(0)
            have = nn.functional.interpolate(row, wanted.shape[0], mode="linear").squeeze(0).t()
        out[name] = have.contiguous()
    return out
