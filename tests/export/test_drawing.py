"""A mask and a prompt drawn on a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samhq_demo.export import drawing
from samhq_demo.export.drawing import SAM_RGB, View
from samhq_demo.masks.runs import Runs
from samhq_demo.prompts.prompt import PointLabel, Prompt

OBJECT = Prompt(points=((10, 20),), labels=(PointLabel.OBJECT,))


@pytest.mark.parametrize(
    ("size_wh", "shown_wh"),
    [
        ((1024, 683), (1024, 683)),
        ((6000, 3000), (1600, 800)),
        ((100, 50), (800, 400)),
        ((5000, 1), (1600, 1)),
    ],
)
def test_pictures_are_shown_at_a_size_that_suits_a_screen(
    size_wh: tuple[int, int], shown_wh: tuple[int, int]
) -> None:
    assert drawing.shown_size(size_wh) == shown_wh


def test_a_mask_tints_its_inside_and_nothing_else() -> None:
    view = View.of(np.full((800, 800, 3), 100, np.uint8))
    mask = np.zeros((800, 800), bool)
    mask[200:600, 200:600] = True
    drawn = drawing.with_mask(view, Runs.from_mask(mask), color_rgb=SAM_RGB)
    expected = [round(100 + (level - 100) * 0.55) for level in SAM_RGB]
    assert np.abs(drawn[400, 400].astype(int) - expected).max() <= 1
    assert drawn[200, 400].tolist() == list(SAM_RGB)
    assert drawn[100, 100].tolist() == [100, 100, 100]
    assert view.pixels.max() == 100


def test_a_thin_line_does_not_vanish_in_a_smaller_view() -> None:
    view = View.of(np.zeros((3200, 3200, 3), np.uint8))
    mask = np.zeros((3200, 3200), bool)
    mask[:, 1601] = True
    drawn = drawing.with_mask(view, Runs.from_mask(mask), color_rgb=SAM_RGB)
    assert drawn[800, 800].max() > 50


def test_an_empty_mask_and_a_full_one_can_be_drawn() -> None:
    view = View.of(np.zeros((800, 900, 3), np.uint8))
    nothing, everything = (Runs.from_mask(np.full((800, 900), is_in)) for is_in in (False, True))
    assert not drawing.with_mask(view, nothing, color_rgb=SAM_RGB).any()
    assert drawing.with_mask(view, everything, color_rgb=SAM_RGB).all(axis=2).sum() == 0


def test_a_prompt_is_drawn_where_it_is() -> None:
    view = View.of(np.zeros((800, 800, 3), np.uint8))
    prompt = replace(OBJECT, points=((400.0, 300.0),)).with_box((100, 100, 700, 700))
    drawn = drawing.with_prompt(view.pixels, prompt, view=view)
    assert drawn[300, 400].tolist() == [255, 255, 255]  # the bar of its plus
    assert np.abs(drawn[294, 394].astype(int) - drawing.OBJECT_RGB).max() < 10
    assert drawn[100, 400].any() and not drawn[50, 50].any()
