"""Both overlays in one picture: what lies where, and how large it gets."""

from __future__ import annotations

import numpy as np
import pytest

from samhq_demo.export.drawing import OBJECT_RGB, SAM_HQ_RGB, SAM_RGB
from samhq_demo.export.overlays import MAX_SIDE, overlays
from samhq_demo.export.shown import ShownObject
from samhq_demo.prompts.prompt import PointLabel, Prompt
from tests.support.shown_objects import shown_object

BLUE, ORANGE = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)
GRAY = 40  # of the picture under the masks


def square(height: int, width: int, *, top: int, left: int, side: int = 200) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def dark(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), GRAY, np.uint8)


def places(whole: np.ndarray, color_rgb: tuple[int, int, int]) -> np.ndarray:
    """(n, 2) (y, x) of the pixels of exactly this color."""
    return np.argwhere((whole == np.array(color_rgb, np.uint8)).all(axis=2))


def caption_height(whole: np.ndarray) -> int:
    """Of the strip over the picture, whose first row has its color from the left on."""
    return int(np.flatnonzero((whole[:, 0] == GRAY).all(axis=1))[0])


def legend(*objects: ShownObject) -> np.ndarray:
    """What stands below the halves."""
    whole = overlays(dark(1000, 1000), objects)
    return whole[caption_height(whole) + 1000 :]


def captions(*objects: ShownObject) -> tuple[np.ndarray, np.ndarray]:
    """The strips over the two halves."""
    whole = overlays(dark(1000, 1000), objects)
    height = caption_height(whole)
    return whole[:height, :1000], whole[:height, -1000:]


def test_sams_mask_is_on_the_left_and_sam_hqs_on_the_right() -> None:
    sam, sam_hq = square(1000, 1000, top=100, left=100), square(1000, 1000, top=600, left=700)
    whole = overlays(dark(1000, 1000), [shown_object(sam, sam_hq)])
    caption = caption_height(whole)
    assert whole.dtype == np.uint8
    assert 0 < caption < 100
    assert 2000 < whole.shape[1] < 2100
    edges = places(whole[: caption + 1000], BLUE)
    left, right = edges[edges[:, 1] < 1000], edges[edges[:, 1] >= 1000]
    gap = whole.shape[1] - 2000
    assert (left.min(axis=0) == (caption + 100, 100)).all()
    assert (left.max(axis=0) == (caption + 299, 299)).all()
    assert (right.min(axis=0) == (caption + 600, 1000 + gap + 700)).all()
    inside = whole[caption + 200, 200].astype(int)
    assert np.abs(inside - [round(GRAY + (level - GRAY) * 0.55) for level in BLUE]).max() <= 1
    assert whole[caption + 800, 200].tolist() == [GRAY] * 3


def test_of_a_wide_picture_sams_is_above() -> None:
    sam, sam_hq = square(500, 1000, top=100, left=100), square(500, 1000, top=100, left=600)
    whole = overlays(dark(500, 1000), [shown_object(sam, sam_hq)])
    assert whole.shape[1] == 1000
    assert 1000 < whole.shape[0] < 1200
    edges = places(whole[: caption_height(whole) * 2 + 1000], BLUE)
    above = edges[:, 0] < whole.shape[0] / 2
    assert edges[above, 1].max() == 299
    assert edges[~above, 1].min() == 600


def test_each_object_has_its_color_and_its_prompt_in_both_halves() -> None:
    prompt = Prompt(points=((500.0, 500.0),), labels=(PointLabel.OBJECT,))
    objects = [
        shown_object(square(1000, 1000, top=100, left=100), color="#56b4e9"),
        # Over the first one's mask, and its prompt over both.
        shown_object(square(1000, 1000, top=400, left=400), color="#e69f00", prompt=prompt),
    ]
    whole = overlays(dark(1000, 1000), objects)
    for color in (BLUE, ORANGE, OBJECT_RGB):
        columns = places(whole[: caption_height(whole) + 1000], color)[:, 1]
        assert (columns < 1000).sum() == (columns > 1000).sum() > 20


