"""Make the bundled checkpoint: `python -m training.train --out runs/tiny --minutes 600`.

First all of SAM: on drawn scenes, then on photos with their segments and pasted objects, small pictures
first and large ones last. Then, with SAM frozen, the HQ parts on thin and intricate objects. A run that
was cut off goes on from its last save. The same code trains on a CPU and on a GPU.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset

from samhq_demo.models.compute import choose_compute
from training.agreement import agreement
from training.batches import Batches, Diet
from training.geometry import grow, new_sam, new_sam_hq
from training.lesson import Lesson, Meter
from training.muon import Muon
from training.pack import Pictures, read_pack
from training.photo_scenes import Mixture, PhotoScenes

HQ_PARTS = (
    "hq_token",
    "hq_mask_mlp",
    "compress_vit",
    "encoder_conv",
    "encoder_norm",
    "mask_conv",
    "mask_norm",
)
SAVE_EVERY = 100  # steps
_WARM_STEPS = 100
_REPORT_EVERY = 50
# What a run leaves are weights averaged over some five hundred steps: better than those of any one step.
_AVERAGE_DECAY = 0.998
# The HQ token starts as far from zero as SAM's own and has to go far until they no longer attend to it.
_HQ_TOKEN_RATE = 40


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training with one diet and one learning-rate curve.

    Attributes:
        share: of the minutes of a whole run, for a run that is measured in time.
        steps: of a run that is measured in steps.
        rate: the learning rate at its start; it falls along a cosine to `end` times that.
        gpu_batch, gpu_rate: the same on a GPU: on an H100 a step takes 0.18 s, with 24 pictures and with 48.
        sifts: whether segments of photos count by how well the model before finds them.
    """

    name: str
    diet: Diet
    share: float
    steps: int
    rate: float
    gpu_batch: int = 16
    gpu_rate: float = 1.5e-3
    end: float = 0.02
    sifts: bool = False

    @property
    def hq(self) -> bool:
        return self.name == "hq"

    def on(self, machine: Machine) -> Phase:
        """The phase as that machine trains it."""
        if machine.device == "cpu":
            return self
        return replace(self, diet=replace(self.diet, batch=self.gpu_batch), rate=self.gpu_rate)


