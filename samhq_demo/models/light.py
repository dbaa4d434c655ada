"""Light HQ-SAM: from the tensors of its published checkpoint to a pair, with MobileSAM as its SAM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import SamHQConfig, SamHQModel

from samhq_demo.models.tiny_vit import STAGES, TinyViT

_POSITIONS = "shared_image_embedding.positional_embedding"
# Names in the official code -> ours, in order.
_NAMES = (
    (r"^image_encoder\.patch_embed\.seq\.", "vision_encoder.stem."),
    (r"^image_encoder\.layers\.", "vision_encoder.stages."),
    (r"^image_encoder\.neck\.0", "vision_encoder.neck.conv1"),
    (r"^image_encoder\.neck\.1", "vision_encoder.neck.layer_norm1"),
    (r"^image_encoder\.neck\.2", "vision_encoder.neck.conv2"),
    (r"^image_encoder\.neck\.3", "vision_encoder.neck.layer_norm2"),
    (r"\.downsample\.", ".merging."),
    (r"(stages\.\d+\.(?:merging|blocks\.\d+))\.conv1\.", r"\1.expand."),
    (r"(stages\.\d+\.(?:merging|blocks\.\d+))\.conv2\.", r"\1.depthwise."),
    (r"(stages\.\d+\.(?:merging|blocks\.\d+))\.conv3\.", r"\1.project."),
    (r"\.local_conv\.", ".depthwise."),
    (r"(stages.*)\.attn\.proj\.", r"\1.attention.project."),
    (r"(stages.*)\.attn\.attention_biases$", r"\1.attention.distance_bias"),
    (r"(stages.*)\.attn\.", r"\1.attention."),
    (r"(stages.*)\.mlp\.fc1\.", r"\1.widen."),
    (r"(stages.*)\.mlp\.fc2\.", r"\1.narrow."),
    (r"(stages.*)\.mlp\.norm\.", r"\1.norm."),
    (r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$", _POSITIONS),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"norm_final_attn", "layer_norm_final_attn"),
    (r"^(mask_decoder\.transformer\.layers\.\d+)\.norm(\d)", r"\1.layer_norm\2"),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"\.hf_token\.", ".hq_token."),
    (r"\.hf_mlp\.", ".hq_mask_mlp."),
    (r"compress_vit_feat\.0\.", "compress_vit_conv1."),
    (r"compress_vit_feat\.1\.", "compress_vit_norm."),
    (r"compress_vit_feat\.3\.", "compress_vit_conv2."),
    (r"embedding_encoder\.0\.", "encoder_conv1."),
    (r"embedding_encoder\.1\.", "encoder_norm."),
    (r"embedding_encoder\.3\.", "encoder_conv2."),
    (r"embedding_maskfeature\.0\.", "mask_conv1."),
    (r"embedding_maskfeature\.1\.", "mask_norm."),
    (r"embedding_maskfeature\.3\.", "mask_conv2."),
    (r"((?:mlps\.\d+|head|hq_mask_mlp)\.)layers\.0\.", r"\1proj_in."),
    (r"((?:mlps\.\d+|head|hq_mask_mlp)\.)layers\.1\.", r"\1layers.0."),
    (r"((?:mlps\.\d+|head|hq_mask_mlp)\.)layers\.2\.", r"\1proj_out."),
)
# Of TinyViT's classifier, which has no part in SAM.
_UNUSED = re.compile(
    r"^image_encoder\.(norm_head|head)\.|\.num_batches_tracked$|\.attention_bias_idxs$|\.ab$"
)
_BATCH_NORM_EPSILON = 1e-5


def empty_light() -> Any:
    """A SAM-HQ around a TinyViT, its weights still to be loaded: on the meta device."""
    width, early = STAGES[-1].width, STAGES[2].width
    config = SamHQConfig(
        vision_config={"hidden_size": width, "num_hidden_layers": 0, "global_attn_indexes": []},
        mask_decoder_config={"vit_dim": early},
    )
    with torch.device("meta"):
        model: Any = SamHQModel(config)
        model.vision_encoder = TinyViT(model.vision_encoder.neck)
    return model


def light_sam_hq(official: Mapping[str, Tensor]) -> Any:
    """The model of the official checkpoint's tensors, float32.

    Raises:
        ValueError: they are not those of Light HQ-SAM.
    """
    model = empty_light()
    try:
        tensors = _renamed(_folded({name: t for name, t in official.items() if not _UNUSED.search(name)}))
        # The official code has one matrix for both.
        tensors["prompt_encoder.shared_embedding.positional_embedding"] = tensors[_POSITIONS]
        for name, ours in model.state_dict().items():
            # A convolution of kernel 1 is a product here, and the bias by distance has its rows and columns.
            tensors[name] = tensors[name].reshape(ours.shape)
        model.load_state_dict(tensors, assign=True)
    except (KeyError, RuntimeError) as error:
        raise ValueError("no Light HQ-SAM") from error
    model.vision_encoder.spread_biases()
    return model.eval()


def _folded(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each batch norm made part of the convolution before it, exact up to rounding."""
    tensors = {name: tensor.float() for name, tensor in official.items() if ".bn." not in name}
    for name in [name for name in tensors if name.endswith(".c.weight")]:
        stem = name.removesuffix(".c.weight")
        parts = (f"{stem}.bn.{part}" for part in ("weight", "bias", "running_mean", "running_var"))
        scale, shift, mean, variance = (official[part].double() for part in parts)
        factor = scale / (variance + _BATCH_NORM_EPSILON).sqrt()
        weight = tensors.pop(name).double() * factor[:, None, None, None]
        tensors[f"{stem}.weight"], tensors[f"{stem}.bias"] = weight.float(), (shift - mean * factor).float()
    return tensors


def _renamed(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in official.items():
        ours = name
        for pattern, replacement in _NAMES:
            ours = re.sub(pattern, replacement, ours)
        renamed[ours] = tensor
    return renamed
