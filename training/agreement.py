"""Scores each segment of each photo by how well a SAM in training finds it, to choose those worth learning.

Most segments of a tree are nothing that people see. A model that has learnt from all of them, and from
pasted objects, finds again what many photos have in common and misses what is chance; what it finds is
taken more often from then on (Kirillov et al. 2023, "Segment Anything", section 4, has the idea of data and
model that improve each other). On photos with human segments, the ten segments drawn from a photo overlap
a human one by 0.48 on average with this weight, and by 0.40 with persistence alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedModel

from samhq_demo.models.sam import decode_sam
from training.batches import PIXEL_MEAN, PIXEL_STD
from training.losses import mask_iou
from training.pack import Pictures
from training.photo_scenes import LEAST_SHARE, MOST_SHARE, largest_piece
from training.photos import Region
from training.prompting import embed_prompt
from training.segments import SegmentTree

_BATCH = 64  # prompts that are decoded together
_MOST = 100  # segments of a photo that are asked for: those that last longest


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """One photo and the segments of it that are asked for, as tensors.

    Attributes:
        pixels: float32 (1, 3, size, size);
        size_hw: what the photo fills of it.
        nodes: int64 (n,);
        masks: bool (n, height, width);
        points: float32 (n, 2);
        boxes: float32 (n, 4).
    """

    pixels: Tensor
    size_hw: tuple[int, int]
    nodes: Tensor
    masks: Tensor
    points: Tensor
    boxes: Tensor


class _Questions(Dataset[_Question]):
    """A question a photo. They depend on no model, so other processes make them."""

    def __init__(self, pictures: Pictures, size: int) -> None:
        self._photos, self._size = pictures.photos, size

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, number: int) -> _Question:
        photo, tree = self._photos[number]
        pixels, (height, width) = _padded(photo, self._size)
        segments = dict(islice(_segments(tree, _resized_labels(tree, (width, height))), _MOST))
        regions = list(segments.values())
        return _Question(
            pixels,
            (height, width),
            torch.tensor(list(segments), dtype=torch.long),
            torch.from_numpy(np.array([r.mask for r in regions], bool).reshape(-1, height, width)),
            torch.tensor([r.deepest_xy for r in regions], dtype=torch.float32).reshape(-1, 2) + 0.5,
            torch.tensor([r.box_xyxy for r in regions], dtype=torch.float32).reshape(-1, 4),
        )


@torch.no_grad()
def agreement(model: PreTrainedModel, pictures: Pictures, *, workers: int = 0) -> tuple[np.ndarray, ...]:
    """For each photo how well its segments are found, float32 (nodes of its tree,) in 0..1.

    The IoU of the best candidate by a click at the deepest place, times the IoU by the box around it;
    0 for what is no segment: in several pieces, a speck, nearly the whole picture, or not long there.

    Args:
        workers: processes that put the questions; 0: this one.
    """
    device = next(model.parameters()).device
    asked = _Questions(pictures, model.config.vision_config.image_size)
    answers = []
    for (_, tree), question in zip(
        pictures.photos, DataLoader(asked, batch_size=None, num_workers=workers), strict=True
    ):
        found = np.zeros(2 * tree.count - 1, np.float32)
        embeddings = model.vision_encoder(question.pixels.to(device)).last_hidden_state
        for part in torch.arange(len(question.nodes)).split(_BATCH):
            found[question.nodes[part]] = _found(model, embeddings, question, part).cpu().numpy()
        answers.append(found)
    return tuple(answers)


def _found(model: PreTrainedModel, embeddings: Tensor, question: _Question, part: Tensor) -> Tensor:
    """(1, C, h, w) and the numbers of n segments -> (n,) what the model finds of each."""
    device, count = embeddings.device, len(part)
    height, width = question.size_hw
    size: int = model.config.vision_config.image_size
    truth = torch.zeros(count, 1, size, size, device=device)
    truth[:, 0, :height, :width] = question.masks[part].to(device)
    low = F.avg_pool2d(truth, 2)
    points, boxes = question.points[part].to(device), question.boxes[part].to(device)
    one = torch.ones(count, 1, dtype=torch.long, device=device)
    clicked = embed_prompt(model, points=points.unsqueeze(1), labels=one, count=count)
    boxed = embed_prompt(model, boxes=boxes, count=count)
    by_click, by_box = (
        decode_sam(
            model.mask_decoder,
            image_embeddings=embeddings.expand(count, -1, -1, -1),
            image_positions=model.get_image_wide_positional_embeddings(),
            **prompt,
        ).logits
        for prompt in (clicked, boxed)
    )
    inside = (torch.arange(low.shape[-1], device=device) * 2 < width) & (
        torch.arange(low.shape[-2], device=device) * 2 < height
    ).unsqueeze(1)
    outside = ~inside * -1e9  # the padding is no part of any answer
    return mask_iou(by_click[:, 1:] + outside, low).amax(1) * mask_iou(by_box[:, :1] + outside, low)[:, 0]


def _padded(photo: np.ndarray, size: int) -> tuple[Tensor, tuple[int, int]]:
    """A photo as the encoder takes it, (1, 3, size, size), and the height and width it has there."""
    image = Image.fromarray(photo)
    scale = size / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    pixels = ((np.asarray(image, np.float32) - PIXEL_MEAN) / PIXEL_STD).transpose(2, 0, 1)
    padded = np.zeros((1, 3, size, size), np.float32)
    padded[0, :, : image.height, : image.width] = pixels
    return torch.from_numpy(padded), (image.height, image.width)


def _resized_labels(tree: SegmentTree, size_wh: tuple[int, int]) -> np.ndarray:
    labels = Image.fromarray(tree.labels.astype(np.int32))
    return np.asarray(labels.resize(size_wh, Image.Resampling.NEAREST))


def _segments(tree: SegmentTree, leaves: np.ndarray) -> Iterator[tuple[int, Region]]:
    """The tree's nodes that can be segments, those first that last longest, with their pixels."""
    members = tree.members()
    for node in np.argsort(-tree.persistence()):
        mask = members[node][leaves]
        if LEAST_SHARE < mask.mean() < MOST_SHARE:
            piece = largest_piece(mask)
            if piece is not None:
                yield int(node), Region(piece)
