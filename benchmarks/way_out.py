"""How long a click takes after the encoder, by the size of the picture: `python -m benchmarks.way_out`.

"Decode" is both decoders of ViT-B's geometry. "Way out" is all from their logits to the answer's JSON: the
masks at the picture's size, run lengths, stability, agreement. Three kinds of logits: "ragged" are those of
random weights, more broken than any trained model's; "object" is a drawn outline around 30 % of the picture;
"trained" are the bundled checkpoint's of an example, in its own smaller geometry.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from samhq_demo.inline import InlineExecutor
from samhq_demo.models.answering import predict_sam, predict_sam_hq
from samhq_demo.models.checkpoints import frozen_sam, load_pair
from samhq_demo.models.compute import choose_compute
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import DecodedPair, ModelPair
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.results.comparison import Agreement
from testbed.checkpoints import VIT_B, random_sam_hq

ROOT = Path(__file__).parent.parent
SIZES = ((1200, 800), (6000, 4000))  # 1 and 24 megapixels
ROUNDS = 9
EXAMPLE = "house.jpg"
CLICK, BOX = "click", "box"


@dataclass(frozen=True, slots=True)
class Logits:
    """Both decoders' answers in pictures of one shape, whatever their size."""

    kind: str
    prompt: str
    decoded: DecodedPair
    image_size: int
    low_res: int


def prompts_of(size_wh: tuple[int, int]) -> dict[str, Prompt]:
    """A click and a box in the middle."""
    width, height = size_wh
    click = Prompt(points=((0.3 * width, 0.6 * height),), labels=(PointLabel.OBJECT,))
    box = Prompt(box_xyxy=(0.15 * width, 0.2 * height, 0.8 * width, 0.85 * height))
    return {CLICK: click, BOX: box}


def outlines(count: int, *, low_res: int = 256, share: float = 0.3) -> torch.Tensor:
    """Logits (count, low_res, low_res) of wavy outlines, each a little different, like one model's masks."""
    width, height = SIZES[0]
    high = low_res * height / width
    y, x = np.mgrid[:low_res, :low_res]
    angle = np.arctan2(y - high / 2, x - low_res / 2)
    made = []
    for turn in range(count):
        wave = 1 + 0.12 * np.sin(5 * angle + 0.1 * turn) + 0.04 * np.sin(17 * angle)
        radius = np.sqrt(share * low_res * high / np.pi) * wave
        made.append((radius - np.hypot(x - low_res / 2, y - high / 2)).clip(-12, 12))
    return torch.from_numpy(np.array(made, np.float32))


def all_logits(vit_b: ModelPair, picture: Picture) -> list[Logits]:
    scores = torch.tensor([0.6, 0.9, 0.8, 0.7])
    drawn = outlines(9)
    decoded = DecodedPair(drawn[:4], scores, drawn[4:], scores)
    found = [Logits("object", prompt, decoded, 1024, 256) for prompt in (CLICK, BOX)]
    tiny = load_pair(ROOT / "samhq_demo/models/tiny", name="tiny", compute=vit_b.compute)
    for kind, pair in (("ragged", vit_b), ("trained", tiny)):
        embedding = pair.encode(picture)
        for name, prompt in prompts_of(picture.size_wh).items():
            (decoded,) = pair.decode(embedding, [prompt])
            found.append(Logits(kind, name, decoded, pair.image_size, pair.low_res))
    return found


def way_out(logits: Logits, size_wh: tuple[int, int]) -> str:
    transform = InputTransform(size_wh, logits.image_size, logits.low_res)
    multimask_output = logits.prompt == CLICK
    decoded, one_thread = logits.decoded, InlineExecutor()
    sam = predict_sam(
        decoded.sam_logits,
        decoded.sam_scores,
        transform,
        multimask_output=multimask_output,
        executor=one_thread,
    )
    sam_hq = predict_sam_hq(
        decoded, transform, multimask_output=multimask_output, hq_token_only=False, executor=one_thread
    )
    agreement = Agreement.between(sam.runs, sam_hq.runs)
    return json.dumps([sam.to_json(), sam_hq.to_json(), agreement.to_json()])


def measure(decode: Callable[[], object], logits: Logits) -> tuple[float, dict[tuple[int, int], float]]:
    """Median milliseconds of the decode and, for each size, of the way out."""
    tasks: list[Callable[[], object]] = [
        decode,
        *(functools.partial(way_out, logits, size) for size in SIZES),
    ]
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(ROUNDS):  # in turns, so that whatever else the machine does meets all alike
        for task, times in zip(tasks, taken, strict=True):
            began = time.perf_counter()
            task()
            times.append(1000 * (time.perf_counter() - began))
    first, *rest = map(median, taken)
    return first, dict(zip(SIZES, rest, strict=True))


@torch.inference_mode()
def main() -> None:
    sam_hq = random_sam_hq(VIT_B, seed=3)
    compute = choose_compute(device="cpu")
    vit_b = ModelPair(frozen_sam(sam_hq), sam_hq, name="ViT-B", compute=compute, shared_encoder=True)
    example = Image.open(ROOT / "examples" / EXAMPLE).convert("RGB").resize(SIZES[0])
    picture = Picture.from_pixels(np.array(example))
    embedding = vit_b.encode(picture)
    prompts = prompts_of(picture.size_wh)
    print("| picture | mask | prompt | decode, ms | way out, ms | both, against the small picture |")
    print("| --- | --- | --- | --- | --- | --- |")
    for logits in all_logits(vit_b, picture):
        prompt = prompts[logits.prompt]
        decode, out = measure(functools.partial(vit_b.decode, embedding, [prompt]), logits)
        for size in SIZES:
            ratio = (decode + out[size]) / (decode + out[SIZES[0]])
            print(
                f"| {size[0]} x {size[1]} | {logits.kind} | {logits.prompt} | {decode:.0f} | {out[size]:.1f} "
                f"| {ratio:.2f} |"
            )


if __name__ == "__main__":
    main()
