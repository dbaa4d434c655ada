"""Whether this app answers with the published weights as it should: `python -m tests.published [NAME ...]`.

The numbers are those of transformers' own slow tests, on the picture of SAM-HQ's model card. Ends with 0
where all is right, with 1 where something is not, and with 2 where the weights or the picture cannot be had.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from samhq_demo.models.checkpoints import compare_tensors
from samhq_demo.models.pair import DecodedPair, ModelPair
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.service import build_service
from samhq_demo.settings import Settings

PICTURE = "https://huggingface.co/ybelkada/segment-anything/resolve/main/assets/car.png"
SCORE_TOLERANCE, LOGIT_TOLERANCE = 1e-3, 3e-2

Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Known:
    """What is published of one prompt, None where nothing is.

    Attributes:
        scores: of the three candidates: SAM-HQ's highest first, SAM's in their order.
        last_score: the last of them, where that alone is published.
        logits: of low resolution, row 0, columns 0 to 2: of SAM-HQ's best candidate with the HQ mask added,
            of SAM's first candidate.
        broken: the same of transformers' broken decoder, which must not be met.
    """

    name: str
    prompt: Prompt
    scores: Three | None = None
    last_score: float | None = None
    logits: Three | None = None
    broken: Three | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    what: str
    told: str
    is_right: bool

    def __str__(self) -> str:
        return f"| {self.what} | {self.told} | {'right' if self.is_right else 'WRONG'} |"


def _click(*points: tuple[float, float], labels: Sequence[int] | None = None) -> Prompt:
    return Prompt(points=points, labels=tuple(labels or [1] * len(points)))


_NONE, _WHEEL = Prompt(), _click((820, 1080))
_REAR, _WINDOW, _FRONT = _click((510, 1080)), _click((400, 650)), _click((220, 470))
_WINDOWS = _click((400, 650), (800, 650))
_BOXED_WHEEL = Prompt(((820, 1080),), (1,), (650, 900, 1000, 1250))
_NOT_WHEEL = Prompt(((820, 1080),), (0,), (620, 900, 1000, 1255))
_WHEEL_BOX, _CAR_BOX = Prompt(box_xyxy=(620, 900, 1000, 1255)), Prompt(box_xyxy=(75, 275, 1725, 850))

SAM_HQ: Mapping[str, tuple[Known, ...]] = {
    "base": (
        Known(
            "no prompt",
            _NONE,
            last_score=0.4482,
            logits=(-13.1695, -14.6201, -14.8989),
            broken=(-7.6769, -9.6935, -9.8773),
        ),
        Known(
            "point 820,1080",
            _WHEEL,
            scores=(0.9195, 0.8316, 0.6614),
            logits=(-40.2445, -37.4300, -38.1577),
            broken=(-14.1195, -17.2663, -13.7805),
        ),
        Known(
            "box and point",
            _BOXED_WHEEL,
            last_score=0.9700,
            logits=(-29.9144, -30.0546, -30.9526),
            broken=(-9.2033, -8.5505, -7.1361),
        ),
        Known("point 510,1080", _REAR, scores=(0.7598, 0.7388, 0.3110)),
        Known("point 400,650", _WINDOW, scores=(0.9889, 0.9508, 0.9137)),
        Known("point 220,470", _FRONT, scores=(0.8070, 0.7934, 0.7932)),
        Known("two points", _WINDOWS, last_score=0.8859),
        Known("box and background", _NOT_WHEEL, last_score=0.8680),
        Known("box 620,900,1000,1255", _WHEEL_BOX, scores=(0.9850, 0.9730, 0.9726)),
        Known("box 75,275,1725,850", _CAR_BOX, scores=(0.8891, 0.8017, 0.6265)),
    ),
}
SAM: Mapping[str, tuple[Known, ...]] = {
    "base": (
        Known("no prompt", _NONE, last_score=0.4515, logits=(-4.1800, -3.4948, -3.4481)),
        Known(
            "point 820,1080",
            _WHEEL,
            scores=(0.6765, 0.9379, 0.8803),
            logits=(-2.8550, -2.7988, -2.9625),
        ),
        Known("point 510,1080", _REAR, scores=(0.3317, 0.7264, 0.7646)),
        Known("point 400,650", _WINDOW, scores=(0.9105, 0.9825, 0.9675)),
        Known("point 220,470", _FRONT, scores=(0.7646, 0.7944, 0.7769)),
        Known("two points", _WINDOWS, last_score=0.9762),
        Known("box and point", _BOXED_WHEEL, last_score=0.9566, logits=(-12.7729, -12.3665, -12.6061)),
        Known("box and background", _NOT_WHEEL, last_score=0.7894),
        Known("box 620,900,1000,1255", _WHEEL_BOX, scores=(0.9773, 0.9880, 0.9522)),
        Known("box 75,275,1725,850", _CAR_BOX, scores=(0.5995, 0.7658, 0.7936)),
    ),
    "huge": (
        Known("point 500,375", _click((500, 375)), last_score=0.97126),
        Known("box 75,275,1725,850", _CAR_BOX, last_score=0.86860),
        Known("two points", _WINDOWS, last_score=0.99360),
    ),
}


def check(
    pair: ModelPair, picture: Picture, *, sam_hq: Sequence[Known], sam: Sequence[Known]
) -> Iterator[Finding]:
    """Each published number beside what the pair answers, and whether both models share what they should."""
    yield Finding("one encoder for both", "shared" if pair.shared_encoder else "two", pair.shared_encoder)
    difference = compare_tensors(pair.sam, pair.sam_hq)
    left = (*difference.prompt_encoder, *difference.mask_decoder)
    yield Finding("SAM's tensors in SAM-HQ", f"{len(left)} differ" if left else "equal", not left)
    embedding = pair.encode(picture)
    for known in sam_hq:
        (decoded,) = pair.decode(embedding, [known.prompt])
        yield from _compared("SAM-HQ", known, *_of_sam_hq(decoded))
    for known in sam:
        (decoded,) = pair.decode(embedding, [known.prompt])
        scores = [float(score) for score in decoded.sam_scores[1:]]
        yield from _compared("SAM", known, scores, decoded.sam_logits[1][0, :3].tolist())


def _of_sam_hq(decoded: DecodedPair) -> tuple[list[float], list[float]]:
    """The scores of the candidates, highest first, and the best one's logits with the HQ mask added."""
    scores = decoded.sam_hq_scores[1:]
    best = decoded.sam_hq_logits[1 + int(scores.argmax())] + decoded.sam_hq_logits[4]
    return sorted((float(score) for score in scores), reverse=True), best[0, :3].tolist()


