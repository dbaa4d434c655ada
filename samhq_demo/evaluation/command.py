"""Is SAM-HQ better on my pictures? Ask SAM and SAM-HQ for every object with a true mask, and count.

FOLDER holds im/NAME.jpg with gt/NAME.png (also several such pairs of folders), JPEGImages/ with Annotations/,
a COCO JSON file beside its pictures, or NAME.jpg with NAME.png or NAME_mask.png; or it is a zip of these. A
true mask is white on black or a map of labels, each of which is an object; 255 and the like beside labels are
void. What cannot be read is told and left out. Stopped and started again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from samhq_demo.evaluation.archives import unpack
from samhq_demo.evaluation.layouts import LAYOUTS, find_data_set
from samhq_demo.evaluation.on_ray import LOCAL, Resources, measured_on_ray
from samhq_demo.evaluation.options import EvaluationOptions, PromptKind
from samhq_demo.evaluation.outputs import Outputs
from samhq_demo.evaluation.progress import Progress
from samhq_demo.evaluation.records import RecordFile
from samhq_demo.evaluation.report import MOST_PROBLEMS
from samhq_demo.evaluation.run import Measure, evaluate, measured_here
from samhq_demo.evaluation.weights_mark import mark_of
from samhq_demo.memory import collect_less_often
from samhq_demo.pictures import Picture
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.names import resolve

_PROMPT_HELP = (
    "the tight box of the truth with one mask, as in the paper (the default); random clicks; or clicks in "
    "the errors until IoU 0.95, for NoC@85, 90 and 95"
)
_APP = "http://localhost:7860"
# A picture's embedding is asked for several times while the picture is at hand, and never again.
_CACHE_MB = 128


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate as the arguments say; None: those of the command line."""
    collect_less_often()
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        with _folder_of(given.folder) as folder:
            _run(given, folder)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "\nStopped. What is done is kept; the same command goes on from there.\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="samhq_demo.evaluation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="pictures with true masks, or a zip of them")
    add("--model", default="tiny", help="tiny, base, large, huge, a folder or a Hub repository")
    add("--layout", default="auto", choices=LAYOUTS)
    add("--prompt", default="box", choices=get_args(PromptKind), help=_PROMPT_HELP)
    add("--clicks", type=int, metavar="K", help="of random ones (1), or at most of interactive ones (20)")
    add("--seed", type=int, default=0, help="of random clicks")
    add("--hq-token-only", action="store_true", help="the HQ mask alone, not added to SAM's")
    add(
        "--least-share",
        type=float,
        default=0.0,
        metavar="S",
        help="of the picture; smaller objects are out",
    )
    add("--largest-share", type=float, default=1.0, metavar="S", help="larger ones are out")
    add("--limit", type=_at_least_one, metavar="N", help="only the first N pictures")
    add("--out", type=Path, metavar="DIR", help="for the results (default: FOLDER-evaluation)")
    add("--fresh", action="store_true", help="begin anew instead of going on")
    add("--gallery", type=int, default=12, metavar="N", help="so many wins and losses in it; 0: no gallery")
    add(
        "--ray",
        nargs="?",
        const=LOCAL,
        metavar="ADDRESS",
        help="spread the pictures over the Ray cluster at ADDRESS, or over one on this machine that ends "
        "with the command; the folder must have the same path on all machines",
    )
    add("--workers", type=_at_least_one, default=1, metavar="N", help="models at a time, with --ray (1)")
    add("--gpus", type=float, default=0.0, metavar="F", help="of a GPU for each of them, such as 0.5 (0)")
    add("--app", default=_APP, metavar="URL", help=f"where the gallery's links go (default: {_APP})")
    return parser


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number, 1 or more, not {text!r}")
    return int(text)


@contextmanager
def _folder_of(path: Path) -> Iterator[Path]:
    """The folder itself, or that of a zip, unpacked as long as it is needed."""
    if path.suffix.lower() != ".zip" or path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="evaluation-") as unpacked:
        unpack(path, Path(unpacked))
        yield Path(unpacked)


def _run(given: argparse.Namespace, folder: Path) -> None:
    options = EvaluationOptions(
        given.prompt,
        clicks=given.clicks,
        seed=given.seed,
        hq_token_only=given.hq_token_only,
        least_share=given.least_share,
        largest_share=given.largest_share,
    )
    data = find_data_set(folder, layout=given.layout)
    items = data.items[: given.limit]
    source = given.folder.resolve()
    out = given.out or source.with_name(f"{source.stem}-evaluation")
    print(f"{len(items)} pictures in the layout {data.layout}; results go to {out}.", file=sys.stderr)
    for problem in data.problems[:MOST_PROBLEMS]:
        print(f"Skipped {problem.text}", file=sys.stderr)
    if len(data.problems) > MOST_PROBLEMS:
        print(f"Skipped {len(data.problems) - MOST_PROBLEMS:,} more, told in summary.json", file=sys.stderr)
    measured = _measure_of(given, options)
    settings = {"data": source.name, **settings_of(given.model, options)}
    records = RecordFile(out / "results.jsonl", settings=settings, fresh=given.fresh)
    progress = Progress(sys.stderr, total=len(items), done=sum(item.name in records.done for item in items))
    try:
        evaluate(items, records, measured, on_record=progress.add)
    finally:
        progress.close()
    outputs = Outputs(records, items, data.problems, options, settings)
    print(outputs.write(out, gallery=given.gallery, app=given.app), end="")


def _measure_of(given: argparse.Namespace, options: EvaluationOptions) -> Measure:
    """Where the pictures are measured: in this process, or by workers."""
    if given.ray is None:
        service, model = service_of(given.model)
        return measured_here(service, options, model=model)
    resolve(given.model)
    return measured_on_ray(
        partial(service_of, given.model),
        options,
        address=given.ray,
        resources=Resources(workers=given.workers, gpus=given.gpus),
    )


def service_of(model: str) -> tuple[CompareService, str]:
    """The service of one model, which nothing stands in for, and the model's name there.

    Raises:
        ValueError: there is no such model, or its weights cannot be had.
    """
    resolve(model)  # whose sentence is about the model, not about a variable of the environment
    environ = {**os.environ, "SAMHQ_MODEL": model, "SAMHQ_CACHE_MB": str(_CACHE_MB)}
    service = build_service(Settings.from_environment(environ))
    name = service.wait_for_weights()
    # Loaded now, so that it is no part of the first picture's time.
    service.prepare(Picture.from_pixels(np.zeros((8, 8, 3), np.uint8)), model=name)
    return service, name


def settings_of(model: str, options: EvaluationOptions) -> dict[str, Any]:
    """What the numbers depend on beside the pictures; the model's weights must be here."""
    environment = Settings.from_environment()
    weights = resolve(model).weights_folder()
    return {
        "model": model,
        "weights": None if weights is None else mark_of(weights),
        "baseline": environment.baseline,
        "device": environment.device,
        "dtype": environment.dtype,
        **options.to_json(),
    }
