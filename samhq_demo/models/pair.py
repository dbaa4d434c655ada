"""A SAM and a SAM-HQ side by side: a picture in, both models' masks out."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from samhq_demo.inline import InlineExecutor
from samhq_demo.line import Line
from samhq_demo.models.compute import Compute
from samhq_demo.models.cores import take_share_of_cores
from samhq_demo.models.cuda_graphs import CudaGraphs, Tensors
from samhq_demo.models.decoders import Decoders, PromptTensors
from samhq_demo.models.embedding import ImageEmbedding
from samhq_demo.models.encoder import EncodedImage, run_encoder
from samhq_demo.models.gpu_memory import in_halves, with_room
from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.many_prompts import ManyAttended, SharedPicture
from samhq_demo.models.sam import Attended, DecodedMasks
from samhq_demo.models.sam_hq import hq_features
from samhq_demo.models.tiny_vit import TinyViT
from samhq_demo.models.zero_gpu import lend_gpu
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.results.comparison import Branch

# Each object's activations take at most so many bytes for every value of the embedding: with ViT-B 84 MB, so
# on a CPU it is one object at a time; in small models what is not the picture's counts for more.
_BYTES_A_VALUE = 128
DECODERS_AT_ONCE = 2

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
    """Both decoders at work on one batch: each of the two waits for its answer."""

    sam: Callable[[], DecodedMasks]
    sam_hq: Callable[[], DecodedMasks]


class ModelPair:
    """Two loaded models with one image encoder, if their encoders are equal, else with two.

    Safe under threads: nothing is kept between calls. One encoder pass runs at a time. On a CPU decoders run
    side by side, each on its share of the cores: much of what they do uses one only. Measured on two cores,
    that takes 0.85 of the time for one object with ViT-B and 0.56 with `tiny`, some 0.7 and 0.6 for many.

    Attributes:
        encoding: where pictures stand in line for the encoder, by their content.
        executor: runs the decoders.
    """

    def __init__(self, sam: Any, sam_hq: Any, *, name: str, compute: Compute, shared_encoder: bool) -> None:
        self.name, self.compute, self.shared_encoder = name, compute, shared_encoder
        self.sam, self.sam_hq = sam, sam_hq
        self.image_size = int(sam_hq.config.vision_config.image_size)
        self.low_res = 4 * self.image_size // int(sam_hq.config.vision_config.patch_size)
        self._decoders = Decoders.of(sam, sam_hq)
        self.encoding = Line()
        device = compute.decoder_device
        self._batch_bytes = compute.batch_bytes()
        self._graphs = CudaGraphs(self._decoders.both, device=device) if device.type == "cuda" else None
        self.executor: Executor = (
            ThreadPoolExecutor(
                DECODERS_AT_ONCE,
                thread_name_prefix="decode",
                initializer=take_share_of_cores,
                initargs=(DECODERS_AT_ONCE,),
            )
            if device.type == "cpu"
            else InlineExecutor()
        )
        self._see = self._way_to_encode()

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
            on_progress: told the share that is done, up to 1; not on a GPU, where it takes a moment.

        Raises:
            NoRoomError: the GPU has no memory left for it.
        """
        return with_room(lambda: self._encode(picture, on_progress))

    @torch.inference_mode()
    def _encode(self, picture: Picture, on_progress: Callable[[float], None] | None) -> ImageEmbedding:
        transform = InputTransform(picture.size_wh, self.image_size, self.low_res)
        values = transform.pixel_values(picture.pixels, device=self.compute.decoder_device)
        with self.encoding.turn(picture.content_id):
            if on_progress is None or self.compute.device.type == "cuda":
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

    def _way_to_encode(self) -> Callable[[Tensor], tuple[Tensor | None, Tensor, Tensor]]:
        """`run_encoders` itself, in a borrowed call on ZeroGPU, or as a CUDA graph."""
        if self.compute.zero_gpu:
            return lend_gpu(self)
        if self.compute.device.type != "cuda":
            return self.run_encoders
        graphs = CudaGraphs(self._encoded_tensors, device=self.compute.device)

        def replay(pixel_values: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
            *own, last, early = graphs([pixel_values])
            return own[0] if own else None, last, early

        return replay

    def _encoded_tensors(self, inputs: Tensors) -> list[Tensor]:
        (pixel_values,) = inputs
        assert pixel_values is not None
        return [t for t in self.run_encoders(pixel_values) if t is not None]

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
        return max(1, self._batch_bytes // (_BYTES_A_VALUE * embedding.sam_hq[0].numel()))

    def _begin(
        self, embedding: ImageEmbedding, prompts: Sequence[Prompt], mask_inputs: MaskInputs | None
    ) -> _Decoding:
        """Both decoders for prompts of one length, SAM-HQ's first: it takes longer."""
        own, hq = (None, None) if mask_inputs is None else (mask_inputs.sam, mask_inputs.sam_hq)
        for_sam = PromptTensors.of(prompts, embedding.input_transform, mask_input=own)
        for_sam_hq = for_sam._replace(mask_input=hq)
        if self._graphs is not None and len(prompts) == 1:
            inputs = [embedding.sam, embedding.sam_hq, embedding.hq_features, *for_sam, *for_sam_hq]
            both = self.executor.submit(self._replay, self._graphs, inputs)
            return _Decoding(sam=lambda: both.result()[0], sam_hq=lambda: both.result()[1])
        sam_hq = self.executor.submit(self._decode_sam_hq, embedding, for_sam_hq)
        sam = self.executor.submit(self._decode_sam, embedding, for_sam)
        return _Decoding(sam=sam.result, sam_hq=sam_hq.result)

    def shared_picture(self, branch: Branch, embedding: ImageEmbedding) -> SharedPicture:
        """What a branch's decoder computes of a picture alone, for `attend_many`."""
        return self._decoders.shared_picture(branch, embedding.of(branch))

    def attend_many(
        self, branch: Branch, shared: SharedPicture, transform: InputTransform, prompts: Sequence[Prompt]
    ) -> ManyAttended:
        """The first half of a branch's decoder for many prompts of one length in one picture."""
        return self._decoders.attend_many(branch, shared, PromptTensors.of(prompts, transform))

    def scores(self, branch: Branch, tokens: Tensor) -> Tensor:
        """The predicted IoU of SAM's four masks, (B, 4) on the CPU, of IoU tokens: it needs no mask."""
        scores = self._decoders.scores(branch, tokens).cpu()
        self._check_finite(scores)
        return scores

    def masks(self, branch: Branch, embedding: ImageEmbedding, attended: Attended) -> DecodedMasks:
        """The second half: SAM's four masks, or SAM-HQ's four inner masks and the HQ mask.

        The logits are where they are made into masks, the scores on the CPU.
        """
        return self._checked(self._decoders.masks(branch, embedding.hq_features, attended))

    def _decode_sam(self, embedding: ImageEmbedding, prompts: PromptTensors) -> DecodedMasks:
        return self.masks("sam", embedding, self._decoders.attend("sam", embedding.sam, prompts))

    def _decode_sam_hq(self, embedding: ImageEmbedding, prompts: PromptTensors) -> DecodedMasks:
        return self.masks("sam_hq", embedding, self._decoders.attend("sam_hq", embedding.sam_hq, prompts))

    def _replay(self, graphs: CudaGraphs, inputs: Tensors) -> tuple[DecodedMasks, DecodedMasks]:
        found = graphs(inputs)
        return self._checked(DecodedMasks(*found[:2])), self._checked(DecodedMasks(*found[2:]))

    def _checked(self, decoded: DecodedMasks) -> DecodedMasks:
        logits = decoded.logits.to(self.compute.masks_device)
        scores = decoded.iou_scores.cpu()
        self._check_finite(logits, scores)
        return DecodedMasks(logits, scores)

    def _check_finite(self, *tensors: Tensor) -> None:
        """Raise ValueError for NaN or infinity: as masks they would be empty, and both models would agree."""
        # A sum of numbers is a number, unless it is too large for one: that takes a second look.
        if all(bool(torch.isfinite(t.sum())) or bool(torch.isfinite(t).all()) for t in tensors):
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


def _encoded(encoder: Any, values: Tensor, *, fold_bias: bool, on_layer: Callable[[], None]) -> EncodedImage:
    if isinstance(encoder, TinyViT):
        return encoder(values, on_layer)
    return run_encoder(encoder, values, fold_bias=fold_bias, on_layer=on_layer)


def _paired(
    members: Sequence[int], decoding: _Decoding, on_sam: OnSam | None
) -> list[tuple[int, DecodedPair]]:
    """A batch's answers, each with its place among the prompts; waits for them."""
    sam = decoding.sam()
    if on_sam is not None:
        for at in range(len(members)):
            on_sam(sam.logits[at], sam.iou_scores[at])
    sam_hq = decoding.sam_hq()
    return [
        (place, DecodedPair(sam.logits[at], sam.iou_scores[at], sam_hq.logits[at], sam_hq.iou_scores[at]))
        for at, place in enumerate(members)
    ]
