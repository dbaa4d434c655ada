"""A GPU that is not there is told before the page is."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.ui.launching import check_device


def test_a_cuda_device_that_is_missing_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"SAMHQ_DEVICE is 'cuda', but this machine has no CUDA device"):
        check_device({"SAMHQ_DEVICE": " CUDA "}, devices=tmp_path)


def test_one_that_is_there_or_lent_later_or_not_asked_for_is_left_alone(tmp_path: Path) -> None:
    check_device({"SAMHQ_DEVICE": "cuda", "SPACES_ZERO_GPU": "1"}, devices=tmp_path)
    check_device({}, devices=tmp_path)
    (tmp_path / "nvidiactl").touch()
    check_device({"SAMHQ_DEVICE": "cuda"}, devices=tmp_path)
