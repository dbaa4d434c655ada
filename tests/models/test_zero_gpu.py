"""ZeroGPU, by a stand-in that does as it does: it forks, pickles, forbids CUDA in the main process, kills."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import pytest
import torch

from samhq_demo.library import ModelLibrary
from samhq_demo.models import zero_gpu
from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import Compute, choose_compute
from samhq_demo.models.pair import ModelPair
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.settings import Settings
from tests.support.borrowed_gpu import COMPUTE, BorrowedGpu, borrow
from tests.support.parity import picture_of
from tests.support.refusals import refusal

BOX = Prompt(box_xyxy=(5.0, 5.0, 60.0, 40.0))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[BorrowedGpu]:
    borrowed = borrow(monkeypatch)
    yield borrowed
    borrowed.end()
    zero_gpu._borrowing.cache_clear()


def later(checkpoint: Path, *, name: str) -> ModelPair:
    """Loaded as for a visitor who chose it: in a thread of the running server."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(load_pair, checkpoint, name=name, compute=COMPUTE).result()


def test_one_borrowed_call_a_picture_and_none_a_click(checkpoint: Path, gpu: BorrowedGpu) -> None:
    lent = load_pair(checkpoint, name="lent", compute=COMPUTE)
    own = load_pair(checkpoint, name="own", compute=Compute(torch.device("cpu"), torch.bfloat16))
    picture = picture_of((80, 60))
    embedding = lent.encode(picture)
    assert len(gpu.sent) == 1
    answer = lent.decode(embedding, [BOX])[0]
    assert len(gpu.sent) == 1
    there = own.decode(own.encode(picture), [BOX])[0]
    assert ((answer.sam_hq_logits[4] > 0) == (there.sam_hq_logits[4] > 0)).float().mean() > 0.99


def test_what_is_loaded_before_the_launch_is_on_the_card_and_never_moved(
    checkpoint: Path, gpu: BorrowedGpu
) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)
    for number in range(3):
        pair.encode(picture_of((80, 60 + number)))
    assert gpu.moved == [0, 0, 0]
    assert len(set(gpu.processes)) == 1


def test_one_function_borrows_for_all_models_and_for_a_short_time(checkpoint: Path, gpu: BorrowedGpu) -> None:
    pairs = [load_pair(checkpoint, name=name, compute=COMPUTE) for name in ("one", "other")]
    for pair in pairs:
        pair.encode(picture_of((80, 60)))
    (decorated,) = gpu.decorated
    assert decorated == (zero_gpu._run_there, zero_gpu.GPU_SECONDS)
    assert zero_gpu.GPU_SECONDS <= 15


def test_a_model_chosen_later_is_moved_once_in_a_process_that_knows_it(
    checkpoint: Path, gpu: BorrowedGpu
) -> None:
    first = load_pair(checkpoint, name="first", compute=COMPUTE)
    picture = picture_of((80, 60))
    first.encode(picture)
    second = later(checkpoint, name="second")
    embedding = second.encode(picture)  # the process of before was forked without it
    second.encode(picture_of((80, 61)))
    first.encode(picture_of((80, 62)))
    assert gpu.moved == [0, 1, 0, 0]
    assert gpu.processes[0] != gpu.processes[1] == gpu.processes[2] == gpu.processes[3]
    assert torch.equal(embedding.sam_hq, first.encode(picture).sam_hq)


def test_a_model_that_made_room_is_held_by_nothing(checkpoint: Path, gpu: BorrowedGpu) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)
    pair.encode(picture_of((80, 60)))
    held = weakref.ref(pair)
    del pair
    gc.collect()
    assert held() is None


def test_a_process_that_is_killed_is_one_sentence_and_the_next_picture_works(
    checkpoint: Path, gpu: BorrowedGpu
) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)
    pair.encode(picture_of((80, 60)))
    gpu.kills_next = True
    sentence = refusal(pair.encode, picture_of((80, 61)))
    assert sentence == "The GPU that was borrowed for this failed (GPU task aborted): try again."
    assert pair.encode(picture_of((80, 61))).sam_hq.isfinite().all()


def test_a_fault_there_is_one_sentence(
    checkpoint: Path, gpu: BorrowedGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)

    def full(self: ModelPair, pixel_values: torch.Tensor) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(ModelPair, "run_encoders", full)
    assert "failed (OutOfMemoryError): try again" in refusal(pair.encode, picture_of((80, 60)))


def test_zero_gpus_own_words_pass(checkpoint: Path, gpu: BorrowedGpu) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)
    gpu.refusal = gr.Error("You have exceeded your quota.", title="ZeroGPU quota exceeded")
    with pytest.raises(gr.Error) as caught:
        pair.encode(picture_of((80, 60)))
    assert caught.value is gpu.refusal


def test_only_half_precision_and_only_what_decoding_needs_comes_back(
    checkpoint: Path, gpu: BorrowedGpu
) -> None:
    pair = load_pair(checkpoint, name="lent", compute=COMPUTE)
    pair.encode(picture_of((80, 60)))
    grid, last, early = 16 * 16, 32, 48
    assert gpu.returned[0] <= 2 * grid * (last + early) + 4096


def test_all_that_is_here_is_loaded_before_the_launch(
    checkpoint: Path, gpu: BorrowedGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    library = ModelLibrary(Settings(model=str(checkpoint), models=("all",)))
    library.start()
    own = next(name for name in library._sources if library.name(None) == name)
    for name in (own, "tiny"):
        assert library.is_loaded(name)
        library.pair(name).encode(picture_of((80, 60)))
    assert gpu.moved == [0, 0]


def test_cuda_is_not_touched_in_the_main_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("asked for CUDA"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: pytest.fail("asked for CUDA"))
    compute = choose_compute()
    assert (compute.device.type, compute.dtype, compute.decoder_device.type) == (
        "cuda",
        torch.bfloat16,
        "cpu",
    )
