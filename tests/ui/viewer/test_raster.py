"""From run lengths to pixels of the screen, in a real browser, against the same said in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from samhq_demo.ui.viewer.component import viewer_modules
from tests.support.pixels import rle_encode

pytestmark = pytest.mark.browser

# What is asked of the two modules, all in the frame of a whole picture of the mask's size.
ASK = """({ rle, scale, thickness }) => {
  const { Mask } = modules.rle;
  const { coverage, inFours, rim } = modules.raster;
  const mask = Mask.of(rle);
  const picture = { width: mask.width, height: mask.height };
  const frame = { x: 0, y: 0, scale, width: mask.width * scale, height: mask.height * scale };
  const area = { left: 0, top: 0, width: inFours(frame.width), height: frame.height };
  const alpha = coverage(mask, frame, picture, area);
  return { width: area.width, alpha: [...alpha], rim: [...rim(alpha, area.width, area.height, thickness)] };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.add_script_tag(content=viewer_modules(entry="pane"))
    yield opened
    opened.close()


def blobs(width: int, height: int, seed: int) -> np.ndarray:
    """bool (h, w): patches of twelve pixels, and some single ones off and on; some lie at the border."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 12 + 1, width // 12 + 1)) < 0.7
    patches = np.kron(coarse, np.ones((12, 12), bool))[:height, :width]
    return patches ^ (rng.random((height, width)) < 0.005)


def asked(page: Page, mask: np.ndarray, *, scale: float = 1, thickness: int = 1) -> dict[str, Any]:
    found = page.evaluate(ASK, {"rle": rle_encode(mask), "scale": scale, "thickness": thickness})
    return {key: np.reshape(found[key], (-1, found["width"])) for key in ("alpha", "rim")}


@pytest.mark.parametrize("thickness", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), [(96, 80), (61, 53), (5, 3)])
def test_the_rim_is_what_has_a_pixel_of_the_outside_near(
    page: Page, width: int, height: int, thickness: int
) -> None:
    mask = blobs(width, height, seed=thickness)
    across = -(-width // 4) * 4
    padded = np.pad(mask, ((thickness, thickness), (thickness, thickness + across - width)))
    inside = np.ones((height, across), bool)
    for dy in (0, thickness, 2 * thickness):
        for dx in (0, thickness, 2 * thickness):
            inside &= padded[dy : dy + height, dx : dx + across]
    whole = np.pad(mask, ((0, 0), (0, across - width)))
    found = asked(page, mask, thickness=thickness)
    assert np.array_equal(found["alpha"], 255 * whole)
    assert np.array_equal(found["rim"], 255 * (whole & ~inside))


def test_a_mask_shown_smaller_covers_its_share_of_each_pixel(page: Page) -> None:
    mask = blobs(64, 40, seed=9)
    found = asked(page, mask, scale=0.25)["alpha"]
    shares = mask.reshape(10, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(found - 255 * shares).max() <= 1


def test_a_mask_shown_larger_stays_sharp(page: Page) -> None:
    mask = blobs(20, 12, seed=3)
    found = asked(page, mask, scale=3)["alpha"]
    assert np.array_equal(found, 255 * np.kron(mask, np.ones((3, 3), int)))
