"""The one checkpoint that is published as a pickle alone, and the hash without which it is not opened.

A pickle can run code. This one is read with torch's `weights_only`, which lets it make tensors and nothing
else, and only where its bytes are those that were looked at; see SECURITY.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PickledCheckpoint:
    """The file in a repository that holds a checkpoint, and the SHA-256 of its bytes."""

    file_name: str
    sha256: str

    def is_genuine(self, content: bytes) -> bool:
        """Whether a file with this content may be opened."""
        return hashlib.sha256(content).hexdigest() == self.sha256


# By repository. The hash is the one under which the Hub lists the file of Light HQ-SAM.
PICKLES: dict[str, PickledCheckpoint] = {
    "lkeab/hq-sam": PickledCheckpoint(
        "sam_hq_vit_tiny.pth", "0f32c075ccdd870ae54db2f7630e7a0878ede5a2b06d05d6fe02c65a82fb7196"
    )
}
