"""Where the models compute, and in which precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from samhq_demo.memory import machine_memory
from samhq_demo.models.products import onednn_has_bfloat16
from samhq_demo.settings import check_compute, on_zero_gpu

_BATCH_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Compute:
    """The encoder's device and precision; the decoder's device. The decoder is always float32.

    On ZeroGPU the encoder borrows a GPU for each new picture, and the decoder stays on the CPU:
    it is small enough, and a click then costs nobody's quota.
    """

    device: torch.device
    dtype: torch.dtype
    zero_gpu: bool = False

    @property
    def decoder_device(self) -> torch.device:
        return torch.device("cpu") if self.zero_gpu else self.device

    @property
    def fold_bias(self) -> bool:
        """Whether the encoder's bias is cheaper in the attention's products than built; see `encoder`.

        Measured for ViT-B in bfloat16: with AMX the fold makes the encoder 1.6 times faster; with
        AVX512-BF16 alone a global layer takes 0.92 s with it and 0.56 s without.
        """
        return self.device.type != "cpu" or _cpu_has("_is_amx_tile_supported")

    @property
    def masks_device(self) -> torch.device:
        """Where logits are made into masks: a CUDA card does that itself."""
        return self.decoder_device if self.decoder_device.type == "cuda" else torch.device("cpu")

    def batch_bytes(self) -> int:
        """Memory for the activations of objects that are decoded at once.

        On a CPU few are faster: they stay in its cache. A card gives a sixteenth of its memory: with 8 GB as
        much as any other device.
        """
        if self.decoder_device.type == "cpu":
            return 64 * 2**20
        if self.decoder_device.type == "cuda":
            return max(_BATCH_BYTES, torch.cuda.get_device_properties(self.device).total_memory // 16)
        return _BATCH_BYTES

    def model_bytes(self) -> int:
        """Memory that loaded models may take together: half of the GPU's, or of what this process may have.

        The other half is for embeddings, activations and pictures.
        """
        if self.device.type == "cuda" and not self.zero_gpu:
            return torch.cuda.get_device_properties(self.device).total_memory // 2
        return machine_memory() // 2


def choose_compute(*, device: str | None = None, dtype: str | None = None) -> Compute:
    """What was asked for, or the best that is here.

    Raises:
        ValueError: the device or the precision is unknown, or the device is not on this machine.
    """
    check_compute(device=device, dtype=dtype)
    zero_gpu = on_zero_gpu()
    if zero_gpu:
        device = device or "cuda"
    chosen = device or _best_device()
    if chosen == "cuda" and not zero_gpu and not torch.cuda.is_available():
        raise ValueError("SAMHQ_DEVICE is 'cuda', but torch finds no CUDA device here; use 'cpu'.")
    if chosen == "mps" and not torch.backends.mps.is_available():
        raise ValueError("SAMHQ_DEVICE is 'mps', but torch finds no Apple GPU here; use 'cpu'.")
    if chosen == "cuda":
        # Else cuDNN rounds what convolutions multiply to TF32's 10 bits, of the float32 decoder's too.
        torch.backends.cudnn.allow_tf32 = False
    precision: torch.dtype = getattr(torch, dtype) if dtype else _native_dtype(chosen, zero_gpu=zero_gpu)
    return Compute(torch.device(chosen), precision, zero_gpu)


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _native_dtype(device: str, *, zero_gpu: bool) -> torch.dtype:
    """The fastest precision that the device has units for; emulated bfloat16 is slower than float32."""
    if device == "cuda":
        if zero_gpu:  # they all can; CUDA must not be asked in the main process
            return torch.bfloat16
        return torch.bfloat16 if torch.cuda.get_device_capability()[0] >= 8 else torch.float16
    if device == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bfloat16() -> bool:
    """Whether bfloat16 is multiplied in hardware, AMX or AVX512-BF16: the CPU can, and oneDNN has it so."""
    can = _cpu_has("_is_amx_tile_supported") or _cpu_has("_is_avx512_bf16_supported")
    return can and onednn_has_bfloat16()


def _cpu_has(probe: str) -> bool:
    """Ask torch for a unit of this CPU. The probes are not public, so one may go."""
    supported = getattr(torch.cpu, probe, None)
    return supported is not None and bool(supported())
