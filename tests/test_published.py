"""The arithmetic of `tests.published`, with numbers of the official code for a checkpoint made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import choose_compute
from samhq_demo.models.pair import ModelPair
from testbed.checkpoints import SMALL, random_sam_hq
from tests.published import SAM, SAM_HQ, Known, check, main
from tests.support.parity import Official, picture_of, prompts_of

PICTURE = picture_of((320, 200))
PROMPT = prompts_of(PICTURE.size_wh)["box and points"]


@pytest.fixture(scope="module")
def pair(checkpoint: Path) -> ModelPair:
    return load_pair(checkpoint, name="small", compute=choose_compute(device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def known() -> tuple[Known, Known]:
    """SAM-HQ's and SAM's numbers for one prompt, of the official predictors with the checkpoint's weights."""
    official = Official(random_sam_hq(SMALL, seed=3), PICTURE)
    # The best score and logits are what the official SAM-HQ gives; its other scores are SAM-HQ's inner SAM's.
    *_, low_res = official.sam_hq_mask(PROMPT, None, multimask=True, hq_token_only=False)
    inputs = official._inputs(PROMPT, None)
    _, scores, sam_low_res = official.sam.predict(**inputs, multimask_output=True)
    logits = [tuple(map(float, found[0, :3])) for found in (low_res, sam_low_res[0])]
    return (
        Known("box", PROMPT, logits=logits[0], broken=(0.0, 0.0, 0.0)),
        Known("box", PROMPT, scores=tuple(map(float, scores)), last_score=float(scores[2]), logits=logits[1]),
    )


def _wrong(pair: ModelPair, sam_hq: Known, sam: Known) -> list[str]:
    findings = list(check(pair, PICTURE, sam_hq=[sam_hq], sam=[sam]))
    assert len(findings) == 6
    return [finding.what for finding in findings if not finding.is_right]


def test_right_numbers_pass_and_each_wrong_one_is_named(pair: ModelPair, known: tuple[Known, Known]) -> None:
    hq, sam = known
    assert _wrong(pair, hq, sam) == []
    assert hq.logits is not None
    a, b, c = hq.logits
    assert _wrong(pair, replace(hq, logits=(a, b + 0.04, c)), sam) == ["SAM-HQ, box: logits"]
    assert _wrong(pair, replace(hq, broken=hq.logits), sam) == ["SAM-HQ, box: not the broken decoder's"]
    assert sam.scores is not None
    a, b, c = sam.scores
    assert _wrong(pair, hq, replace(sam, scores=(a + 0.002, b, c))) == ["SAM, box: scores"]
    assert _wrong(pair, hq, replace(sam, scores=None, last_score=c - 0.002)) == ["SAM, box: scores"]


def test_every_published_number_of_base_is_there() -> None:
    assert (len(SAM_HQ["base"]), len(SAM["base"]), len(SAM["huge"])) == (10, 10, 3)
    assert sum(known.broken is not None for known in SAM_HQ["base"]) == 3


def test_without_the_hub_it_says_so_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    assert main([]) == 2
    assert capsys.readouterr().out.startswith("base could not be checked: base could not be downloaded")
