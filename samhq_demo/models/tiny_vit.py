"""Light HQ-SAM's image encoder, a TinyViT (Wu et al. 2022), exact and laid out for speed.

Places lie with their channels together, (B, h, w, C), from the first layer to the last: then a convolution
of kernel 1 is one product, and no layer has to turn its input around. The batch norms of training are part
of the convolutions, see `light`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from samhq_demo.models.encoder import EncodedImage
from samhq_demo.models.products import scaled_dot_product_attention


@dataclass(frozen=True, slots=True)
class Stage:
    """`depth` blocks of `width` channels; window: 0 for the first stage, which has convolutions alone."""

    width: int
    depth: int
    heads: int = 0
    window: int = 0


# TinyViT-5M. The last stage keeps the grid of the one before, unlike in the paper, so that it is SAM's.
STAGES = (Stage(64, 2), Stage(128, 2, 4, 7), Stage(160, 6, 5, 14), Stage(320, 2, 10, 7))
EARLY_STAGE = 2  # what goes into it are SAM-HQ's early features
_EXPANSION = 4


class TinyViT(nn.Module):
    """(B, 3, S, S) -> SAM's embedding and SAM-HQ's early features, each an 16th of S wide.

    Args:
        neck: what makes SAM's embedding of the last stage, as after a ViT.
    """

    def __init__(self, neck: nn.Module, *, stages: Sequence[Stage] = STAGES) -> None:
        super().__init__()
        width = stages[0].width
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 2, 3, 2, 1), nn.GELU(), nn.Conv2d(width // 2, width, 3, 2, 1)
        )
        self.stages = nn.ModuleList(
            _StageLayers(stage, following, stride=2 if number < len(stages) - 1 else 1)
            for number, (stage, following) in enumerate(zip(stages, (*stages[1:], None), strict=True), 1)
        )
        self.neck = neck

    @property
    def layers(self) -> list[nn.Module]:
        """All blocks and mergings, in their order."""
        return [layer for stage in self.stages for layer in stage.layers]

    def spread_biases(self) -> None:
        """To be called when the weights are there."""
        for module in self.modules():
            if isinstance(module, _WindowAttention):
                module.spread_bias()

    def forward(self, pixel_values: Tensor, on_layer: Callable[[], None] = lambda: None) -> EncodedImage:
        """on_layer: called after each of `layers`."""
        values = pixel_values.contiguous(memory_format=torch.channels_last)
        hidden = self.stem(values).permute(0, 2, 3, 1).contiguous()
        early = hidden
        for number, stage in enumerate(self.stages):
            if number == EARLY_STAGE:
                early = hidden
            for layer in stage.layers:
                hidden = layer(hidden)
                on_layer()
        return EncodedImage(self.neck(hidden), early)


class _StageLayers(nn.Module):
    def __init__(self, stage: Stage, following: Stage | None, *, stride: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _Attending(stage) if stage.window else _Convolving(stage.width) for _ in range(stage.depth)
        )
        self.merging = None if following is None else _Merging(stage.width, following.width, stride=stride)

    @property
    def layers(self) -> list[nn.Module]:
        return [*self.blocks, *([] if self.merging is None else [self.merging])]


class _Convolving(nn.Module):
    """A block of the first stage: wider, convolved channel by channel, narrow again."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide = _EXPANSION * width
        self.expand, self.project = nn.Linear(width, wide), nn.Linear(wide, width)
        self.depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)

    def forward(self, hidden: Tensor) -> Tensor:
        wide = F.gelu(_convolved(self.depthwise, F.gelu(self.expand(hidden))))
        return F.gelu(self.project(wide).add_(hidden))


class _Merging(nn.Module):
    """Between two stages: other channels, and a grid of half the size where the stride is 2."""

    def __init__(self, width: int, wider: int, *, stride: int) -> None:
        super().__init__()
        self.expand, self.project = nn.Linear(width, wider), nn.Linear(wider, wider)
        self.depthwise = nn.Conv2d(wider, wider, 3, stride, 1, groups=wider)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.project(F.gelu(_convolved(self.depthwise, F.gelu(self.expand(hidden)))))


class _Attending(nn.Module):
    """A block of the later stages: attention in windows, a convolution channel by channel, an MLP."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        width = stage.width
        self.attention = _WindowAttention(stage)
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, _EXPANSION * width), nn.Linear(_EXPANSION * width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = _convolved(self.depthwise, self.attention(hidden).add_(hidden))
        return self.narrow(F.gelu(self.widen(self.norm(hidden)))).add_(hidden)


class _WindowAttention(nn.Module):
    """Attention within windows, with a bias for each head and each distance of two places, signs aside."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.heads, self.window = stage.heads, stage.window
        self.norm = nn.LayerNorm(stage.width)
        self.qkv, self.project = nn.Linear(stage.width, 3 * stage.width), nn.Linear(stage.width, stage.width)
        # (heads, window, window): by how many rows and columns two places are apart.
        self.distance_bias = nn.Parameter(torch.zeros(stage.heads, stage.window, stage.window))
        places = stage.window**2
        self.register_buffer("bias", torch.zeros(1, stage.heads, places, places), persistent=False)

    def spread_bias(self) -> None:
        """Look up the bias of each two places once; to be called when the weights are there."""
        at = torch.arange(self.window)
        apart = (at[:, None] - at).abs()
        spread = self.distance_bias.detach()[:, apart][..., apart]  # (heads, row, row, column, column)
        self.bias = spread.permute(0, 1, 3, 2, 4).reshape(1, self.heads, self.window**2, self.window**2)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, h, w, C) -> the same shape, without the residual."""
        batch, height, width, channels = hidden.shape
        size, places = self.window, self.window**2
        rows, columns = -(-height // size), -(-width // size)
        # The padding is there before the norm, which makes its bias of it: windows see that at the edge.
        padded = F.pad(hidden, (0, 0, 0, columns * size - width, 0, rows * size - height))
        windows = padded.view(batch, rows, size, columns, size, channels).transpose(2, 3)
        seen = self.qkv(self.norm(windows.reshape(-1, places, channels)))
        # Each head's queries, keys and values lie together: (windows, places, heads, 3, C/heads).
        query, key, value = seen.unflatten(-1, (self.heads, 3, -1)).transpose(1, 2).unbind(3)
        attended = scaled_dot_product_attention(query, key, value, self.bias, scale=query.shape[-1] ** -0.5)
        out = self.project(attended.transpose(1, 2).flatten(2))
        out = out.view(batch, rows, columns, size, size, channels).transpose(2, 3)
        return out.reshape(padded.shape)[:, :height, :width].contiguous()


def _convolved(depthwise: Any, hidden: Tensor) -> Tensor:
    """A convolution of (B, h, w, C), whose channels stay together."""
    out: Tensor = depthwise(hidden.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return out.contiguous()
