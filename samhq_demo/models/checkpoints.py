"""From weights on this machine to a loaded pair of models."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import SamConfig, SamHQConfig, SamHQModel, SamModel
from transformers.utils import logging as transformers_logging

from samhq_demo.models.compute import Compute
from samhq_demo.models.light import light_sam_hq
from samhq_demo.models.pair import ModelPair
from samhq_demo.models.pickled import pickled_tensors
from samhq_demo.models.tiny_vit import TinyViT
from samhq_demo.models.zero_gpu import place
from samhq_demo.weights.names import NAMES
from samhq_demo.weights.pickles import PICKLES

logger = logging.getLogger(__name__)

# While transformers builds a model it changes functions that all models share: two at a time break both,
# and those that come after.
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Difference:
    """The tensors that SAM and SAM-HQ have both, but not equal, by the part of the model."""

    image_encoder: tuple[str, ...]
    prompt_encoder: tuple[str, ...]
    mask_decoder: tuple[str, ...]

    def __str__(self) -> str:
        parts = {
            "image encoder": self.image_encoder,
            "prompt encoder": self.prompt_encoder,
            "SAM's mask decoder": self.mask_decoder,
        }
        told = [
            f"{part} equal" if not names else f"{part} differs in {len(names)} tensors ({names[0]}, ...)"
            for part, names in parts.items()
        ]
        return ", ".join(told)


def load_pair(
    folder: Path,
    *,
    name: str,
    compute: Compute,
    baseline: Path | None = None,
    pickle_of: str | None = None,
) -> ModelPair:
    """Load SAM-HQ and the SAM to compare it with; one image encoder if theirs are equal.

    Args:
        folder: a SAM-HQ checkpoint in Hugging Face format, in safetensors.
        baseline: a SAM checkpoint; without it SAM's frozen tensors are taken out of SAM-HQ's.
        pickle_of: a repository; if it is of `PICKLES`, the folder is one of its own.

    Raises:
        ValueError: a folder holds no such checkpoint, or the two take pictures of different sizes.
    """
    if pickle_of in PICKLES:
        sam_hq = _load_light(folder, pickle_of)
    else:
        sam_hq = _load(SamHQModel, folder, kind="SAM-HQ", model_type="sam_hq")
    if baseline is None:
        sam = frozen_sam(sam_hq)
        logger.info("%s: SAM is made of the frozen tensors in the SAM-HQ checkpoint", name)
    else:
        sam = _load(SamModel, baseline, kind="SAM", model_type="sam")
        sizes = [
            (m.config.vision_config.image_size, m.config.vision_config.patch_size) for m in (sam, sam_hq)
        ]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"The baseline takes pictures of {sizes[0][0]} pixels in patches of {sizes[0][1]}, SAM-HQ of "
                f"{sizes[1][0]} in {sizes[1][1]}; give a SAM of the same geometry in SAMHQ_BASELINE."
            )
    return pair_of(sam, sam_hq, name=name, compute=compute)


def pair_of(sam: Any, sam_hq: Any, *, name: str, compute: Compute) -> ModelPair:
    """Make a pair of two float32 models, which become part of it; one image encoder if theirs are equal."""
    difference = compare_tensors(sam, sam_hq)
    shared = not difference.image_encoder
    logger.info("%s: %s; the encoder runs %s a picture", name, difference, "once" if shared else "twice")
    if shared:
        sam.vision_encoder = None  # the other one serves both; this frees its memory
    for model in (sam, sam_hq):
        _use_official_epsilon(model.mask_decoder)
        model.eval().requires_grad_(False).to(compute.decoder_device)
        if model.vision_encoder is not None:
            model.vision_encoder.to(compute.decoder_device, compute.dtype)
    if compute.dtype != torch.float32:
        _leave_files(sam, sam_hq)
    if compute.zero_gpu:
        place(*(model.vision_encoder for model in (sam, sam_hq) if model.vision_encoder is not None))
    return ModelPair(sam, sam_hq, name=name, compute=compute, shared_encoder=shared)


def _leave_files(*models: nn.Module) -> None:
    """Copy each float32 tensor, common ones once, so that no file stays mapped into memory for it.

    A checkpoint's tensors lie in its file, mapped whole. The decoders' would keep there the encoder's in
    float32, which were copied to be converted.
    """
    copies: dict[int, torch.Tensor] = {}
    for model in models:
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.dtype != torch.float32:
                continue
            lay_at = tensor.data_ptr()
            if lay_at not in copies:
                copies[lay_at] = tensor.data.clone()
            tensor.data = copies[lay_at]


def _use_official_epsilon(decoder: nn.Module) -> None:
    """Give the two-way transformer's norms torch's default epsilon, which the official code has.

    transformers has 1e-6 there. On small activations that is enough to move masks by a percent.
    """
    for module in decoder.transformer.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = 1e-5


def _load(model_class: Any, folder: Path, *, kind: str, model_type: str) -> Any:
    declared = _declared_type(folder)
    if declared != model_type:
        raise ValueError(
            f"{folder.name} is no {kind} checkpoint: its config.json says {declared!r}"
            f"{_instead(folder, declared, model_type)}."
        )
    transformers_logging.disable_progress_bar()  # a log is no place for it
    try:
        with _building:
            model, report = model_class.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ValueError(
            f"{folder.name} could not be read as a {kind} checkpoint: {_first_line(error)}"
        ) from error
    _check_whole(folder, kind, missing=sorted(report["missing_keys"]))
    _check_finite(model, folder.name)
    _check_positions(model, folder.name)
    return model


def _load_light(folder: Path, repo_id: str) -> Any:
    tensors = pickled_tensors(folder, repo_id)
    try:
        with _building:
            model = light_sam_hq(tensors)
    except ValueError as error:
        raise ValueError(f"{PICKLES[repo_id].file_name} of {repo_id} holds {error}.") from error
    _check_finite(model, repo_id)
    return model


def _check_whole(folder: Path, kind: str, *, missing: list[str]) -> None:
    if missing:
        raise ValueError(
            f"{folder.name} is no whole {kind} checkpoint: it lacks {len(missing)} tensors, "
            f"{missing[0]} among them."
        )


def _check_positions(model: Any, name: str) -> None:
    """Raise ValueError where the picture's positions are encoded otherwise than a prompt's.

    They are one random matrix, which a release of transformers may load once and leave new once: every mask
    would be wrong, and no score would tell.
    """
    grid = model.shared_image_embedding.positional_embedding
    if not torch.equal(grid, model.prompt_encoder.shared_embedding.positional_embedding):
        raise ValueError(
            f"{name} has two positional embeddings that differ, for the picture and for prompts: it was "
            "converted so, or this transformers reads it wrongly; constraints.txt has the tested release."
        )


def _check_finite(model: Any, name: str) -> None:
    # A sum is finite only where each number is; it takes one pass and no memory.
    spoiled = [name for name, weights in model.named_parameters() if not torch.isfinite(weights.sum())]
    if spoiled:
        raise ValueError(
            f"{name} holds weights that are no finite numbers, {spoiled[0]} among them: "
            "download or convert it again."
        )


def _declared_type(folder: Path) -> str | None:
    """The `model_type` of a checkpoint's config.json; transformers would load any into any."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    declared: str | None = config.get("model_type") if isinstance(config, dict) else None
    return declared


