"""The command of the installed package: samhq-demo serve, samhq-demo evaluate, samhq-demo everything."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from samhq_demo import calls
from samhq_demo.evaluation import command as evaluation
from samhq_demo.export.everything import everything_overlay
from samhq_demo.pictures import read_picture
from samhq_demo.ui.launching import exit_in_one_sentence, prepare_environment


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the first argument says; None: the arguments of the command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["evaluate"]:  # which has a parser of its own
        evaluation.main(given[1:])
        return
    chosen = _parser().parse_args(given)
    if chosen.what == "serve":
        _serve()
    else:
        with exit_in_one_sentence(ValueError):
            _everything(chosen.picture, model=chosen.model, out=chosen.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="samhq-demo", description="SAM and SAM-HQ side by side")
    what = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    what.add_parser("serve", help="the page and the API; settings are variables of the environment")
    what.add_parser("evaluate", help="both models on a folder of pictures with true masks", add_help=False)
    everything = what.add_parser("everything", help="all objects in a picture, found by both models")
    everything.add_argument("picture", type=Path, metavar="PICTURE")
    everything.add_argument("--model", default="auto", help="tiny, base, large, huge, a folder, a repository")
    everything.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="for the three files")
    return parser


def _serve() -> None:
    with exit_in_one_sentence(ValueError):
        prepare_environment()
    # Only now, as gradio looks at its variables when it is imported.
    importlib.import_module("samhq_demo.ui.serve").main()


def _everything(picture: Path, *, model: str, out: Path) -> None:
    """Write both overlays and all masks, and say where."""
    read = read_picture(picture)
    found = calls.segment_everything(read, model=model)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{picture.stem}.everything.json"]
    files[0].write_text(json.dumps(found.to_json()), encoding="utf-8")
    for branch, masks in (("sam", found.sam), ("sam_hq", found.sam_hq)):
        files.append(out / f"{picture.stem}.{branch}.png")
        Image.fromarray(everything_overlay(read.pixels, masks)).save(files[-1])
    print(f"SAM found {len(found.sam)} masks and SAM-HQ {len(found.sam_hq)}: {', '.join(map(str, files))}")
