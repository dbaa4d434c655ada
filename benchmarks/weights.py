"""Weights on disk for all ways, of random tensors at a real scale or of the bundled checkpoint."""

from __future__ import annotations

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
    """Write Light HQ-SAM of random weights into a folder, as the Hub's cache would hold its pickle."""
    from testbed.light import official_light, save_pickle

    save_pickle(official_light(seed=3).state_dict(), folder / HUB)


def _sam_hq(geometry: str) -> Any:
    import torch
    from transformers import SamHQModel

    from samhq_demo.weights.names import TINY_FOLDER
    from testbed.checkpoints import SMALL, VIT_B, random_sam_hq

    if geometry == "tiny":
        return SamHQModel.from_pretrained(TINY_FOLDER, dtype=torch.float32).eval()
    known = {"ViT-B": VIT_B, "small": SMALL}
    if geometry not in known:
        raise ValueError(f"There is no geometry {geometry!r}; there are tiny, {', '.join(known)}.")
    return random_sam_hq(known[geometry], seed=3)


def smooth_sam_hq(geometry: Any = None) -> Any:
    """A geometry, or ViT-B's, with random weights whose masks have smooth borders, as trained ones have.

    Fully random weights tell neighboring places apart by noise, and their masks are all edge. Here the
    picture says little beside the positions, and the decoder's enlarging makes equal places of one.
    """
    import torch

    from testbed.checkpoints import VIT_B, random_sam_hq

    model = random_sam_hq(geometry or VIT_B, seed=5)
    decoder = model.mask_decoder
    with torch.no_grad():
        for weight in (
            model.vision_encoder.neck.layer_norm2.weight,
            decoder.encoder_conv2.weight,
            decoder.compress_vit_conv2.weight,
        ):
            weight.mul_(0.02)
        for conv in (decoder.upscale_conv1, decoder.upscale_conv2):
            conv.weight.copy_(2 * conv.weight.mean((2, 3), keepdim=True))
    return model
