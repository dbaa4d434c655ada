"""Pictures and prompts in, comparisons out; owns the cache and waits for the models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING

from .asked import Asked
from .cache import BoundedCache, Encoded
from .inline import InlineExecutor
from .library import ModelDescription, ModelLibrary, ServiceStatus
from .masks.runs import Runs
from .memory import keep_freed_memory
from .pictures import Picture
from .prompts import Prompt
from .refining import RefineStep
from .results.comparison import Agreement, Comparison, ObjectComparison
from .results.preview import Preview, PreviewMask
from .settings import Settings

if TYPE_CHECKING:  # torch is imported behind the page, not before it
    from torch import Tensor

    from .models.embedding import ImageEmbedding
    from .models.pair import DecodedPair, MaskInputs, ModelPair, OnSam


# Of the last clicks, so that what follows a preview costs no decoding; some 2.4 MB each with ViT-B.
_DECODED_BYTES = 64 * 2**20

# Where answers are made while others are: numpy lets go of the interpreter while it works.
_beside: Executor = ThreadPoolExecutor(4, thread_name_prefix="answer")


class NotEncodedError(LookupError):
    """The picture is not encoded, or not any more, and it was not to be encoded."""


class CompareService:
    """Answers what SAM and SAM-HQ make of a picture. Safe under threads.

    Every `ValueError` is about the request and says in one sentence what was wrong and what would
    be right.
    """

    def __init__(self, library: ModelLibrary, *, cache: BoundedCache[ImageEmbedding]) -> None:
        self._library = library
        self._cache = cache
        self._decoded: BoundedCache[DecodedPair] = BoundedCache(max_bytes=_DECODED_BYTES)
        # Of pictures that are being encoded: (model, content id) -> the share that is done.
        self._progress: dict[tuple[str, str], float] = {}

    def models(self) -> list[ModelDescription]:
        """Every model that can be asked for, whether or not its weights are here."""
        return self._library.describe()

    def status(self) -> ServiceStatus:
        """Which model answers now, and why."""
        return self._library.status()

    def prepare(self, picture: Picture, *, model: str | None = None) -> Encoded:
        """Encode a picture ahead of its first prompt; waits until it is done."""
        return self._embedding(self._library.pair(model), picture)[1]

    def progress(self, picture: Picture, *, model: str | None = None) -> float:
        """How much of a picture is encoded, 0 to 1; 0 also before that has begun and where it cannot be told.

        Returns at once, whatever is being loaded or computed.
        """
        key = (self._library.name(model), picture.content_id)
        return 1.0 if key in self._cache else self._progress.get(key, 0.0)

    def compare(
        self,
        picture: Picture,
        prompts: Sequence[Prompt],
        *,
        model: str | None = None,
        multimask: bool | None = None,
        hq_token_only: bool = False,
        mask_prompt: Runs | None = None,
        ground_truth: Runs | None = None,
        refine_from: Sequence[RefineStep] = (),
        may_encode: bool = True,
    ) -> Comparison:
        """Both models' masks of every prompt's object.

        Args:
            prompts: 1 to 32, each one object, in picture pixels.
            model: a name from `models`; None is the one that answers now.
            multimask: None asks for candidates exactly where a prompt is a single point.
            hq_token_only: the HQ mask alone, instead of added to SAM-HQ's inner SAM mask.
            mask_prompt: a rough mask to start from; for a single prompt.
            ground_truth: the true mask; the predictions then carry their true scores.
            refine_from: up to 16 earlier prompts of a single prompt's object, oldest first. The first
                starts from the mask prompt, each other one and the prompt from the logits of the
                answer before.
            may_encode: whether to encode the picture where that has not been done.

        Raises:
            ValueError: the request is wrong, or the model's weights are not here.
            NotEncodedError: the picture would have to be encoded, and may not be.
        """
        began = time.perf_counter()
        asked = Asked.of(
            picture,
            prompts,
            multimask=multimask,
            hq_token_only=hq_token_only,
            mask_prompt=mask_prompt,
            ground_truth=ground_truth,
            refine_from=refine_from,
        )
        pair = self._library.pair(model)
        embedding, encoded = self._embedding(pair, picture, may_encode=may_encode)
        seen = time.perf_counter()
        objects = self._answers(pair, picture, embedding, asked)
        done = time.perf_counter()
        return Comparison(
            model=pair.name,
            size_wh=picture.size_wh,
            objects=objects,
            encoded=encoded,
            milliseconds={
                "encode": 1000 * (seen - began),
                "decode": 1000 * (done - seen),
                "total": 1000 * (done - began),
            },
        )

    def preview(
        self,
        picture: Picture,
        prompt: Prompt,
        *,
        model: str | None = None,
        multimask: bool | None = None,
        hq_token_only: bool = False,
        mask_prompt: Runs | None = None,
        refine_from: Sequence[RefineStep] = (),
        may_encode: bool = True,
    ) -> Preview:
        """Both models' best masks at the size of a screen: the soonest answer to one prompt.

        Arguments and errors are those of `compare`. Asked the same soon after, that takes no decoding
        but where there is a mask prompt.
        """
        asked = Asked.of(
            picture,
            [prompt],
            multimask=multimask,
            hq_token_only=hq_token_only,
            mask_prompt=mask_prompt,
            ground_truth=None,
            refine_from=refine_from,
        )
        pair = self._library.pair(model)
        embedding, _ = self._embedding(pair, picture, may_encode=may_encode)
        return self._preview(pair, picture, embedding, asked)

    def _embedding(
        self, pair: ModelPair, picture: Picture, *, may_encode: bool = True
    ) -> tuple[ImageEmbedding, Encoded]:
        key = (pair.name, picture.content_id)
        if not may_encode:
            found = self._cache.find(key)
            if found is None:
                raise NotEncodedError(f"This picture is not encoded for {pair.name}.")
            return found, "cached"

        def encode() -> ImageEmbedding:
            try:
                return pair.encode(picture, on_progress=lambda share: self._progress.update({key: share}))
            finally:
                self._progress.pop(key, None)

        return self._cache.get(key, encode)

    def _answers(
        self, pair: ModelPair, picture: Picture, embedding: ImageEmbedding, asked: Asked
    ) -> tuple[ObjectComparison, ...]:
        """Both models' answers to every prompt, in order."""

        def finish(place: int, decoded: DecodedPair, *, beside: Executor) -> ObjectComparison:
            return _compare_object(
                asked.prompts[place], decoded, embedding=embedding, asked=asked, beside=beside
            )

        if len(asked.prompts) == 1:
            return (finish(0, self._decode(pair, picture, embedding, asked), beside=_beside),)
        # Each answer is made while the next objects are decoded.
        making = {
            place: _beside.submit(finish, place, decoded, beside=InlineExecutor())
            for place, decoded in pair.decode_each(embedding, asked.prompts)
        }
        return tuple(making[place].result() for place in range(len(asked.prompts)))

    def _preview(self, pair: ModelPair, picture: Picture, embedding: ImageEmbedding, asked: Asked) -> Preview:
        from .models.answers import preview_mask, sam_hq_ranked, sam_ranked

        frame, several = embedding.frame, asked.has_candidates(asked.prompts[0])
        sam: list[PreviewMask] = []

        def preview_sam(logits: Tensor, scores: Tensor) -> None:
            sam.append(preview_mask(frame, sam_ranked(logits, scores, multimask=several)))

        decoded = self._decode(pair, picture, embedding, asked, on_sam=preview_sam)
        if not sam:  # nothing had to be decoded
            preview_sam(decoded.sam_logits, decoded.sam_scores)
        sam_hq = sam_hq_ranked(decoded, multimask=several, hq_token_only=asked.hq_token_only)
        return Preview(sam=sam[0], sam_hq=preview_mask(frame, sam_hq))

    def _decode(
        self,
        pair: ModelPair,
        picture: Picture,
        embedding: ImageEmbedding,
        asked: Asked,
        *,
        on_sam: OnSam | None = None,
    ) -> DecodedPair:
        """The logits of a single prompt, of before where it was asked with the same ones.

        on_sam: as in `ModelPair.decode`, if that has to run.
        """

        def decode() -> DecodedPair:
            mask_inputs = _mask_inputs(pair, embedding, asked)
            (decoded,) = pair.decode(embedding, asked.prompts, mask_inputs=mask_inputs, on_sam=on_sam)
            return decoded

        if asked.mask_prompt is not None:  # a large thing to tell apart by
            return decode()
        # The settings decide what earlier prompts hand on, but nothing of the prompt's own logits.
        settings = (asked.multimask, asked.hq_token_only) if asked.steps else None
        key = (pair.name, picture.content_id, asked.prompts, asked.steps, settings)
        return self._decoded.get(key, decode)[0]


