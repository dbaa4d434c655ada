"""Many objects of one picture: each gets what it gets alone, in memory that does not grow with them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.pair import DecodedPair, ModelPair
from samhq_demo.prompts.prompt import Prompt
from tests.support.parity import picture_of
from tests.support.programs import run_python

SIZE_WH = (80, 60)


@pytest.fixture(scope="module")
def pair(checkpoint: Path) -> ModelPair:
    return load_pair(checkpoint, name="small", compute=Compute(torch.device("cpu"), torch.float32))


@pytest.fixture(scope="module")
def embedding(pair: ModelPair) -> ImageEmbedding:
    return pair.encode(picture_of(SIZE_WH))


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects each run of both decoders gets."""
    ran: list[int] = []
    real = ModelPair._begin

    def counting(self: ModelPair, embedding, prompts, mask_inputs):
        ran.append(len(prompts))
        return real(self, embedding, prompts, mask_inputs)

    monkeypatch.setattr(ModelPair, "_begin", counting)
    return ran


def grid_of_clicks(side: int) -> list[Prompt]:
    """As an automatic mask generator asks: side x side single points."""
    xs, ys = ((np.arange(side) + 0.5) / side * length for length in SIZE_WH)
    return [Prompt(points=((float(x), float(y)),), labels=(1,)) for y in ys for x in xs]


def mixed_prompts(count: int) -> list[Prompt]:
    """Boxes, clicks, several points of both labels, and boxes with points."""
    rng = np.random.default_rng(0)
    prompts = []
    for i in range(count):
        points = tuple((float(x), float(y)) for x, y in rng.uniform(0, 60, (1 + i % 3, 2)))
        labels = (1, 0, 1)[: len(points)]
        x, y = (float(v) for v in rng.uniform(0, 25, 2))
        box = (x, y, x + 35, y + 30) if i % 4 > 1 else None
        prompts.append(Prompt(box_xyxy=box) if i % 4 == 3 else Prompt(points, labels, box_xyxy=box))
    return prompts


def assert_same(one: DecodedPair, alone: DecodedPair) -> None:
    for ours, theirs in (
        (one.sam_logits, alone.sam_logits),
        (one.sam_hq_logits, alone.sam_hq_logits),
        (one.sam_scores, alone.sam_scores),
        (one.sam_hq_scores, alone.sam_hq_scores),
    ):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-4)
    for ours, theirs in ((one.sam_logits, alone.sam_logits), (one.sam_hq_logits, alone.sam_hq_logits)):
        tie = theirs.abs() < 1e-4
        assert torch.equal((ours > 0) | tie, (theirs > 0) | tie)


def test_32_objects_get_what_they_get_alone(pair: ModelPair, embedding: ImageEmbedding) -> None:
    prompts = mixed_prompts(32)
    for prompt, one in zip(prompts, pair.decode(embedding, prompts), strict=True):
        assert_same(one, pair.decode(embedding, [prompt])[0])


def test_sams_half_is_handed_on_while_sam_hq_decodes(
    pair: ModelPair, embedding: ImageEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_on = threading.Event()
    early: list[tuple[torch.Tensor, torch.Tensor]] = []
    real = ModelPair._decode_sam_hq

    def after_sam(self: ModelPair, *asked):
        assert handed_on.wait(30)
        return real(self, *asked)

    def on_sam(logits: torch.Tensor, scores: torch.Tensor) -> None:
        early.append((logits, scores))
        handed_on.set()

    monkeypatch.setattr(ModelPair, "_decode_sam_hq", after_sam)
    (decoded,) = pair.decode(embedding, mixed_prompts(1), on_sam=on_sam)
    ((logits, scores),) = early
    assert torch.equal(logits, decoded.sam_logits)
    assert torch.equal(scores, decoded.sam_scores)


def test_1024_clicks_get_what_they_get_alone(
    pair: ModelPair, embedding: ImageEmbedding, batches: list[int]
) -> None:
    prompts = grid_of_clicks(32)
    seen = 0
    for i, one in pair.decode_each(embedding, prompts):
        assert i == seen, "clicks alone come in their order"
        seen += 1
        if i % 37 == 0:
            assert_same(one, pair.decode(embedding, [prompts[i]])[0])
    assert seen == 1024
    together = [count for count in batches if count > 1]
    assert sum(together) == 1024
    assert max(together) == pair._batch_size(embedding) == 64


def test_batches_of_larger_models_are_smaller(pair: ModelPair) -> None:
    """By the bound on a batch's activations: of ViT-B's on a CPU one object at a time."""

    def embedding_of(channels: int, side: int) -> ImageEmbedding:
        last, fine = torch.zeros(1, channels, side, side), torch.zeros(1, channels // 8, 4 * side, 4 * side)
        return ImageEmbedding(InputTransform(SIZE_WH, 16 * side, 4 * side), last, last, fine)

    assert pair._batch_size(embedding_of(256, 64)) == 1
    assert pair._batch_size(embedding_of(128, 32)) == 4


GROWTH = """
import sys
from pathlib import Path
import torch
from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute
from testbed.memory import peak_mb
from tests.support.parity import picture_of
from tests.models.test_batches import SIZE_WH, grid_of_clicks

pair = load_pair(Path(sys.argv[1]), name="small", compute=Compute(torch.device("cpu"), torch.float32))
embedding = pair.encode(picture_of(SIZE_WH))
clicks = grid_of_clicks(32)
pair.decode(embedding, clicks[:1])
before = peak_mb()
answers = [int((one.sam_hq_logits[4] > 0).sum()) for _, one in pair.decode_each(embedding, clicks)]
assert len(answers) == 1024
print(peak_mb() - before)
"""


def test_1024_clicks_take_no_more_memory_than_two_batches(checkpoint: Path) -> None:
    """Two batches of 64 MiB. All their answers at once are 150 MB, all their activations 600."""
    assert 0 < float(run_python(GROWTH, str(checkpoint))) <= 160
