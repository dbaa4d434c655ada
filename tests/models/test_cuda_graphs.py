"""CUDA graphs up to the card: a stand-in records what a graph would, on the CPU.

That a card's graphs answer as its single kernels do is `make gpu`'s to show.
"""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute
from samhq_demo.models.cuda_graphs import CudaGraphs, Function, Recorded
from samhq_demo.models.pair import MaskInputs
from tests.models.test_batches import SIZE_WH, assert_same, mixed_prompts
from tests.support.parity import picture_of

CPU = torch.device("cpu")


class Recorder:
    """Makes what a card's graph is: it reads its own inputs, and leaves its results in the same places."""

    def __init__(self) -> None:
        self.recorded = 0

    def __call__(self, function: Function, inputs: tuple[Tensor | None, ...]) -> Recorded:
        self.recorded += 1
        outputs = tuple(t.clone() for t in function(inputs))

        def replay() -> None:
            for place, found in zip(outputs, function(inputs), strict=True):
                place.copy_(found)

        return Recorded(inputs, outputs, replay)


def test_a_graph_is_recorded_for_each_set_of_shapes_and_answers_to_what_it_is_given() -> None:
    recorder = Recorder()
    graphs = CudaGraphs(lambda inputs: [total(inputs)], device=CPU, record=recorder)
    two, three = torch.ones(2), torch.full((3,), 2.0)
    assert graphs([two, None])[0] == 2
    assert graphs([2 * two, None])[0] == 4
    assert graphs([three, None])[0] == 6
    assert graphs([None, three])[0] == 6
    assert graphs([None, two.double()])[0] == 2
    assert recorder.recorded == 4


def test_an_answer_stays_as_it_is_when_the_next_one_comes() -> None:
    graphs = CudaGraphs(lambda inputs: [total(inputs)], device=CPU, record=Recorder())
    first = graphs([torch.ones(2)])[0]
    graphs([torch.zeros(2)])
    assert first == 2


def test_what_is_asked_is_not_written_to() -> None:
    graphs = CudaGraphs(lambda inputs: [total(inputs)], device=CPU, record=Recorder())
    asked = torch.ones(2)
    graphs([asked])
    graphs([torch.zeros(2)])
    assert torch.equal(asked, torch.ones(2))


def test_what_cannot_be_recorded_is_computed_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(function: Function, inputs: tuple[Tensor | None, ...]) -> Recorded:
        raise torch.OutOfMemoryError("no room for a graph")

    graphs = CudaGraphs(lambda inputs: [total(inputs)], device=CPU, record=refuse)
    with caplog.at_level(logging.WARNING):
        assert [float(graphs([torch.full((2,), value)])[0]) for value in (1.0, 2.0)] == [2, 4]
    assert len(caplog.records) == 1, "it is tried once"


def test_both_decoders_answer_the_same_from_a_graph(checkpoint: Path) -> None:
    """Points, boxes, both, and what is refined, each kind in two pictures."""
    pair = load_pair(checkpoint, name="small", compute=Compute(CPU, torch.float32))
    embeddings = [pair.encode(picture_of(SIZE_WH, seed=seed)) for seed in (0, 1)]
    prompts = mixed_prompts(8)
    start = MaskInputs(*(torch.randn(1, 1, pair.low_res, pair.low_res) for _ in range(2)))
    asked = list(itertools.product(embeddings, prompts, (None, start)))
    wanted = [pair.decode(seen, [prompt], mask_inputs=mask) for seen, prompt, mask in asked]
    recorder = Recorder()
    pair._graphs = CudaGraphs(pair._decoders.both, device=CPU, record=recorder)
    found = [pair.decode(seen, [prompt], mask_inputs=mask) for seen, prompt, mask in asked]
    for (ours,), (theirs,) in zip(found, wanted, strict=True):
        assert_same(ours, theirs)
    assert recorder.recorded == 2 * len({(len(p.points), p.box_xyxy is None) for p in prompts})


@pytest.mark.parametrize("shared", [True, False])
def test_the_encoder_answers_the_same_from_a_graph(checkpoint: Path, shared: bool) -> None:
    pair = load_pair(checkpoint, name="small", compute=Compute(CPU, torch.float32))
    if not shared:
        pair.shared_encoder, pair.sam.vision_encoder = False, pair.sam_hq.vision_encoder
    graphs = CudaGraphs(pair._encoded_tensors, device=CPU, record=Recorder())
    for seed in (0, 1):
        values = torch.randn(
            1, 3, pair.image_size, pair.image_size, generator=torch.Generator().manual_seed(seed)
        )
        wanted = [t for t in pair.run_encoders(values) if t is not None]
        found = graphs([values])
        assert len(found) == (2 if shared else 3)
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, wanted, strict=True))


def total(inputs) -> Tensor:
    return torch.stack([t.sum() for t in inputs if t is not None]).sum()
