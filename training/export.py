"""Put a finished run into the package: `python -m training.export --run runs/tiny`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig

from training.geometry import SHIPPED_SIZE, grow, new_sam_hq
from training.train import PHASES

TINY = Path(__file__).parent.parent / "samhq_demo" / "models" / "tiny"


def trained(run: Path) -> Any:
    """The SAM-HQ of the newest phase that a run has saved, finished or not, at the size that is shipped.

    Before the last phase there are no HQ parts yet: the HQ mask is then nothing, and SAM-HQ is SAM.
    """
    for phase in reversed(PHASES):
        for suffix in (".pt", ".partial.pt"):
            saved = run / f"{phase.name}{suffix}"
            if saved.exists():
                model = new_sam_hq(SHIPPED_SIZE)
                learnt = torch.load(saved, weights_only=True)["model"]
                full = {**model.state_dict(), **learnt}
                if not phase.hq:
                    for name, weight in model.mask_decoder.hq_mask_mlp.proj_out.named_parameters():
                        full[f"mask_decoder.hq_mask_mlp.proj_out.{name}"] = torch.zeros_like(weight)
                model.load_state_dict(grow(full, model))
                return model
    raise FileNotFoundError(f"{run} holds no saved phase")


def export(run: Path, folder: Path) -> None:
    """Write a run's SAM-HQ as a checkpoint of transformers."""
    model = trained(run)
    for module in model.modules():
        if isinstance(getattr(module, "config", None), PreTrainedConfig):
            module.config._attn_implementation = None  # the recipe's choice is not the user's
    # A table that was made by interpolation loses nothing, and the file stays under 20 MB.
    table = model.vision_encoder.pos_embed
    table.data = table.data.half()
    model.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/tiny"))
    parser.add_argument("--to", type=Path, default=TINY)
    given = parser.parse_args()
    export(given.run, given.to)
    size = sum(f.stat().st_size for f in given.to.glob("*.safetensors"))
    print(f"{given.to}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
