"""The encoder's output for a picture, as it is kept for decoding."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from samhq_demo.models.input_transform import InputTransform
from samhq_demo.results.comparison import Branch


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbedding:
    """All that decoding needs of a picture and nothing more, float32 on the decoder's device.

    `sam` and `sam_hq` are (1, C, h, w), one tensor where the encoders are equal; `hq_features` is
    (1, C/8, 4h, 4w).
    """

    input_transform: InputTransform
    sam: Tensor
    sam_hq: Tensor
    hq_features: Tensor

    def of(self, branch: Branch) -> Tensor:
        """What a branch's decoder sees of the picture."""
        return self.sam if branch == "sam" else self.sam_hq

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors, each counted once."""
        distinct = {id(t): t for t in (self.sam, self.sam_hq, self.hq_features)}
        return sum(t.nbytes for t in distinct.values())