def test_captions_name_the_models_with_their_colors() -> None:
    sam, sam_hq = captions(shown_object(square(1000, 1000, top=100, left=100)))
    assert len(places(sam, SAM_RGB)) > 50 and not len(places(sam, SAM_HQ_RGB))
    assert len(places(sam_hq, SAM_HQ_RGB)) > 50 and not len(places(sam_hq, SAM_RGB))


def test_captions_have_the_score_of_a_single_object_only() -> None:
    mask = square(1000, 1000, top=100, left=100)

    def inked(strip: np.ndarray) -> int:
        return int(np.flatnonzero((strip != 255).any(axis=(0, 2)))[-1])

    (one, one_hq), (two, _) = captions(shown_object(mask)), captions(shown_object(mask), shown_object(mask))
    assert inked(one) > 2 * inked(two)
    assert inked(one_hq) > inked(one)


def test_each_objects_name_stands_below_beside_its_color() -> None:
    mask = square(1000, 1000, top=100, left=100)
    strip = legend(shown_object(mask, name="Cup"), shown_object(mask, name="Saucer", color="#e69f00"))
    blue, orange = places(strip, BLUE), places(strip, ORANGE)
    assert len(blue) > 50 and len(orange) > 50
    first, second = blue[:, 1].max(), orange[:, 1].max()
    assert first < orange[:, 1].min()
    inked = np.flatnonzero((strip < 128).all(axis=(2)).any(axis=0))  # of the names
    assert ((inked > first) & (inked < orange[:, 1].min())).any() and (inked > second).any()
    longer = legend(
        shown_object(mask, name="Cups and all"), shown_object(mask, name="Saucer", color="#e69f00")
    )
    assert places(longer, ORANGE)[:, 1].min() > orange[:, 1].min()


def test_many_and_long_names_take_more_lines_and_none_is_cut() -> None:
    mask = square(1000, 1000, top=100, left=100)
    names = [f"{number} {'long ' * 11}" for number in range(32)]
    strip = legend(*(shown_object(mask, name=name) for name in names))
    rows = np.flatnonzero((strip == np.array(BLUE, np.uint8)).all(axis=2).any(axis=1))
    assert (np.diff(rows) > 1).sum() >= 7  # gaps between lines
    assert (strip[:, -1] == 255).all()


def test_a_score_over_one_reads_as_one() -> None:
    mask = square(1000, 1000, top=100, left=100)
    over, one, below = (shown_object(mask, predicted_iou=score) for score in (1.07, 1.0, 0.9))
    assert (captions(over)[0] == captions(one)[0]).all()
    assert (captions(below)[0] != captions(one)[0]).any()


@pytest.mark.parametrize(("height", "width"), [(3000, 4000), (4000, 3000), (500, 6000), (6000, 500)])
def test_large_pictures_are_held_to_a_bound(height: int, width: int) -> None:
    whole = overlays(dark(height, width), [shown_object(square(height, width, top=100, left=100))])
    shown = round(MAX_SIDE * width / max(height, width)), round(MAX_SIDE * height / max(height, width))
    is_wide = width > 1.6 * height
    halves = (1, 2) if is_wide else (2, 1)
    for length, side, count in zip(whole.shape[1::-1], shown, halves, strict=True):
        assert side * count <= length < (side + 250) * count


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5000), (5000, 1), (64, 48)])
def test_captions_are_whole_over_any_picture(height: int, width: int) -> None:
    whole = overlays(dark(height, width), [shown_object(np.ones((height, width), bool))])
    assert whole.shape[1] > 180
    for color in (SAM_RGB, SAM_HQ_RGB):
        assert len(places(whole, color)) > 20


def test_an_empty_mask_is_drawn_as_nothing() -> None:
    whole = overlays(dark(1000, 1000), [shown_object(np.zeros((1000, 1000), bool))])
    top = caption_height(whole)
    assert (whole[top : top + 1000, :1000] == GRAY).all()


def test_the_picture_stays_as_it_was() -> None:
    pixels = dark(1000, 1000)
    overlays(pixels, [shown_object(square(1000, 1000, top=100, left=100))])
    assert (pixels == GRAY).all()
