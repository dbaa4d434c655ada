"""Models loaded at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def test_models_loaded_at_once_are_as_whole_as_those_loaded_alone(checkpoint: Path) -> None:
    from samhq_demo.models.checkpoints import compare_tensors, count_parameters, load_pair
    from samhq_demo.models.compute import choose_compute

    compute = choose_compute(device="cpu", dtype="float32")
    with ThreadPoolExecutor(4) as pool:
        pairs = list(pool.map(lambda _: load_pair(checkpoint, name="small", compute=compute), range(4)))
    for pair in pairs:
        assert count_parameters(pair) == count_parameters(pairs[0])
        assert not compare_tensors(pair.sam, pairs[0].sam_hq).mask_decoder
