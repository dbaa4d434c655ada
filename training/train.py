"""Make the bundled checkpoint: `python -m training.train --out runs/tiny`.

First all of SAM on ordinary objects, small pictures and then large ones; then, with SAM frozen,
the HQ parts on thin objects. A run that was cut off goes on from its last save.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset

from samhq_demo.models.sam import decode_sam
from samhq_demo.models.sam_hq import decode_sam_hq, hq_features

from .batches import Batches, Diet
from .geometry import grow, new_sam, new_sam_hq
from .losses import AffinityHead, mask_iou, mask_loss
from .prompting import correction, embed_prompt, more_points, rough_mask

HQ_PARTS = (
    "hq_token",
    "hq_mask_mlp",
    "compress_vit",
    "encoder_conv",
    "encoder_norm",
    "mask_conv",
    "mask_norm",
)


SAVE_EVERY = 200  # steps


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training with one diet and one learning-rate curve."""

    name: str
    diet: Diet
    steps: int
    rate: float

    @property
    def hq(self) -> bool:
        return self.name == "hq"


PHASES = (
    Phase("small", Diet(128, 8, 2, 0.2, ("plain", "part"), seed=1), 4000, 1.5e-3),
    Phase("large", Diet(256, 4, 2, 0.2, ("plain", "part"), seed=2), 700, 8e-4),
    Phase("hq", Diet(256, 4, 2, 0.85, ("thin",), seed=3), 700, 1.5e-3),
)


