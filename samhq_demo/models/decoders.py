"""Both mask decoders of a pair, from what was encoded of a picture and tensors of prompts to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.many_prompts import ManyAttended, SharedPicture, attend_many
from samhq_demo.models.sam import (
    Attended,
    DecodedMasks,
    PromptEmbedding,
    attend,
    iou_scores,
    sam_masks,
    sam_output_tokens,
    upscale,
)
from samhq_demo.models.sam_hq import sam_hq_masks, sam_hq_output_tokens
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.results.comparison import Branch


class PromptTensors(NamedTuple):
    """B prompts of one length, in pixels of the square; None for what they have not.

    `point_coords` (1, B, N, 2) and `point_labels` (1, B, N); `boxes` (1, B, 4), float32 as the points are;
    `mask_input` (1, 1, low_res, low_res) logits, only where B is 1.
    """

    point_coords: Tensor | None
    point_labels: Tensor | None
    boxes: Tensor | None
    mask_input: Tensor | None

    @classmethod
    def of(
        cls, prompts: Sequence[Prompt], transform: InputTransform, *, mask_input: Tensor | None = None
    ) -> PromptTensors:
        """Of prompts that all have as many points, and all a box or none; on the CPU."""
        coords = labels = boxes = None
        if prompts[0].points:
            at = transform.coords(np.array([p.points for p in prompts]))
            coords = torch.tensor(at, dtype=torch.float32).unsqueeze(0)
            labels = torch.tensor([[int(v) for v in p.labels] for p in prompts]).unsqueeze(0)
        if prompts[0].box_xyxy is not None:
            corners = transform.coords(np.array([p.box_xyxy for p in prompts]).reshape(-1, 2, 2))
            boxes = torch.tensor(corners.reshape(1, -1, 4), dtype=torch.float32)
        return cls(coords, labels, boxes, mask_input)


@dataclass(frozen=True, slots=True, eq=False)
class Decoders:
    """Two models' decoders. Nothing is kept between calls.

    Attributes:
        sam, sam_hq: the models.
        sam_positions, sam_hq_positions: the grid's positional encoding, the same for every picture:
            (1, C, h, w).
    """

    sam: Any
    sam_hq: Any
    sam_positions: Tensor
    sam_hq_positions: Tensor

    @classmethod
    def of(cls, sam: Any, sam_hq: Any) -> Decoders:
        """Of two models where they are."""
        with torch.inference_mode():
            positions = [model.get_image_wide_positional_embeddings() for model in (sam, sam_hq)]
        return cls(sam, sam_hq, *positions)

    @torch.inference_mode()
    def attend(self, branch: Branch, image_embedding: Tensor, prompts: PromptTensors) -> Attended:
        """The first half of a branch's decoder, in which prompts and the picture (1, C, h, w) meet."""
        model = self._model(branch)
        embedded = _embedded(model, prompts)
        return attend(
            model.mask_decoder,
            _output_tokens(branch, model),
            image_embeddings=image_embedding,
            image_positions=self._positions(branch),
            sparse=embedded.sparse,
            dense=embedded.dense,
        )

    @torch.inference_mode()
    def masks(self, branch: Branch, hq_features: Tensor, attended: Attended) -> DecodedMasks:
        """The second half: SAM's four masks, or SAM-HQ's four inner masks and the HQ mask.

        Of the upper left part of the picture where `attended` has no more; the last `MASK_REACH` rows and
        columns of a part are not right.
        """
        decoder = self._model(branch).mask_decoder
        if branch == "sam":
            return sam_masks(decoder, attended, upscale(decoder, attended.image))
        height, width = (4 * side for side in attended.image.shape[1:3])
        return sam_hq_masks(decoder, attended, hq_features[..., :height, :width])

    def both(self, inputs: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Both decoders for prompts, tensors alone, as a CUDA graph wants them.

        Args:
            inputs: SAM's embedding of the picture, SAM-HQ's and its `hq_features`; SAM's `PromptTensors` one
                after the other, and SAM-HQ's.

        Returns:
            SAM's logits and scores, SAM-HQ's logits and scores.
        """
        sam_image, sam_hq_image, features, *asked = inputs
        assert sam_image is not None and sam_hq_image is not None and features is not None
        sam = self.masks("sam", features, self.attend("sam", sam_image, PromptTensors(*asked[:4])))
        attended = self.attend("sam_hq", sam_hq_image, PromptTensors(*asked[4:]))
        sam_hq = self.masks("sam_hq", features, attended)
        return *sam, *sam_hq

    @torch.inference_mode()
    def shared_picture(self, branch: Branch, image_embedding: Tensor) -> SharedPicture:
        """What a branch's decoder computes of a picture (1, C, h, w) alone, for `attend_many`."""
        model = self._model(branch)
        no_mask = model.prompt_encoder.no_mask_embed.weight[0, :, None, None]
        return SharedPicture(
            model.mask_decoder.transformer, image_embedding[0] + no_mask, self._positions(branch)[0]
        )

    @torch.inference_mode()
    def attend_many(self, branch: Branch, shared: SharedPicture, prompts: PromptTensors) -> ManyAttended:
        """`attend` for many prompts of one picture, for less."""
        model = self._model(branch)
        sparse = _embedded(model, prompts).sparse
        assert sparse is not None, "points or a box"
        own = _output_tokens(branch, model)
        tokens = torch.cat([own.expand(len(sparse), -1, -1), sparse.to(own.dtype)], dim=1)
        return attend_many(shared, tokens, output_tokens=len(own))

    @torch.inference_mode()
    def scores(self, branch: Branch, tokens: Tensor) -> Tensor:
        """The predicted IoU of SAM's four masks, (B, 4), of IoU tokens: it needs no mask."""
        return iou_scores(self._model(branch).mask_decoder, tokens)

    def _model(self, branch: Branch) -> Any:
        return self.sam if branch == "sam" else self.sam_hq

    def _positions(self, branch: Branch) -> Tensor:
        return self.sam_positions if branch == "sam" else self.sam_hq_positions


def _output_tokens(branch: Branch, model: Any) -> Tensor:
    return (sam_output_tokens if branch == "sam" else sam_hq_output_tokens)(model.mask_decoder)


def _embedded(model: Any, prompts: PromptTensors) -> PromptEmbedding:
    device = model.prompt_encoder.no_mask_embed.weight.device
    sparse, dense = model.prompt_encoder(*(None if t is None else t.to(device) for t in prompts))
    return PromptEmbedding(sparse.squeeze(0) if sparse is not None else None, dense)
