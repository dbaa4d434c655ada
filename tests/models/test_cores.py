"""A thread computes on its share of the cores, and no other thread hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from samhq_demo.models.cores import take_share_of_cores
from samhq_demo.service import build_service
from samhq_demo.settings import Settings


@pytest.fixture
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def threads_of(executor: ThreadPoolExecutor) -> int:
    return executor.submit(torch.get_num_threads).result()


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize(("threads", "share"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_a_share_is_for_one_thread(threads: int, share: int) -> None:
    with ThreadPoolExecutor(1) as own, ThreadPoolExecutor(1) as other:
        assert threads_of(own) == threads_of(other) == 4
        own.submit(take_share_of_cores, threads).result()
        with ThreadPoolExecutor(1) as later:
            assert threads_of(own) == share
            assert threads_of(other) == threads_of(later) == torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_decoders_share_the_cores() -> None:
    service = build_service(Settings(model="tiny", device="cpu"))
    assert threads_of(service._library.pair("tiny").executor) == 2
    assert torch.get_num_threads() == 4
