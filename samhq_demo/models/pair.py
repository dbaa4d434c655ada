"""A SAM and a SAM-HQ side by side: a picture in, both models' masks out."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from samhq_demo.inline import InlineExecutor
from samhq_demo.line import Line
from samhq_demo.models.compute import Compute
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.encoder import EncodedImage, run_encoder
from samhq_demo.models.gpu_memory import in_halves, with_room
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
from samhq_demo.models.sam_hq import hq_features, sam_hq_masks, sam_hq_output_tokens
from samhq_demo.models.tiny_vit import TinyViT
from samhq_demo.models.zero_gpu import lend_gpu
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.results.comparison import Branch

# A batch's activations, by the decoder's device. On a CPU small ones are faster: they stay in its cache.
# Each object takes at most so many bytes for every value of the embedding: with ViT-B 84 MB, so there it
# is one object at a time; in small models what is not the picture's counts for more.
_BYTES_A_VALUE = 128
_BATCH_BYTES = {"cpu": 64 * 2**20}
_BATCH_BYTES_ELSEWHERE = 512 * 2**20
_DECODERS_AT_ONCE = 2

OnSam = Callable[[Tensor, Tensor], None]


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPair:
    """Both decoders' answers for one object.

    `sam_logits` (4, h, w): the single mask and three candidates, with `sam_scores` (4,).
    `sam_hq_logits` (5, h, w): SAM-HQ's four inner masks and the HQ mask, with `sam_hq_scores` (4,).
    """

    sam_logits: Tensor
    sam_scores: Tensor
    sam_hq_logits: Tensor
    sam_hq_scores: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors."""
        return sum(
            t.nbytes for t in (self.sam_logits, self.sam_scores, self.sam_hq_logits, self.sam_hq_scores)
        )


@dataclass(frozen=True, slots=True, eq=False)
class MaskInputs:
    """The logits that a prompt starts from, each model's own: float32 (1, 1, low_res, low_res)."""

    sam: Tensor
    sam_hq: Tensor


@dataclass(frozen=True, slots=True)
class _Decoding:
    """Both decoders at work on one batch."""

    sam: Future[DecodedMasks]
    sam_hq: Future[DecodedMasks]