def _mask_inputs(pair: ModelPair, embedding: ImageEmbedding, asked: Asked) -> MaskInputs | None:
    """What the prompt starts from: the rough mask, refined step by step; None without any of them."""
    from .models.pair import MaskInputs
    from .models.refining import refine

    start = None
    if asked.mask_prompt is not None:
        logits = embedding.frame.mask_prompt(asked.mask_prompt)
        start = MaskInputs(sam=logits, sam_hq=logits)
    return refine(
        pair,
        embedding,
        asked.steps,
        start=start,
        multimask=asked.multimask,
        hq_token_only=asked.hq_token_only,
    )


def _compare_object(
    prompt: Prompt,
    decoded: DecodedPair,
    *,
    embedding: ImageEmbedding,
    asked: Asked,
    beside: Executor,
) -> ObjectComparison:
    """SAM's answer, SAM-HQ's answer, which is made `beside` it, and how far they agree."""
    from .models.answers import sam_answer, sam_hq_answer

    several = asked.has_candidates(prompt)
    waiting = beside.submit(
        sam_hq_answer,
        decoded,
        embedding.frame,
        multimask=several,
        hq_token_only=asked.hq_token_only,
    )
    sam = sam_answer(decoded, embedding.frame, multimask=several)
    sam_hq = waiting.result()
    return ObjectComparison(
        prompt,
        sam.with_truth(asked.truth),
        sam_hq.with_truth(asked.truth),
        Agreement.between(sam.runs, sam_hq.runs),
    )


def build_service(settings: Settings) -> CompareService:
    """The service of these settings; its models load in the background.

    Raises:
        ValueError: a setting is wrong.
    """
    keep_freed_memory()
    library = ModelLibrary(settings)
    library.start()
    return CompareService(library, cache=BoundedCache(max_bytes=settings.cache_mb * 2**20))
