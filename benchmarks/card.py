"""The device that `benchmarks.gpu` measures: its name, its memory, and how its work is waited for."""

from __future__ import annotations

import gc
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

import torch

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Card:
    """A CUDA device; in tests the CPU, which counts no memory."""

    device: torch.device

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def wait(self) -> None:
        """Until all work that was given to it is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)

    def forget(self) -> None:
        """Give back what nobody holds any more, and count the peak of memory anew."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def held_mb(self) -> float:
        """The memory of tensors now, in megabytes (10^6 bytes)."""
        return torch.cuda.memory_allocated(self.device) / 1e6 if self.is_cuda else 0.0

    def reserved_mb(self) -> float:
        """The memory that torch keeps, for tensors or not, in megabytes (10^6 bytes)."""
        return torch.cuda.memory_reserved(self.device) / 1e6 if self.is_cuda else 0.0

    def peak_mb(self) -> float:
        """The most memory of tensors since `forget`, in megabytes (10^6 bytes)."""
        return torch.cuda.max_memory_allocated(self.device) / 1e6 if self.is_cuda else 0.0

    def seconds(self, task: Callable[[], Any], *, rounds: int, warm_up: int = 3) -> float:
        """The median of so many runs, each waited for."""
        for _ in range(warm_up):
            task()
        taken = []
        for _ in range(rounds):
            self.wait()
            began = time.perf_counter()
            task()
            self.wait()
            taken.append(time.perf_counter() - began)
        return median(taken)

    def product_peak(self, dtype: torch.dtype, *, side: int) -> float:
        """The operations a second of the fastest of some square products."""
        left, right = (torch.randn(side, side, device=self.device).to(dtype) for _ in range(2))
        best = 0.0
        with torch.inference_mode():
            for _ in range(8):
                self.wait()
                began = time.perf_counter()
                for _ in range(4):
                    torch.mm(left, right)
                self.wait()
                best = max(best, 4 * 2 * side**3 / (time.perf_counter() - began))
        return best

    def about(self) -> dict[str, str]:
        """Card, driver and versions."""
        told = {"date": time.strftime("%Y-%m-%d"), "card": "none: a trial on the CPU"}
        if self.is_cuda:
            found = torch.cuda.get_device_properties(self.device)
            memory = f"{found.total_memory / 2**30:.0f} GiB"
            told["card"] = f"{found.name}, {memory}, compute capability {found.major}.{found.minor}"
            told["driver"] = _driver()
            told["CUDA"] = str(torch.version.cuda)
        versions = {name: version(name) for name in ("torch", "transformers", "numpy")}
        return {
            **told,
            "CPU threads": str(torch.get_num_threads()),
            "Python": platform.python_version(),
            **versions,
        }


def _driver() -> str:
    """The driver's version; "not known" without NVIDIA's own tool."""
    try:
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not known"
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "not known"
