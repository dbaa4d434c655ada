"""Drawing near the mask alone must look like drawing the whole picture anew."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.drawing import View, with_mask
from tests.filling import ragged

BLUE = (0x56, 0xB4, 0xE9)


@pytest.mark.parametrize(("height", "width"), [(2000, 3300), (1234, 777), (150, 410)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_small_object_looks_the_same_whatever_else_is_in_the_mask(
    height: int, width: int, order: str
) -> None:
    view = View.of(np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8))
    alone = np.zeros((height, width), bool)
    alone[height // 2 : height // 2 + 100, width // 2 : width // 2 + 80] = ragged(200, 160)[50:-50, 40:-40][
        : height - height // 2
    ]
    far = alone.copy()
    far[: height // 5, : width // 5] = True
    drawn = with_mask(view, np.asarray(alone, order=order), colour_rgb=BLUE)  # type: ignore[call-overload]
    with_far = with_mask(view, far, colour_rgb=BLUE)
    near = np.s_[drawn.shape[0] // 3 :, drawn.shape[1] // 3 :]
    # A pixel covered to exactly one half may fall to either side.
    differing = np.count_nonzero((drawn[near] != with_far[near]).any(axis=2))
    assert differing <= 0.002 * drawn[near].size / 3
    assert (drawn[near] != view.pixels[near]).any()
    assert (drawn[: drawn.shape[0] // 3] == view.pixels[: drawn.shape[0] // 3]).all()


def test_a_view_can_be_larger_than_the_pages() -> None:
    view = View.of(np.zeros((1000, 4000, 3), np.uint8), max_side=2048)
    assert view.shown_wh == (2048, 512)
    assert view.size_wh == (4000, 1000)
