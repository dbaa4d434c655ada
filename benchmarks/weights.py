"""Weights on disk for all ways: random tensors, with masks like trained ones, or the bundled checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HUB = "hub"  # where `prepare_light` writes


def prepare(geometry: str, folder: Path) -> str:
    """Write the weights of "ViT-B", "tiny" or "small"; returns the precision that this project chooses here.

    The folder gets SAM-HQ and the SAM inside it, each in Hugging Face format and as the official
    code's `.pth` file.
    """
    import torch
    from transformers.utils import logging

    from samhq_demo.models.checkpoints import frozen_sam
    from samhq_demo.models.compute import choose_compute
    from testbed.official import official_weights

    logging.disable_progress_bar()
    sam_hq = _sam_hq(geometry)
    for name, model in (("sam_hq", sam_hq), ("sam", frozen_sam(sam_hq))):
        model.save_pretrained(folder / name, safe_serialization=True)
        torch.save(official_weights(model), folder / f"{name}.pth")
    return str(choose_compute(device="cpu").dtype).removeprefix("torch.")


def prepare_light(folder: Path) -> None:
    """Write the weights of `smooth_light` into a folder, as the Hub's cache would hold their pickle."""
    from testbed.light import save_pickle

    save_pickle(smooth_light(), folder / HUB)


def _sam_hq(geometry: str) -> Any:
    import torch
    from transformers import SamHQModel

    from samhq_demo.weights.names import TINY_FOLDER
    from testbed.checkpoints import SMALL, VIT_B

    if geometry == "tiny":
        return SamHQModel.from_pretrained(TINY_FOLDER, dtype=torch.float32).eval()
    known = {"ViT-B": VIT_B, "small": SMALL}
    if geometry not in known:
        raise ValueError(f"There is no geometry {geometry!r}; there are tiny, {', '.join(known)}.")
    return smooth_sam_hq(known[geometry])


# What of a SAM-HQ says what is seen in the picture, and what enlarges masks: here and in the official code.
_SEEN = (
    "vision_encoder.neck.layer_norm2.weight",
    "mask_decoder.encoder_conv2.weight",
    "mask_decoder.compress_vit_conv2.weight",
)
_ENLARGING = ("mask_decoder.upscale_conv1.weight", "mask_decoder.upscale_conv2.weight")
_SEEN_OFFICIAL = (
    "image_encoder.neck.3.weight",
    "mask_decoder.embedding_encoder.3.weight",
    "mask_decoder.compress_vit_feat.3.weight",
)
_ENLARGING_OFFICIAL = ("mask_decoder.output_upscaling.0.weight", "mask_decoder.output_upscaling.3.weight")


def smooth_sam_hq(geometry: Any = None) -> Any:
    """A geometry, or ViT-B's, with random weights whose masks have smooth borders, as trained ones have."""
    from testbed.checkpoints import VIT_B, random_sam_hq

    model = random_sam_hq(geometry or VIT_B, seed=3)
    _smooth(model.state_dict(), seen=_SEEN, enlarging=_ENLARGING)
    _balance(model)
    return model


def smooth_light() -> dict[str, Any]:
    """The official code's weights of such a Light HQ-SAM."""
    from testbed.light import official_light

    weights: dict[str, Any] = official_light(seed=5).state_dict()
    _smooth(weights, seen=_SEEN_OFFICIAL, enlarging=_ENLARGING_OFFICIAL)
    return weights


def _smooth(weights: Mapping[str, Any], *, seen: Iterable[str], enlarging: Iterable[str]) -> None:
    """Change a model's weights where they are.

    Fully random weights tell neighboring places apart by noise, and their masks are all edge. Here the
    picture says little beside the positions, and the decoder's enlarging makes equal places of one.
    """
    for name in seen:
        weights[name].mul_(0.02)
    for name in enlarging:
        weights[name].copy_(2 * weights[name].mean((2, 3), keepdim=True))


def _balance(model: Any) -> None:
    """Change a model so that few of its masks are empty or hold everything.

    A mask is the product of a token with all places. What the places have in common, in a picture of which
    nothing is seen, is taken out of the tokens.
    """
    import torch

    from samhq_demo.models.decoders import Decoders, PromptTensors
    from samhq_demo.models.sam import placed, upscale
    from samhq_demo.models.sam_hq import hq_features

    decoder, vision = model.mask_decoder, model.config.vision_config
    bias = model.vision_encoder.neck.layer_norm2.bias
    side = vision.image_size // vision.patch_size
    center = torch.full((1, 1, 1, 2), vision.image_size / 2)
    clicked = PromptTensors(center, torch.ones(1, 1, 1, dtype=torch.long), None, None)
    with torch.no_grad():
        image = bias[None, :, None, None].expand(1, -1, side, side).contiguous()
        early = bias.new_zeros(1, side, side, model.config.mask_decoder_config.vit_dim)
        features = hq_features(decoder, image_embeddings=image, early_embeddings=early)
        attended = Decoders.of(model, model).attend("sam_hq", image, clicked)
        places = placed(upscale(decoder, attended.image))
        fine = decoder.mask_conv1(places.permute(0, 3, 1, 2))
        fine = decoder.mask_conv2(decoder.activation(decoder.mask_norm(fine))) + features
        for mlp in decoder.output_hypernetworks_mlps:
            _take_out(places.mean((0, 1, 2)), mlp.proj_out)
        _take_out(fine.mean((0, 2, 3)), decoder.hq_mask_mlp.proj_out)


def _take_out(direction: Any, linear: Any) -> None:
    """Change a layer so that its output has no part in a direction."""
    unit = direction / direction.norm()
    linear.weight.sub_(unit[:, None] * (unit @ linear.weight))
    linear.bias.sub_(unit * (unit @ linear.bias))
