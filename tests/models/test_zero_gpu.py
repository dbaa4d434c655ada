"""ZeroGPU, by a stand-in that does as it does: it forks, pickles arguments and keeps nothing."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spaces
import torch

from samhq_demo.models.checkpoints import load_pair
from samhq_demo.models.compute import GPU_SECONDS, Compute, choose_compute
from samhq_demo.prompts.prompt import Prompt
from tests.support.parity import picture_of

BOX = Prompt(box_xyxy=(5.0, 5.0, 60.0, 40.0))


class Lender:
    """Stands in for `spaces.GPU`: each call runs in a forked process, and only pickles cross over."""

    def __init__(self) -> None:
        self.seconds: list[int] = []
        self.sent: list[int] = []
        self.returned: list[int] = []

    def __call__(self, *, duration: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        self.seconds.append(duration)

        def lend(task: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any) -> Any:
                here, there = multiprocessing.get_context("fork").Pipe()
                parcel = pickle.dumps(args)
                worker = multiprocessing.get_context("fork").Process(target=_work, args=(task, parcel, there))
                worker.start()
                answer = here.recv_bytes()
                worker.join()
                self.sent.append(len(parcel))
                self.returned.append(len(answer))
                return pickle.loads(answer)

            return call

        return lend


def _work(task: Callable[..., Any], parcel: bytes, pipe: Any) -> None:
    torch.set_num_threads(1)  # the parent's OpenMP threads do not live here
    pipe.send_bytes(pickle.dumps(task(*pickle.loads(parcel))))


def test_one_entry_a_picture_and_none_a_click(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lender = Lender()
    monkeypatch.setattr(spaces, "GPU", lender)
    compute = Compute(torch.device("cpu"), torch.bfloat16, zero_gpu=True)
    lent = load_pair(checkpoint, name="lent", compute=compute)
    own = load_pair(checkpoint, name="own", compute=Compute(torch.device("cpu"), torch.bfloat16))
    picture = picture_of((80, 60))
    embedding = lent.encode(picture)
    assert (len(lender.sent), lender.seconds) == (1, [GPU_SECONDS])
    answer = lent.decode(embedding, [BOX])[0]
    assert len(lender.sent) == 1
    there = own.decode(own.encode(picture), [BOX])[0]
    assert ((answer.sam_hq_logits[4] > 0) == (there.sam_hq_logits[4] > 0)).float().mean() > 0.99


def test_only_half_precision_and_only_what_decoding_needs_comes_back(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = Lender()
    monkeypatch.setattr(spaces, "GPU", lender)
    pair = load_pair(
        checkpoint, name="lent", compute=Compute(torch.device("cpu"), torch.bfloat16, zero_gpu=True)
    )
    pair.encode(picture_of((80, 60)))
    grid, last, early = 16 * 16, 32, 48
    assert lender.returned[0] <= 2 * grid * (last + early) + 4096


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
