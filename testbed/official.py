"""The official SAM and SAM-HQ with the weights of a transformers checkpoint."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import torch
import transformers  # noqa: F401 - before the stand-ins, as it looks whether torchvision is there
from torch import nn

from testbed import stubs

stubs.install()

import segment_anything as official_sam  # noqa: E402 - after its imports are stood in for
import segment_anything.modeling as sam_parts  # noqa: E402
import segment_anything_hq as official_sam_hq  # noqa: E402
import segment_anything_hq.modeling as hq_parts  # noqa: E402
from segment_anything.utils import amg as official_amg  # noqa: E402, F401

# transformers' names -> the official ones, applied in order.
_NAMES = (
    (r"^vision_encoder\.patch_embed\.projection", "image_encoder.patch_embed.proj"),
    (r"^vision_encoder\.layers\.(\d+)\.layer_norm(\d)", r"image_encoder.blocks.\1.norm\2"),
    (r"^vision_encoder\.layers", "image_encoder.blocks"),
    (r"^vision_encoder\.neck\.conv1", "image_encoder.neck.0"),
    (r"^vision_encoder\.neck\.layer_norm1", "image_encoder.neck.1"),
    (r"^vision_encoder\.neck\.conv2", "image_encoder.neck.2"),
    (r"^vision_encoder\.neck\.layer_norm2", "image_encoder.neck.3"),
    (r"^vision_encoder", "image_encoder"),
    (
        r"^shared_image_embedding\.positional_embedding",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    (r"^prompt_encoder\.point_embed", "prompt_encoder.point_embeddings"),
    (r"^prompt_encoder\.mask_embed\.conv1", "prompt_encoder.mask_downscaling.0"),
    (r"^prompt_encoder\.mask_embed\.layer_norm1", "prompt_encoder.mask_downscaling.1"),
    (r"^prompt_encoder\.mask_embed\.conv2", "prompt_encoder.mask_downscaling.3"),
    (r"^prompt_encoder\.mask_embed\.layer_norm2", "prompt_encoder.mask_downscaling.4"),
    (r"^prompt_encoder\.mask_embed\.conv3", "prompt_encoder.mask_downscaling.6"),
    (r"layer_norm_final_attn", "norm_final_attn"),
    (
        r"^mask_decoder\.transformer\.layers\.(\d+)\.layer_norm(\d)",
        r"mask_decoder.transformer.layers.\1.norm\2",
    ),
    (r"upscale_conv1", "output_upscaling.0"),
    (r"upscale_layer_norm", "output_upscaling.1"),
    (r"upscale_conv2", "output_upscaling.3"),
    (r"hq_token", "hf_token"),
    (r"hq_mask_mlp", "hf_mlp"),
    (r"compress_vit_conv1", "compress_vit_feat.0"),
    (r"compress_vit_norm", "compress_vit_feat.1"),
    (r"compress_vit_conv2", "compress_vit_feat.3"),
    (r"encoder_conv1", "embedding_encoder.0"),
    (r"encoder_norm", "embedding_encoder.1"),
    (r"encoder_conv2", "embedding_encoder.3"),
    (r"mask_conv1", "embedding_maskfeature.0"),
    (r"mask_norm", "embedding_maskfeature.1"),
    (r"mask_conv2", "embedding_maskfeature.3"),
    (r"(mlps\.\d+|head|hf_mlp)\.layers\.0\.", r"\1.layers.1."),
    (r"(mlps\.\d+|head|hf_mlp)\.proj_in\.", r"\1.layers.0."),
    (r"(mlps\.\d+|head|hf_mlp)\.proj_out\.", r"\1.layers.2."),
)


def official_weights(model: Any) -> dict[str, torch.Tensor]:
    """The weights of a transformers `SamModel` or `SamHQModel` under the official names, float32."""
    weights: dict[str, torch.Tensor] = model.state_dict()
    out = {}
    for name, tensor in weights.items():
        if name == "prompt_encoder.shared_embedding.positional_embedding":
            continue  # the official code has one matrix for both
        renamed = name
        for pattern, replacement in _NAMES:
            renamed = re.sub(pattern, replacement, renamed)
        out[renamed] = tensor.float()
    return out


def _build(parts: Any, config: Any, decoder_class: Any, **decoder_options: Any) -> nn.Module:
    vision, prompt, decoder = config.vision_config, config.prompt_encoder_config, config.mask_decoder_config
    grid = vision.image_size // vision.patch_size
    encoder = parts.ImageEncoderViT(
        depth=vision.num_hidden_layers,
        embed_dim=vision.hidden_size,
        img_size=vision.image_size,
        mlp_ratio=vision.mlp_ratio,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        num_heads=vision.num_attention_heads,
        patch_size=vision.patch_size,
        qkv_bias=True,
        use_rel_pos=True,
        global_attn_indexes=tuple(vision.global_attn_indexes),
        window_size=vision.window_size,
        out_chans=vision.output_channels,
    )
    prompts = parts.PromptEncoder(
        embed_dim=prompt.hidden_size,
        image_embedding_size=(grid, grid),
        input_image_size=(vision.image_size, vision.image_size),
        mask_in_chans=prompt.mask_input_channels,
    )
    masks = decoder_class(
        num_multimask_outputs=3,
        transformer=parts.TwoWayTransformer(
            depth=2,
            embedding_dim=decoder.hidden_size,
            mlp_dim=decoder.mlp_dim,
            num_heads=decoder.num_attention_heads,
        ),
        transformer_dim=decoder.hidden_size,
        iou_head_depth=decoder.iou_head_depth,
        iou_head_hidden_dim=decoder.iou_head_hidden_dim,
        **decoder_options,
    )
    return parts.Sam(encoder, prompts, masks).eval()


def empty_sam(config: Any) -> Any:
    """segment-anything's SAM of a transformers configuration, its weights still to be loaded."""
    return _build(sam_parts, config, sam_parts.MaskDecoder)


def empty_sam_hq(config: Any) -> Any:
    """segment-anything-hq's SAM-HQ, likewise."""
    return _build(hq_parts, config, hq_parts.MaskDecoderHQ, vit_dim=config.vision_config.hidden_size)


def sam_predictor(model: Any) -> Any:
    """segment-anything's predictor with the weights of a transformers `SamModel`."""
    built = empty_sam(model.config)
    built.load_state_dict(official_weights(model))
    return official_sam.SamPredictor(built)


def sam_hq_predictor(model: Any) -> Any:
    """segment-anything-hq's predictor with the weights of a transformers `SamHQModel`."""
    built = empty_sam_hq(model.config)
    built.load_state_dict(official_weights(model))
    return official_sam_hq.SamPredictor(built)