# Of thin shapes only the HQ parts learn the masks, as in the paper.
_SOLID = ("plain", "part", "segment")
PHASES = (
    Phase(
        name="drawn",
        diet=Diet(128, 8, 2, 0.2, ("plain", "part"), seed=1),
        share=0.12,
        steps=4000,
        rate=1.5e-3,
        gpu_batch=64,
        gpu_rate=2e-3,
        end=0.5,
    ),
    Phase(
        name="small",
        diet=Diet(128, 12, 3, 0.2, _SOLID, seed=4, photo_share=0.85),
        share=0.48,
        steps=16000,
        rate=1.2e-3,
        gpu_batch=64,
        gpu_rate=1.8e-3,
        end=0.3,
    ),
    Phase(
        name="large",
        diet=Diet(256, 4, 3, 0.2, _SOLID, seed=5, photo_share=0.85),
        share=0.36,
        steps=6000,
        rate=6e-4,
        gpu_batch=48,
        gpu_rate=1.2e-3,
        sifts=True,
    ),
    Phase(
        name="hq",
        diet=Diet(256, 4, 3, 0.85, (*_SOLID, "thin"), seed=6, photo_share=0.75, anywhere=0.4),
        share=0.3,
        steps=4000,
        rate=1.5e-3,
        gpu_batch=36,
        gpu_rate=1.5e-3,
    ),
)
# Where the HQ parts learn nearly all pasted shapes are thin; other objects are there to stay as good.
_HQ_MIXTURE = Mixture(thin_share=0.9, sprite_share=0.3, busy_share=0.6)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run computes, and in what precision.

    Attributes:
        device: "cpu" or "cuda".
        low_precision: of matrix products: bfloat16 where the device has units for it.
        workers: processes that draw scenes.
    """

    device: str
    low_precision: bool
    workers: int

    @classmethod
    def here(cls) -> Machine:
        compute = choose_compute()
        device = compute.device.type if compute.device.type == "cuda" else "cpu"
        workers = 1 if device == "cpu" else max(1, (os.cpu_count() or 2) - 1)
        return cls(device, compute.dtype == torch.bfloat16, workers)


class Pace:
    """How far a phase is, by steps or by the clock; seconds of an earlier, cut off start count."""

    def __init__(self, *, steps: int, minutes: float | None, spent: float = 0.0) -> None:
        self._steps, self._minutes = steps, minutes
        self._began = time.monotonic() - spent

    @property
    def spent(self) -> float:
        """Seconds since the phase began."""
        return time.monotonic() - self._began

    def fraction(self, step: int) -> float:
        """From 0 to 1 before step number `step`."""
        if self._minutes is None:
            return step / self._steps
        return min(1.0, self.spent / (60 * self._minutes))


def _optimizers(
    model: nn.Module, extra: nn.Module | None, rate: float, *, machine: Machine
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside, AdamW for everything else."""
    matrices: list[nn.Parameter] = []
    others, hq_token = list(extra.parameters()) if extra else [], []
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            continue
        if "hq_token" in name:
            hq_token.append(weight)
            continue
        inside = weight.ndim == 2 and "embed" not in name and "token" not in name and "rel_pos" not in name
        (matrices if inside else others).append(weight)
    precision = torch.bfloat16 if machine.low_precision else torch.float32
    muon = Muon(matrices, lr=rate, weight_decay=0.1, dtype=precision)
    fused = machine.device != "cpu"
    groups = [
        {"params": others, "lr": rate * 0.7, "weight_decay": 0.02},
        {"params": hq_token, "lr": rate * _HQ_TOKEN_RATE, "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=fused)
    return [muon, adam]


def _model_for(phase: Phase, out: Path, init: Path | None) -> nn.Module:
    """A phase's model, with what the phase before it has learnt, or else with the checkpoint `init`."""
    torch.manual_seed(phase.diet.seed)
    model = (new_sam_hq if phase.hq else new_sam)(phase.diet.image_size)
    number = PHASES.index(phase)
    before = out / f"{PHASES[number - 1].name}.pt" if number else None
    if before is not None and before.exists():
        learnt = torch.load(before, weights_only=True)["model"]
    elif init is not None:
        learnt = load_file(init / "model.safetensors")
        for owner in ("shared_image_embedding", "prompt_encoder.shared_embedding"):  # saved once for both
            learnt.setdefault(
                f"{owner}.positional_embedding", learnt["shared_image_embedding.positional_embedding"]
            )
    else:
        return model
    if phase.hq:
        model.load_state_dict(grow({**model.state_dict(), **learnt}, model))
        for name, weight in model.named_parameters():
            weight.requires_grad_(any(part in name for part in HQ_PARTS))
    else:
        model.load_state_dict(grow({name: learnt[name] for name in model.state_dict()}, model))
    return model


class Run:
    """One phase in training: its model, its optimizers and where it stands."""

    def __init__(self, phase: Phase, out: Path, *, machine: Machine, init: Path | None = None) -> None:
        self.phase, self.machine = phase.on(machine), machine
        self._final, self._partial = out / f"{phase.name}.pt", out / f"{phase.name}.partial.pt"
        self.model = _model_for(phase, out, init).train().to(machine.device)
        # Seeds apart: two generators of one seed would draw alike.
        self.generators = {
            "generator": torch.Generator(machine.device).manual_seed(phase.diet.seed),
            "choices": torch.Generator().manual_seed(phase.diet.seed + 1000),
        }
        self.lesson = Lesson(self.model, hq=phase.hq, **self.generators)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGE_DECAY))
        if self.lesson.affinity is not None:
            self.lesson.affinity.to(machine.device)
        self.optimizers = _optimizers(self.model, self.lesson.affinity, self.phase.rate, machine=machine)
        self._rates = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        self.start, self.spent = 0, 0.0
        if self._partial.exists():
            self._resume(torch.load(self._partial, weights_only=True, map_location=machine.device))

    def _resume(self, saved: dict[str, Any]) -> None:
        self.model.load_state_dict(saved["learning"])
        self.average.module.load_state_dict(saved["model"])
        self.average.n_averaged.fill_(saved["step"])
        if self.lesson.affinity is not None:
            self.lesson.affinity.load_state_dict(saved["affinity"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        for name, generator in self.generators.items():
            generator.set_state(saved[name].cpu())
        self.start, self.spent = saved["step"], saved["spent"]

    def save(self, step: int, spent: float, *, final: bool = False) -> None:
        """Write the state after `step` steps; whatever is cut off, one whole file is there."""
        state = {
            "model": self.average.module.state_dict(),
            "learning": self.model.state_dict(),
            "affinity": self.lesson.affinity.state_dict() if self.lesson.affinity else {},
            "optimizers": [o.state_dict() for o in self.optimizers],
            **{name: generator.get_state() for name, generator in self.generators.items()},
            "step": step,
            "spent": spent,
        }
        partial = self._partial.with_suffix(".tmp")
        torch.save(state, partial)
        partial.replace(self._final if final else self._partial)
        if final:
            self._partial.unlink(missing_ok=True)

    def learn(self, batch: dict[str, Tensor], *, step: int, fraction: float) -> Meter:
        """One step; returns what was measured on the way."""
        curve = self.phase.end + (1 - self.phase.end) * 0.5 * (1 + math.cos(math.pi * fraction))
        warm = min(1.0, (step + 1) / _WARM_STEPS)
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * warm * curve
        device = self.machine.device
        batch = {key: value.to(device, non_blocking=True) for key, value in batch.items()}
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.machine.low_precision):
            loss, meter = self.lesson(batch)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        learning = [p for p in self.model.parameters() if p.grad is not None]
        for weight in learning:  # one overflow must not end a run of hours
            weight.grad.nan_to_num_(0.0, 0.0, 0.0)
        nn.utils.clip_grad_norm_(learning, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update_parameters(self.model)
        return {"loss": loss.detach(), **meter}


def sifted(
    phase: Phase, out: Path, pictures: Pictures, *, machine: Machine, init: Path | None = None
) -> tuple[np.ndarray, ...] | None:
    """How well the model that a phase starts from finds each photo's segments; None if it does not ask.

    Found once a run (some minutes on a CPU) and kept beside its phases.
    """
    if not phase.sifts:
        return None
    kept = out / f"{phase.name}.agreement.npz"
    if not kept.exists():
        model = _model_for(phase, out, init).eval().to(machine.device)
        np.savez_compressed(kept, *agreement(model, pictures, workers=machine.workers))
    with np.load(kept) as saved:
        return tuple(saved[f"arr_{number}"] for number in range(len(saved.files)))


def run(
    phase: Phase,
    out: Path,
    *,
    machine: Machine,
    photos: PhotoScenes | None = None,
    minutes: float | None = None,
    init: Path | None = None,
) -> None:
    """Train one phase to its end, saving every `SAVE_EVERY` steps; does nothing if it is done.

    Args:
        phase: what to train.
        out: the run's folder.
        machine: where it computes.
        photos: what scenes of photos are drawn from, if the phase has any.
        minutes: how long; None: the phase's number of steps.
        init: a checkpoint's folder to start from, where the phase before has not been trained.
    """
    if (out / f"{phase.name}.pt").exists():
        return
    state = Run(phase, out, machine=machine, init=init)
    pace = Pace(steps=phase.steps, minutes=minutes, spent=state.spent)
    most = phase.steps if minutes is None else 10_000_000
    batches = Subset(Batches(state.phase.diet, most, photos), range(state.start, most))
    loader = DataLoader(
        batches,
        batch_size=None,
        num_workers=machine.workers,
        prefetch_factor=4,
        pin_memory=machine.device != "cpu",
    )
    totals: dict[str, list[Tensor]] = {}
    step = state.start
    for step, batch in enumerate(loader, state.start):
        fraction = pace.fraction(step)
        if fraction >= 1:
            break
        for key, value in state.learn(batch, step=step, fraction=fraction).items():
            totals.setdefault(key, []).append(value)
        if (step + 1) % _REPORT_EVERY == 0:
            told = " ".join(f"{k}={torch.stack(v).mean():.3f}" for k, v in sorted(totals.items()))
            print(f"{phase.name} {step + 1} {pace.spent / 60:.1f} min {fraction:.0%} {told}", flush=True)
            totals.clear()
        if (step + 1) % SAVE_EVERY == 0:
            state.save(step + 1, pace.spent)
    state.save(step + 1, pace.spent, final=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/tiny"), help="where the run is saved")
    parser.add_argument("--pictures", type=Path, default=Path("runs/pictures.zip"), help="from training.pack")
    parser.add_argument("--minutes", type=float, help="for the whole run; without: a set number of steps")
    parser.add_argument("--init", type=Path, help="go on from this checkpoint, without the first phase")
    names = [phase.name for phase in PHASES]
    parser.add_argument("--phases", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(given.threads)
    pictures = read_pack(given.pictures)
    phases: tuple[Phase, ...] = PHASES[1:] if given.init else PHASES
    if given.phases:
        phases = tuple(phase for phase in phases if phase.name in given.phases)
    whole = sum(phase.share for phase in phases)
    machine = Machine.here()
    for phase in phases:
        weights = sifted(phase, given.out, pictures, machine=machine, init=given.init)
        run(
            phase,
            given.out,
            machine=machine,
            photos=PhotoScenes(pictures, _HQ_MIXTURE if phase.hq else Mixture(), weights),
            minutes=given.minutes * phase.share / whole if given.minutes else None,
            init=given.init,
        )


if __name__ == "__main__":
    main()
