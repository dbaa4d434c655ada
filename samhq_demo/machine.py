"""What can be told of this machine before torch is there."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from samhq_demo.settings import on_zero_gpu

# NVIDIA's, the same in WSL and on Jetson boards, and AMD's.
_GPU_DEVICES = ("nvidiactl", "dxg", "nvhost-gpu", "nvgpu", "kfd")
DEVICES = Path("/dev")


def has_gpu_device(devices: Path = DEVICES) -> bool:
    """Whether Linux has the device of a GPU that torch could use."""
    return any((devices / name).exists() for name in _GPU_DEVICES)


def expects_gpu(device: str | None, *, devices: Path = DEVICES) -> bool:
    """Whether models will compute on a GPU. device: as in `Settings`; None: the best that is there."""
    if device is not None:
        return device != "cpu"
    if on_zero_gpu():
        return True
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if _torch_version().endswith("+cpu"):
        return False
    return has_gpu_device(devices) if sys.platform == "linux" else shutil.which("nvidia-smi") is not None


def _torch_version() -> str:
    """With the kind of the build, where torch's own index is where it came from."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
