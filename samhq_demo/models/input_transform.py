"""Between a picture's pixels and the square that the encoder sees.

The arithmetic of the official `ResizeLongestSide`, `Sam.preprocess` and `Sam.postprocess_masks`
(segment-anything 1.0): the long side is resized to the model's size, right and bottom are padded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from samhq_demo.masks.runs import Runs
from samhq_demo.models.device_upsampling import preview_there, upsample_there
from samhq_demo.models.held_logits import BoxBounds, HeldLogits
from samhq_demo.models.upsampling import STABILITY_OFFSET, FullMask, upsample, upsample_preview
from samhq_demo.results.preview import preview_size

PIXEL_MEAN = (123.675, 116.28, 103.53)  # ImageNet's, in 0..255, the same for every published SAM
PIXEL_STD = (58.395, 57.12, 57.375)
# A mask prompt is a map of logits; SAM 2 maps a binary mask to -10 and 10, and so do we.
MASK_PROMPT_LOGIT = 10.0
# Of masks that a card makes, some times 64 MB of float32. Pictures that are larger are the CPU's.
_PIXELS_AT_ONCE = 2**24


@dataclass(frozen=True, slots=True)
class InputTransform:
    """How one picture lies in a model's square input.

    `size_wh` is the picture's, `image_size` the square's side, `low_res` the side of the decoder's
    logits (a quarter of 1024 in the published models).
    """

    size_wh: tuple[int, int]
    image_size: int
    low_res: int

    @property
    def resized_wh(self) -> tuple[int, int]:
        """The picture's size inside the square. Never 0, unlike the official one's."""
        width, height = self.size_wh
        scale = self.image_size / max(width, height)
        return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))

    @property
    def low_res_hw(self) -> tuple[int, int]:
        """Rows and columns of the logits, the upper left ones, that a mask of the picture is made of."""
        # The last pixel of each side lies between two logits; see `Taps.of`.
        ends = ((side - 0.5) * self.low_res / self.image_size - 0.5 for side in self.resized_wh)
        width, height = (min(int(max(0.0, end)) + 2, self.low_res) for end in ends)
        return height, width

    def pixel_values(self, pixels: np.ndarray, *, device: torch.device | None = None) -> Tensor:
        """uint8 (H, W, 3) -> float32 (1, 3, S, S), normalized, then padded with zeros.

        Args:
            device: where that is done, and the result lies; None: the CPU.
        """
        image = Image.fromarray(pixels).resize(self.resized_wh, Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.array(image)).to(device).permute(2, 0, 1).float()
        mean, std = (torch.tensor(of, device=device)[:, None, None] for of in (PIXEL_MEAN, PIXEL_STD))
        return self._padded(((values - mean) / std).unsqueeze(0))

    def coords(self, xy: np.ndarray) -> np.ndarray:
        """Picture pixels (..., 2) -> pixels of the square."""
        scale = np.array(self.resized_wh, np.float64) / np.array(self.size_wh, np.float64)
        return xy * scale

    def mask_prompt(self, mask: Runs) -> Tensor:
        """A mask of the picture's size -> logits float32 (1, 1, low_res, low_res).

        They are -10 outside and in the padding.
        """
        # In rows first: Pillow is slow at taking in columns, as masks of runs lie in memory.
        rows = np.ascontiguousarray(mask.mask()).view(np.uint8)
        image = Image.fromarray(rows * np.uint8(255)).resize(self.resized_wh, Image.Resampling.BOX)
        cover = self._padded(torch.from_numpy(np.array(image)).float()[None, None] / 255)
        cover = F.adaptive_avg_pool2d(cover, self.low_res)
        return (2 * cover - 1) * MASK_PROMPT_LOGIT

    def full_mask(self, logits: Tensor, *, offset: float = STABILITY_OFFSET) -> FullMask:
        """Low-resolution logits (h, w) -> the mask of the picture's size.

        Bilinear to the square, cropped, bilinear to the picture. offset: as in `upsample`.
        """
        (full,) = self.full_masks([logits[None]], offset=offset)
        return full

    def full_masks(self, logits: Iterable[Tensor], *, offset: float = STABILITY_OFFSET) -> Iterator[FullMask]:
        """`full_mask` of all, in their order; those of a CUDA card are made there, several at once.

        Args:
            logits: (N, h, w) each, of any N.
        """
        square, resized_wh, size_wh = self.image_size, self.resized_wh, self.size_wh
        at_once = _PIXELS_AT_ONCE // (size_wh[0] * size_wh[1])
        for some in logits:
            if some.is_cuda and at_once:
                for several in some.split(at_once):
                    yield from upsample_there(
                        several, square=square, resized_wh=resized_wh, size_wh=size_wh, offset=offset
                    )
            else:
                for one in _array(some):
                    yield upsample(one, square=square, resized_wh=resized_wh, size_wh=size_wh, offset=offset)

    def box_bounds(self, held: HeldLogits) -> BoxBounds:
        """Of the mask that `full_mask` makes of logits."""
        return held.box_bounds(square=self.image_size, resized_wh=self.resized_wh, size_wh=self.size_wh)

    def preview_mask(self, logits: Tensor) -> Runs:
        """The same of the size that `preview_size` gives, the mask alone."""
        square, resized_wh, size_wh = self.image_size, self.resized_wh, preview_size(self.size_wh)
        if logits.is_cuda:
            return preview_there(logits, square=square, resized_wh=resized_wh, size_wh=size_wh)
        return upsample_preview(_array(logits), square=square, resized_wh=resized_wh, size_wh=size_wh)

    def _padded(self, values: Tensor) -> Tensor:
        width, height = self.resized_wh
        return F.pad(values, (0, self.image_size - width, 0, self.image_size - height))


def _array(logits: Tensor) -> np.ndarray:
    return logits.detach().float().cpu().numpy()