def _instead(folder: Path, declared: str | None, model_type: str) -> str:
    """What to use in place of a checkpoint of another type, as a clause."""
    size = {1024: "large", 1280: "huge"}.get(_width(folder), "base")
    repo_id = NAMES[size].sam_hq_repo_id if model_type == "sam_hq" else NAMES[size].sam_repo_id
    if declared in ("sam-hq", "samhq") and model_type == "sam_hq":
        return f", as older conversions do, which transformers does not read any more; use {repo_id}"
    if declared == "sam" and model_type == "sam_hq":
        return f", which is SAM alone, for SAMHQ_BASELINE; for SAMHQ_MODEL use one such as {repo_id}"
    if declared in ("sam_hq", "sam-hq", "samhq"):
        return f", which is SAM-HQ; for SAMHQ_BASELINE use one such as {repo_id}, or leave it out"
    return f"; use one such as {repo_id}"


def _width(folder: Path) -> int:
    """The encoder's width by config.json: 768, 1024 or 1280 in published sizes; 0 where it is not told."""
    try:
        return int(
            json.loads((folder / "config.json").read_text(encoding="utf-8"))["vision_config"]["hidden_size"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def frozen_sam(sam_hq: Any) -> Any:
    """The SAM inside a SAM-HQ, which was trained with all of SAM frozen. No memory is copied."""
    with _building, torch.device("meta"):
        sam: Any = SamModel(sam_config(sam_hq.config))
    if isinstance(sam_hq.vision_encoder, TinyViT):
        sam.vision_encoder = sam_hq.vision_encoder  # no configuration of SAM's makes one
    tensors = sam_hq.state_dict()
    sam.load_state_dict({name: tensors[name] for name in sam.state_dict()}, assign=True)
    return sam


def sam_config(config: SamHQConfig) -> SamConfig:
    """The configuration of the SAM that a SAM-HQ of this configuration grew from."""
    parts: dict[str, Any] = {}
    for part in ("vision_config", "prompt_encoder_config", "mask_decoder_config"):
        fields = getattr(config, part).to_dict()
        parts[part] = {
            k: v for k, v in fields.items() if k not in {"model_type", "vit_dim", "transformers_version"}
        }
    return SamConfig(**parts)


def compare_tensors(sam: Any, sam_hq: Any) -> Difference:
    """Compare every tensor of SAM with the one of the same name in SAM-HQ, bit for bit."""
    others = sam_hq.state_dict()
    unequal = []
    for name, tensor in sam.state_dict().items():
        other = others.get(name)
        if other is None or other.shape != tensor.shape or not torch.equal(tensor, other):
            unequal.append(name)
    return Difference(
        image_encoder=tuple(n for n in unequal if n.startswith("vision_encoder.")),
        prompt_encoder=tuple(n for n in unequal if not n.startswith(("vision_encoder.", "mask_decoder."))),
        mask_decoder=tuple(n for n in unequal if n.startswith("mask_decoder.")),
    )


def count_parameters(pair: ModelPair) -> tuple[int, int]:
    """Parameters of SAM-HQ in all, and how many of them SAM does not have."""
    total = sum(p.numel() for p in pair.sam_hq.parameters())
    decoders = [sum(p.numel() for p in m.mask_decoder.parameters()) for m in (pair.sam_hq, pair.sam)]
    return total, decoders[0] - decoders[1]
