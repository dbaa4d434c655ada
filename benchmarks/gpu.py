"""How right and how fast the app is on a CUDA card: `python -m benchmarks.gpu`, or `make gpu`.

Needs no network and no weights but the bundled ones. Ends with 1 where a wanted parity is missed or a part
failed, with 2 where there is no CUDA device. What is found is written after each part, so that a run that is
cut off leaves what it had.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import samhq_demo.models  # noqa: F401  # before torch, as in the app: it says how threads wait
from benchmarks.gpu_report import Row, exit_code, write

HERE = Path(__file__).parent
WHOLE_SECONDS, QUICK_SECONDS = 270.0, 85.0
_BEGAN = time.perf_counter()  # before torch and transformers, whose import takes its time, too


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the run: what it is about, and its findings one after the other."""

    model: str
    what: str
    rows: Callable[[], Iterator[Row]]


class Models:
    """SAM-HQs in float32 by name, made on the device when they are asked for; one is held at a time."""

    def __init__(self, device: str, geometries: dict[str, Any]) -> None:
        self._device, self._geometries = device, geometries
        self._held: tuple[str, Any] = ("", None)

    def get(self, name: str) -> Any:
        if self._held[0] != name:
            self._held = ("", None)
            self._held = (name, self._made(name))
        return self._held[1]

    def _made(self, name: str) -> Any:
        import torch
        from transformers import SamHQModel

        from benchmarks.weights import smooth_light, smooth_sam_hq
        from samhq_demo.models.light import light_sam_hq
        from samhq_demo.weights.names import TINY_FOLDER

        if name == "tiny":
            return SamHQModel.from_pretrained(TINY_FOLDER, dtype=torch.float32).eval()
        if name == "light":
            return light_sam_hq(smooth_light())
        with torch.device(self._device):
            return smooth_sam_hq(self._geometries[name])


def parts_of(models: Models, card: Any, plan: Any, folder: Path, *, quick: bool) -> list[Part]:
    """All parts, in an order in which what matters most comes first."""
    from benchmarks import gpu_parts as parts

    def with_model(name: str, task: Callable[..., Iterator[Row]], **how: Any) -> Callable[[], Iterator[Row]]:
        return lambda: task(models.get(name), name, card, **{"plan": plan, **how})

    def served() -> Iterator[Row]:
        parts.write_weights(models.get("ViT-B"), folder)
        yield from parts.server(weights, "ViT-B", card, plan)

    def light() -> Iterator[Row]:
        if parts.have_official():
            yield from parts.parity(models.get("light"), "light", card, plan)
            yield from parts.clicks(parts.light_service(folder, card), "light", card, plan)
        else:
            yield Row("light", "parity and clicks", parts.NO_OFFICIAL)

    weights = str(folder / "sam_hq")
    found = [
        Part("tiny", "parity", with_model("tiny", parts.parity)),
        Part("ViT-B", "parity", with_model("ViT-B", parts.parity)),
        Part("ViT-B", "encoder", with_model("ViT-B", parts.encoder)),
        Part("ViT-B", "service", served),
        Part("tiny", "service", partial(parts.server, "tiny", "tiny", card, plan)),
        Part("tiny", "at once", partial(parts.at_once, "tiny", "tiny", card, plan)),
    ]
    few = ("bfloat16",) if quick else ("float32", "bfloat16")
    for name in ("ViT-L", "ViT-H"):
        found.append(Part(name, "encoder", with_model(name, parts.encoder, precisions=few)))
        if not quick:
            found.append(Part(name, "parity", with_model(name, parts.parity, plan=replace(plan, pictures=1))))
    found += [
        Part("tiny", "everything", partial(parts.everything, "tiny", "tiny", card, plan)),
        Part("ViT-B", "other ways", partial(parts.others, folder, "ViT-B", card, plan)),
    ]
    if plan.light:
        found.append(Part("light", "parity and clicks", light))
    if not quick:
        found.append(Part("ViT-B", "everything", partial(parts.everything, weights, "ViT-B", card, plan)))
    return found


def run(
    parts: list[Part], *, card: Any, seconds: float, told: Callable[[list[Row]], None], began: float
) -> list[Row]:
    """The findings of all parts; those that would begin after so many seconds of `began` are left out.

    Args:
        told: called with all there are after each part.
    """
    rows: list[Row] = []

    def tell(row: Row) -> None:
        rows.append(row)
        print(f"{time.perf_counter() - began:6.1f} s  {row}", flush=True)

    for part in parts:
        if time.perf_counter() - began > seconds:
            tell(Row(part.model, part.what, "left out: no time was left"))
            continue
        try:
            card.forget()
            for row in part.rows():
                tell(row)
        except Exception as error:
            said = str(error).strip().splitlines()
            what = f"failed: {type(error).__name__}: {said[0] if said else ''}"[:300]
            tell(Row(part.model, part.what, what, failed=part.what != "other ways"))
        told(rows)
    return rows


def measure(
    *,
    device: str,
    geometries: dict[str, Any],
    plan: Any,
    quick: bool,
    seconds: float,
    to: Path,
    began: float,
) -> list[Row]:
    """Everything on a device, written to a file; the time counts from `began` on."""
    import torch
    from transformers.utils import logging

    from benchmarks.card import Card

    logging.disable_progress_bar()
    card = Card(torch.device(device))
    about = card.about()
    print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)

    def save(rows: list[Row]) -> None:
        took = f"{time.perf_counter() - began:.0f} s{' (--quick)' if quick else ''}"
        write(rows, {**about, "picture": "{} × {}".format(*plan.size_wh), "took": took}, to)

    with tempfile.TemporaryDirectory() as folder:
        parts = parts_of(Models(device, geometries), card, plan, Path(folder), quick=quick)
        return run(parts, card=card, seconds=seconds, told=save, began=began)


def stand_in_for_missing() -> None:
    """Let the app's pictures be imported on a machine that has torch and transformers, but not all packages.

    The pictures here are JPEGs, and nothing else reads HEIC files.
    """
    if importlib.util.find_spec("pillow_heif") is None:
        stand_in = types.ModuleType("pillow_heif")
        stand_in.__dict__["register_heif_opener"] = lambda **_: None
        sys.modules["pillow_heif"] = stand_in


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="what fits in 100 seconds")
    parser.add_argument(
        "--to", type=Path, default=HERE / "RESULTS.md", help="the Markdown file to write into"
    )
    chosen = parser.parse_args(arguments)
    import torch

    if not torch.cuda.is_available():
        print(
            "There is no CUDA device here, and this measures one; `make bench` measures a CPU.",
            file=sys.stderr,
        )
        return 2
    stand_in_for_missing()
    from benchmarks.gpu_parts import Plan
    from testbed.checkpoints import VIT_B, VIT_H, VIT_L

    plan = Plan(rounds=20, pictures=1, user_seconds=1.0, patience=8.0) if chosen.quick else Plan()
    rows = measure(
        device="cuda",
        geometries={"ViT-B": VIT_B, "ViT-L": VIT_L, "ViT-H": VIT_H},
        plan=plan,
        quick=chosen.quick,
        seconds=QUICK_SECONDS if chosen.quick else WHOLE_SECONDS,
        to=chosen.to,
        began=_BEGAN,
    )
    missed = [row for row in rows if row.failed or row.met is False]
    print(f"{len(rows)} findings in {chosen.to}, {len(missed)} not as wanted.", flush=True)
    for row in missed:
        print(f"  {row}", flush=True)
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
