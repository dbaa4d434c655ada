"""Weights that are of another kind, or that give no numbers, are answered with what would be right."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute
from samhq_demo.models.pair import ModelPair
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import Prompt

PICTURE = Picture.from_pixels(np.full((60, 80, 3), 100, np.uint8))
CLICK = Prompt.from_json({"points": [[40, 30]]})


def load(folder: Path, *, dtype: torch.dtype = torch.float32, baseline: Path | None = None) -> ModelPair:
    return load_pair(folder, name="small", compute=Compute(torch.device("cpu"), dtype), baseline=baseline)


def declared(folder: Path, model_type: str, width: int) -> Path:
    """A folder with the configuration of another checkpoint."""
    folder.mkdir()
    config = {"model_type": model_type, "vision_config": {"hidden_size": width}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(("width", "size"), [(768, "base"), (1024, "large"), (1280, "huge")])
def test_an_older_conversion_is_answered_with_the_right_repository(
    tmp_path: Path, checkpoint: Path, width: int, size: str
) -> None:
    old = declared(tmp_path / "old", "sam-hq", width)
    with pytest.raises(ValueError, match=rf"older conversions do.* use syscv-community/sam-hq-vit-{size}\.$"):
        load(old)
    with pytest.raises(ValueError, match=rf"which is SAM-HQ; .*facebook/sam-vit-{size}, or leave it out\.$"):
        load(checkpoint, baseline=old)


def test_sam_in_the_place_of_sam_hq_and_the_other_way_round(tmp_path: Path, checkpoint: Path) -> None:
    sam = declared(tmp_path / "sam", "sam", 768)
    with pytest.raises(
        ValueError, match=r"SAM alone, for SAMHQ_BASELINE; .*syscv-community/sam-hq-vit-base\.$"
    ):
        load(sam)
    with pytest.raises(ValueError, match=r"which is SAM-HQ; for SAMHQ_BASELINE use one such as facebook"):
        load(checkpoint, baseline=checkpoint)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_file_with_weights_that_are_not_finite_is_not_loaded(
    tmp_path: Path, checkpoint: Path, value: float
) -> None:
    folder = tmp_path / "spoiled"
    shutil.copytree(checkpoint, folder)
    file = folder / "model.safetensors"
    weights = load_file(file)
    name = next(name for name in weights if name.startswith("mask_decoder") and weights[name].ndim > 1)
    weights[name][0, 0] = value
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="spoiled holds weights that are no finite numbers"):
        load(folder)


def spoil(module: nn.Module, value: float) -> None:
    with torch.no_grad():
        next(module.parameters()).fill_(value)


@pytest.mark.parametrize(("dtype", "named"), [(torch.bfloat16, "bfloat16"), (torch.float16, "float16")])
def test_what_overflows_is_answered_with_float32(checkpoint: Path, dtype: torch.dtype, named: str) -> None:
    pair = load(checkpoint, dtype=dtype)
    spoil(pair.sam_hq.vision_encoder, float("inf"))
    with pytest.raises(ValueError, match=rf"small overflows in {named}: .* SAMHQ_DTYPE=float32\.$"):
        pair.encode(PICTURE)


def test_a_decoder_that_overflows_gives_no_empty_mask(checkpoint: Path) -> None:
    for part in ("sam", "sam_hq"):
        pair = load(checkpoint, dtype=torch.bfloat16)
        embedding = pair.encode(PICTURE)
        spoil(getattr(pair, part).mask_decoder.iou_prediction_head, float("nan"))
        with pytest.raises(ValueError, match="SAMHQ_DTYPE=float32"):
            pair.decode(embedding, [CLICK])


def test_damaged_weights_are_called_damaged_in_float32(checkpoint: Path) -> None:
    pair = load(checkpoint)
    spoil(pair.sam_hq.vision_encoder, float("nan"))
    with pytest.raises(ValueError, match="in SAMHQ_DTYPE=float32 as well: its weights are damaged"):
        pair.encode(PICTURE)


def test_positions_that_differ_for_picture_and_prompts_are_told(tmp_path: Path, checkpoint: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "split")
    weights = load_file(folder / "model.safetensors")
    matrix = weights["shared_image_embedding.positional_embedding"]
    weights["prompt_encoder.shared_embedding.positional_embedding"] = matrix + 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="two positional embeddings that differ"):
        load(folder)