def _compared(
    branch: str, known: Known, scores: Sequence[float], logits: Sequence[float]
) -> Iterator[Finding]:
    def off(ours: Sequence[float], published: Sequence[float]) -> float:
        return max(abs(a - b) for a, b in zip(ours, published, strict=True))

    what = f"{branch}, {known.name}"
    if known.scores is not None or known.last_score is not None:
        published = known.scores or (known.last_score or 0.0,)
        by = off(scores[-len(published) :], published)
        yield Finding(f"{what}: scores", f"off by {by:.1e}", by <= SCORE_TOLERANCE)
    if known.logits is not None:
        by = off(logits, known.logits)
        yield Finding(f"{what}: logits", f"off by {by:.1e}", by <= LOGIT_TOLERANCE)
    if known.broken is not None:
        by = off(logits, known.broken)
        yield Finding(f"{what}: not the broken decoder's", f"off by {by:.1e}", by > LOGIT_TOLERANCE)


def verify(name: str) -> list[Finding]:
    """Load a published model as the app does, fetching it where it is not here, and check it.

    Raises:
        ValueError: its weights cannot be had.
        httpx.HTTPError: the picture cannot.
    """
    service = build_service(Settings(model=name, dtype="float32"))
    service.wait_for_weights()
    content = httpx.get(PICTURE, follow_redirects=True, timeout=60).raise_for_status().content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "car.png"
        file.write_bytes(content)
        picture = read_picture(file)
    pair = service._library.pair(name)
    return list(check(pair, picture, sam_hq=SAM_HQ.get(name, ()), sam=SAM.get(name, ())))


def main(names: Sequence[str]) -> int:
    """Print a table of each model; returns the program's exit status."""
    found: list[Finding] = []
    for name in names or ["base"]:
        try:
            found += (checked := verify(name))
        except (ValueError, httpx.HTTPError) as error:
            print(f"{name} could not be checked: {error}")
            return 2
        print(f"\n{name}\n\n| what | found | verdict |\n| --- | --- | --- |", *checked, sep="\n")
    return 0 if all(finding.is_right for finding in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