def _optimizers(model: nn.Module, extra: nn.Module | None, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside, AdamW for everything else."""
    matrices: list[nn.Parameter] = []
    others = list(extra.parameters()) if extra else []
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            continue
        inside = weight.ndim == 2 and "embed" not in name and "token" not in name and "rel_pos" not in name
        (matrices if inside else others).append(weight)
    muon = torch.optim.Muon(matrices, lr=rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, lr=rate * 0.7, weight_decay=0.02, betas=(0.9, 0.98))]


def _rate_at(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / 150)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


class Lesson:
    """One model in training: turns a batch into a loss."""

    def __init__(self, model: nn.Module, *, hq: bool, generator: torch.Generator) -> None:
        self.model, self.hq, self.generator = model, hq, generator
        self.affinity = None if hq else AffinityHead(model.config.vision_config.output_channels)

    def _decode(self, picture: dict[str, Tensor], rows: Tensor, prompt: dict[str, Tensor | None]):
        inputs = {key: value[rows] for key, value in picture.items() if key != "positions"}
        decode = decode_sam_hq if self.hq else decode_sam
        return decode(self.model.mask_decoder, image_positions=picture["positions"], **inputs, **prompt)

    def _encode(self, pixels: Tensor) -> dict[str, Tensor]:
        positions = self.model.get_image_wide_positional_embeddings()
        if not self.hq:
            seen = self.model.vision_encoder(pixels)
            return {"image_embeddings": seen.last_hidden_state, "positions": positions}
        with torch.no_grad():
            seen = self.model.vision_encoder(pixels)
        features = hq_features(
            self.model.mask_decoder,
            image_embeddings=seen.last_hidden_state,
            early_embeddings=seen.intermediate_embeddings[0],
        )
        return {"image_embeddings": seen.last_hidden_state, "features": features, "positions": positions}

    def _sam_loss(self, decoded, truth: Tensor, meter: dict[str, float], name: str) -> Tensor:
        logits, scores = decoded.logits.float(), decoded.iou_scores.float()
        losses = mask_loss(logits, truth)  # (B, 4)
        iou = mask_iou(logits, truth)
        meter[name] = iou[:, 0].mean().item()
        meter[f"{name}_chosen"] = iou[:, 1:].gather(1, scores[:, 1:].argmax(1, keepdim=True)).mean().item()
        return losses[:, 0].mean() + losses[:, 1:].amin(1).mean() + F.mse_loss(scores, iou)

    def _hq_loss(self, decoded, truth: Tensor, meter: dict[str, float], name: str) -> Tensor:
        size = truth.shape[-2:]
        inner, alone = decoded.logits[:, :1].float(), decoded.logits[:, 4:].float()
        both = F.interpolate(inner + alone, size, mode="bilinear")
        alone = F.interpolate(alone, size, mode="bilinear")
        meter[name] = mask_iou(both, truth).mean().item()
        meter[f"{name}_sam"] = mask_iou(F.interpolate(inner, size, mode="bilinear"), truth).mean().item()
        return mask_loss(both, truth).mean() + mask_loss(alone, truth).mean()

    def __call__(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        count, draw = batch["masks"].shape[1] // 3, self.generator
        picture = self._encode(batch["pixels"])
        rows = torch.arange(len(batch["pixels"])).repeat_interleave(count)
        every = len(rows)

        def group(key: str, i: int) -> Tensor:
            return batch[key][:, i * count : (i + 1) * count].flatten(0, 1).float()

        fine = [group("masks", i) for i in range(3)]
        low = [F.avg_pool2d(m.unsqueeze(1), 2).squeeze(1) for m in fine]
        truth = [(m if self.hq else s).unsqueeze(1) for m, s in zip(fine, low, strict=True)]
        loss_of = self._hq_loss if self.hq else self._sam_loss
        meter: dict[str, float] = {}

        clicks, ones = group("clicks", 0).unsqueeze(1), torch.ones(every, 1, dtype=torch.long)
        prompt = embed_prompt(self.model, points=clicks, labels=ones, count=every)
        clicked = self._decode(picture, rows, prompt)
        loss = loss_of(clicked, truth[0], meter, "click") * (0.3 if self.hq else 1.0)

        prompt = embed_prompt(self.model, boxes=group("boxes", 1), count=every)
        loss = loss + loss_of(self._decode(picture, rows, prompt), truth[1], meter, "box")

        kind = int(torch.randint(0, 4, (), generator=draw))
        if kind == 0:  # the same click, its answer and a correction
            answer = clicked.logits[:, 4 if self.hq else 0].detach().float()
            at, label = correction(answer, low[0], draw)
            prompt = embed_prompt(
                self.model,
                points=torch.cat([clicks, 2 * at.unsqueeze(1)], 1),
                labels=torch.cat([ones, label.unsqueeze(1)], 1),
                masks=answer.unsqueeze(1),
                count=every,
            )
            third = truth[0]
        elif kind == 1:  # a rough mask, nothing else
            prompt = embed_prompt(self.model, masks=rough_mask(low[2], draw), count=every)
            third = truth[2]
        else:  # more points, with and without a box
            at, label = more_points(low[2], int(torch.randint(1, 4, (), generator=draw)), draw)
            first = group("clicks", 2).unsqueeze(1)
            prompt = embed_prompt(
                self.model,
                points=torch.cat([first, 2 * at], 1),
                labels=torch.cat([ones, label], 1),
                boxes=group("boxes", 2) if kind == 3 else None,
                count=every,
            )
            third = truth[2]
        loss = loss + 0.7 * loss_of(
            self._decode(picture, rows, prompt),
            third,
            meter,
            ("refine", "mask", "points", "box_points")[kind],
        )
        if self.affinity is not None:
            near = self.affinity(picture["image_embeddings"].float(), batch["instances"], draw)
            meter["affinity"] = near.item()
            loss = loss + 0.5 * near
        return loss, meter


def _model_for(phase: Phase, out: Path) -> nn.Module:
    """A phase's model, with what the phase before it has learnt."""
    torch.manual_seed(phase.diet.seed)
    model = (new_sam_hq if phase.hq else new_sam)(phase.diet.image_size)
    number = PHASES.index(phase)
    if number:
        learnt = torch.load(out / f"{PHASES[number - 1].name}.pt", weights_only=True)["model"]
        if phase.hq:
            model.load_state_dict(learnt, strict=False)
            for name, weight in model.named_parameters():
                weight.requires_grad_(any(part in name for part in HQ_PARTS))
        else:
            model.load_state_dict(grow(learnt, model))
    return model


def run(phase: Phase, out: Path, *, threads: int) -> None:
    """Train one phase to its end, saving every `SAVE_EVERY` steps; does nothing if it is done."""
    final, partial = out / f"{phase.name}.pt", out / f"{phase.name}.partial.pt"
    if final.exists():
        return
    torch.set_num_threads(threads)
    model = _model_for(phase, out).train()
    generator = torch.Generator().manual_seed(phase.diet.seed)
    lesson = Lesson(model, hq=phase.hq, generator=generator)
    optimizers = _optimizers(model, lesson.affinity, phase.rate)
    start = 0
    if partial.exists():
        saved = torch.load(partial, weights_only=True)
        model.load_state_dict(saved["model"])
        if lesson.affinity:
            lesson.affinity.load_state_dict(saved["affinity"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        generator.set_state(saved["generator"])
        start = saved["step"]
    rates = [[g["lr"] for g in o.param_groups] for o in _optimizers(model, lesson.affinity, phase.rate)]
    batches = Subset(Batches(phase.diet, phase.steps), range(start, phase.steps))
    totals: dict[str, list[float]] = {}
    began = time.monotonic()
    for step, batch in enumerate(
        DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4), start
    ):
        for optimizer, own in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, own, strict=True):
                group["lr"] = rate * _rate_at(step, phase.steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, meter = lesson(batch)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        for optimizer in optimizers:
            optimizer.step()
        for key, value in {"loss": loss.item(), **meter}.items():
            totals.setdefault(key, []).append(value)
        if (step + 1) % 50 == 0:
            told = " ".join(f"{k}={sum(v) / len(v):.3f}" for k, v in sorted(totals.items()))
            each = (time.monotonic() - began) / (step + 1 - start)
            print(f"{phase.name} {step + 1}/{phase.steps} {each:.2f}s/step {told}", flush=True)
            totals.clear()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == phase.steps:
            state = {
                "model": model.state_dict(),
                "affinity": lesson.affinity.state_dict() if lesson.affinity else {},
                "optimizers": [o.state_dict() for o in optimizers],
                "generator": generator.get_state(),
                "step": step + 1,
            }
            torch.save(state, partial.with_suffix(".tmp"))
            partial.with_suffix(".tmp").replace(partial)
    partial.replace(final)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/tiny"), help="where the run is saved")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for phase in PHASES:
        run(phase, given.out, threads=given.threads)


if __name__ == "__main__":
    main()