class ModelPair:
    """Two loaded models with one image encoder, if their encoders are equal, else with two.

    Safe under threads: nothing is kept between calls. One encoder pass runs at a time. On a CPU decoders run
    side by side: much of what they do uses one core only. Measured with ViT-B on two cores, that
    takes 0.86 of the time for one object and some 0.7 for many.

    Attributes:
        encoding: where pictures stand in line for the encoder, by their content.
        executor: runs the decoders.
    """

    def __init__(self, sam: Any, sam_hq: Any, *, name: str, compute: Compute, shared_encoder: bool) -> None:
        self.name, self.compute, self.shared_encoder = name, compute, shared_encoder
        self.sam, self.sam_hq = sam, sam_hq
        self.image_size = int(sam_hq.config.vision_config.image_size)
        self.low_res = 4 * self.image_size // int(sam_hq.config.vision_config.patch_size)
        # The grid's positional encoding is the same for every picture: (1, C, h, w).
        with torch.inference_mode():
            self._sam_positions: Tensor = sam.get_image_wide_positional_embeddings()
            self._sam_hq_positions: Tensor = sam_hq.get_image_wide_positional_embeddings()
        self.encoding = Line()
        on_cpu = compute.decoder_device.type == "cpu"
        self.executor: Executor = (
            ThreadPoolExecutor(_DECODERS_AT_ONCE, thread_name_prefix="decode") if on_cpu else InlineExecutor()
        )
        self._see = lend_gpu(self) if compute.zero_gpu else self.run_encoders

    @property
    def nbytes(self) -> int:
        """Bytes of the weights, those that both models have counted once."""
        models = (self.sam, self.sam_hq)
        tensors = [t for model in models for t in (*model.parameters(), *model.buffers())]
        return sum({t.data_ptr(): t.nbytes for t in tensors}.values())

    def encode(
        self, picture: Picture, *, on_progress: Callable[[float], None] | None = None
    ) -> ImageEmbedding:
        """Run the image encoder, once if it is shared. The slow verb: call it once a picture.

        Args:
            on_progress: told the share that is done, up to 1; not on ZeroGPU, whose process cannot reach it.

        Raises:
            NoRoomError: the GPU has no memory left for it.
        """
        return with_room(lambda: self._encode(picture, on_progress))

    @torch.inference_mode()
    def _encode(self, picture: Picture, on_progress: Callable[[float], None] | None) -> ImageEmbedding:
        transform = InputTransform(picture.size_wh, self.image_size, self.low_res)
        values = transform.pixel_values(picture.pixels)
        with self.encoding.turn(picture.content_id):
            if on_progress is None or self.compute.zero_gpu:
                sam, sam_hq, early = self._see(values)
            else:
                sam, sam_hq, early = self.run_encoders(values, on_layer=self._counted(on_progress))
        device = self.compute.decoder_device
        sam_hq = sam_hq.to(device, torch.float32)
        features = hq_features(
            self.sam_hq.mask_decoder,
            image_embeddings=sam_hq,
            early_embeddings=early.to(device, torch.float32),
        )
        own = sam_hq if sam is None else sam.to(device, torch.float32)
        # Here, not only at a click: what is not finite must not be kept as the embedding of this picture.
        self._check_finite(own, sam_hq, features)
        return ImageEmbedding(transform, own, sam_hq, features)

    def _counted(self, on_progress: Callable[[float], None]) -> Callable[[], None]:
        """What is called after each layer, to tell the share of all that are done."""
        encoders = [self.sam_hq.vision_encoder, *([] if self.shared_encoder else [self.sam.vision_encoder])]
        total = sum(len(encoder.layers) for encoder in encoders)
        done = itertools.count(1)
        return lambda: on_progress(next(done) / total)

    def run_encoders(
        self, pixel_values: Tensor, *, on_layer: Callable[[], None] = lambda: None
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        """(1, 3, S, S) -> SAM's own embedding, None where it is SAM-HQ's; SAM-HQ's; its early features.

        On ZeroGPU this runs in a forked process, see `zero_gpu`: what is moved there is moved at most once.
        """
        values = pixel_values.to(self.compute.device, self.compute.dtype)
        with torch.inference_mode():
            fold = self.compute.fold_bias
            encoder = self.sam_hq.vision_encoder.to(self.compute.device)
            seen = _encoded(encoder, values, fold_bias=fold, on_layer=on_layer)
            own = None
            if not self.shared_encoder:
                encoder = self.sam.vision_encoder.to(self.compute.device)
                own = _encoded(encoder, values, fold_bias=fold, on_layer=on_layer).last
        if not self.compute.zero_gpu:
            return own, seen.last, seen.early
        return None if own is None else own.cpu(), seen.last.cpu(), seen.early.cpu()

    def decode(
        self,
        embedding: ImageEmbedding,
        prompts: Sequence[Prompt],
        *,
        mask_inputs: MaskInputs | None = None,
        on_sam: OnSam | None = None,
    ) -> list[DecodedPair]:
        """Run both decoders. The fast verb.

        Args:
            prompts: checked against the picture; each is one object.
            mask_inputs: what the only prompt starts from, or None.
            on_sam: called with each object's `sam_logits` and `sam_scores`, on a CPU while SAM-HQ decodes on.

        Returns:
            The answers in the prompts' order. With ViT-B each takes 2.4 MB; see `decode_each`.
        """
        answers = dict(self.decode_each(embedding, prompts, mask_inputs=mask_inputs, on_sam=on_sam))
        return [answers[i] for i in range(len(prompts))]

    def decode_each(
        self,
        embedding: ImageEmbedding,
        prompts: Sequence[Prompt],
        *,
        mask_inputs: MaskInputs | None = None,
        on_sam: OnSam | None = None,
    ) -> Iterator[tuple[int, DecodedPair]]:
        """The same, one answer after the other: (place among the prompts, answer), batch by batch.

        However many prompts there are, it holds two batches: on a CPU each has 64 MB of activations, or one
        object's; on a GPU one of them has 512 MB, and where there is no room for that it is halved. Who
        drops each answer before the next needs no more. An object gets the answer it gets alone. Prompts of
        one length come in their order.

        Raises:
            NoRoomError: a GPU has no room for a single object.
        """
        if mask_inputs is not None and len(prompts) != 1:
            raise ValueError(f"A mask prompt goes with one object, not with {len(prompts)}.")
        # The next batch is begun before one is waited for, so that no core is idle.
        begun: deque[tuple[list[int], _Decoding]] = deque()

        def begin(members: Sequence[int]) -> _Decoding:
            return self._begin(embedding, [prompts[i] for i in members], mask_inputs)

        def finished(members: list[int], first: _Decoding) -> list[tuple[int, DecodedPair]]:
            tries = [first]  # taken out, as a failed one holds what it computed
            return in_halves(
                lambda some: _paired(some, tries.pop() if tries else begin(some), on_sam), members
            )

        for members in self._batches(embedding, prompts):
            begun.append((members, begin(members)))
            if len(begun) > 1:
                yield from finished(*begun.popleft())
        while begun:
            yield from finished(*begun.popleft())

    def _batches(self, embedding: ImageEmbedding, prompts: Sequence[Prompt]) -> Iterator[list[int]]:
        """Places among the prompts, those together that are decoded at once.

        Only prompts of one length are: a padded token would take part in the attention and change the masks.
        """
        batch = self._batch_size(embedding)
        groups: dict[tuple[int, bool], list[int]] = {}
        for i, prompt in enumerate(prompts):
            groups.setdefault((len(prompt.points), prompt.box_xyxy is not None), []).append(i)
        for members in groups.values():
            yield from (members[start : start + batch] for start in range(0, len(members), batch))

    def _batch_size(self, embedding: ImageEmbedding) -> int:
        """How many objects are decoded at once."""
        limit = _BATCH_BYTES.get(self.compute.decoder_device.type, _BATCH_BYTES_ELSEWHERE)
        return max(1, limit // (_BYTES_A_VALUE * embedding.sam_hq[0].numel()))

    def _begin(
        self, embedding: ImageEmbedding, prompts: Sequence[Prompt], mask_inputs: MaskInputs | None
    ) -> _Decoding:
        """Both decoders for prompts of one length, SAM-HQ's first: it takes longer."""
        own = mask_inputs.sam if mask_inputs is not None else None
        hq = mask_inputs.sam_hq if mask_inputs is not None else None
        sam_hq = self.executor.submit(self._decode_sam_hq, embedding, prompts, hq)
        return _Decoding(sam=self.executor.submit(self._decode_sam, embedding, prompts, own), sam_hq=sam_hq)

    @torch.inference_mode()
    def attend(
        self,
        branch: Branch,
        embedding: ImageEmbedding,
        prompts: Sequence[Prompt],
        mask_input: Tensor | None = None,
    ) -> Attended:
        """The first half of a branch's decoder, in which prompts of one length and the picture meet."""
        model = self.sam if branch == "sam" else self.sam_hq
        prompt = self._embed(model, embedding.input_transform, prompts, mask_input)
        output_tokens = sam_output_tokens if branch == "sam" else sam_hq_output_tokens
        return attend(
            model.mask_decoder,
            output_tokens(model.mask_decoder),
            image_embeddings=embedding.sam if branch == "sam" else embedding.sam_hq,
            image_positions=self._sam_positions if branch == "sam" else self._sam_hq_positions,
            sparse=prompt.sparse,
            dense=prompt.dense,
        )

    @torch.inference_mode()
    def shared_picture(self, branch: Branch, embedding: ImageEmbedding) -> SharedPicture:
        """What a branch's decoder computes of a picture alone, for `attend_many`."""
        is_sam = branch == "sam"
        model = self.sam if is_sam else self.sam_hq
        no_mask = model.prompt_encoder.no_mask_embed.weight[0, :, None, None]
        return SharedPicture(
            model.mask_decoder.transformer,
            (embedding.sam if is_sam else embedding.sam_hq)[0] + no_mask,
            (self._sam_positions if is_sam else self._sam_hq_positions)[0],
        )

    @torch.inference_mode()
    def attend_many(
        self, branch: Branch, shared: SharedPicture, transform: InputTransform, prompts: Sequence[Prompt]
    ) -> ManyAttended:
        """`attend` for many prompts of one picture, for less."""
        model = self.sam if branch == "sam" else self.sam_hq
        sparse = self._embed(model, transform, prompts, None).sparse
        assert sparse is not None, "points or a box"
        own = (sam_output_tokens if branch == "sam" else sam_hq_output_tokens)(model.mask_decoder)
        tokens = torch.cat([own.expand(len(sparse), -1, -1), sparse.to(own.dtype)], dim=1)
        return attend_many(shared, tokens, output_tokens=len(own))

    @torch.inference_mode()
    def scores(self, branch: Branch, tokens: Tensor) -> Tensor:
        """The predicted IoU of SAM's four masks, (B, 4) on the CPU, of IoU tokens: it needs no mask."""
        model = self.sam if branch == "sam" else self.sam_hq
        scores = iou_scores(model.mask_decoder, tokens).cpu()
        self._check_finite(scores)
        return scores

    @torch.inference_mode()
    def masks(self, branch: Branch, embedding: ImageEmbedding, attended: Attended) -> DecodedMasks:
        """The second half: SAM's four masks, or SAM-HQ's four inner masks and the HQ mask; on the CPU."""
        if branch == "sam":
            decoder = self.sam.mask_decoder
            decoded = sam_masks(decoder, attended, upscale(decoder, attended.image))
        else:
            decoded = sam_hq_masks(self.sam_hq.mask_decoder, attended, embedding.hq_features)
        return self._finite(DecodedMasks(decoded.logits.cpu(), decoded.iou_scores.cpu()))

    def _decode_sam(
        self, embedding: ImageEmbedding, prompts: Sequence[Prompt], mask_input: Tensor | None
    ) -> DecodedMasks:
        return self.masks("sam", embedding, self.attend("sam", embedding, prompts, mask_input))

    def _decode_sam_hq(
        self, embedding: ImageEmbedding, prompts: Sequence[Prompt], mask_input: Tensor | None
    ) -> DecodedMasks:
        return self.masks("sam_hq", embedding, self.attend("sam_hq", embedding, prompts, mask_input))

    def _finite(self, decoded: DecodedMasks) -> DecodedMasks:
        self._check_finite(decoded.logits, decoded.iou_scores)
        return decoded

    def _check_finite(self, *tensors: Tensor) -> None:
        """Raise ValueError for NaN or infinity: as masks they would be empty, and both models would agree."""
        if all(bool(torch.isfinite(tensor).all()) for tensor in tensors):
            return
        dtype = str(self.compute.dtype).removeprefix("torch.")
        if self.compute.dtype != torch.float32:
            raise ValueError(
                f"{self.name} overflows in {dtype}: it has no answer that is a number. "
                "Start the app with SAMHQ_DTYPE=float32."
            )
        raise ValueError(
            f"{self.name} has no answer that is a number, in SAMHQ_DTYPE=float32 as well: "
            "its weights are damaged. Fetch them again or choose another model."
        )

    def _embed(
        self, model: Any, transform: InputTransform, prompts: Sequence[Prompt], mask_input: Tensor | None
    ) -> PromptEmbedding:
        """Embed prompts of one length."""
        device = self.compute.decoder_device
        points = labels = boxes = None
        if prompts[0].points:
            at = transform.coords(np.array([p.points for p in prompts]))
            points = torch.tensor(at, dtype=torch.float32, device=device).unsqueeze(0)
            labels = torch.tensor([[int(v) for v in p.labels] for p in prompts], device=device).unsqueeze(0)
        if prompts[0].box_xyxy is not None:
            corners = transform.coords(np.array([p.box_xyxy for p in prompts]).reshape(-1, 2, 2))
            boxes = torch.tensor(corners.reshape(1, -1, 4), dtype=torch.float32, device=device)
        mask = mask_input.to(device) if mask_input is not None else None
        sparse, dense = model.prompt_encoder(points, labels, boxes, mask)
        return PromptEmbedding(sparse.squeeze(0) if sparse is not None else None, dense)


def _encoded(encoder: Any, values: Tensor, *, fold_bias: bool, on_layer: Callable[[], None]) -> EncodedImage:
    if isinstance(encoder, TinyViT):
        return encoder(values, on_layer)
    return run_encoder(encoder, values, fold_bias=fold_bias, on_layer=on_layer)


def _paired(
    members: Sequence[int], decoding: _Decoding, on_sam: OnSam | None
) -> list[tuple[int, DecodedPair]]:
    """A batch's answers, each with its place among the prompts; waits for them."""
    sam = decoding.sam.result()
    if on_sam is not None:
        for at in range(len(members)):
            on_sam(sam.logits[at], sam.iou_scores[at])
    sam_hq = decoding.sam_hq.result()
    return [
        (place, DecodedPair(sam.logits[at], sam.iou_scores[at], sam_hq.logits[at], sam_hq.iou_scores[at]))
        for at, place in enumerate(members)
    ]
