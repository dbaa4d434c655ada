"""Everything in a picture, on the real page: found side by side, pointed at, filtered, kept, stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.ui.browser.test_accessibility import AXE, serious

pytestmark = pytest.mark.browser

LINE = "#viewer .every-line"


@pytest.fixture(scope="module")
def finder(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """Someone who has had everything found in the bicycle's picture."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    find(arrived)
    yield arrived
    arrived.leave()


@pytest.fixture
def visitor(finder: Visitor) -> Iterator[Visitor]:
    """The same at each test's beginning: masks to pick from, and no object but the first."""
    before = len(finder.state["objects"])
    yield finder
    while len(finder.state["objects"]) > before:
        finder.press("Control+z")
    finder.opens("everything")


def find(visitor: Visitor) -> None:
    """With the fewest points, until the masks are there."""
    visitor.opens("everything")
    visitor.page.locator("#viewer .every-points").select_option("8")
    visitor.page.get_by_role("button", name="Segment everything").click()
    expect(visitor.page.locator(LINE)).to_contain_text("SAM-HQ", timeout=180_000)


def counts(visitor: Visitor) -> list[int]:
    """SAM's masks that are seen and all of them, then SAM-HQ's."""
    return [int(number) for number in re.findall(r"\d+", visitor.page.inner_text(LINE))][:4]


def place_of(visitor: Visitor, *, branch: str = "sam") -> tuple[float, float]:
    """A picture position in one of the masks that are seen."""
    for x in range(20, 700, 30):
        for y in range(20, 500, 30):
            visitor.move(x, y, branch)
            if visitor.page.locator(f"#viewer [data-every={branch}]", has_text="confidence").is_visible():
                return x, y
    raise AssertionError("No mask is seen.")


def test_masks_are_found_pointed_at_filtered_and_kept(visitor: Visitor) -> None:
    shown, all_of_sam, _, all_of_hq = counts(visitor)
    assert all_of_sam and all_of_hq and shown <= all_of_sam
    visitor.press("i")
    plain = visitor.page.locator("#sam canvas[data-model]").screenshot()
    visitor.press("i")
    visitor.rest()
    assert visitor.page.locator("#sam canvas[data-model]").screenshot() != plain
    x, y = place_of(visitor)
    scores = visitor.page.inner_text("#viewer [data-every=sam]")
    assert re.fullmatch(r"confidence [01]\.\d{3}, stability [01]\.\d{3}, [\d,]+ px", scores)
    before = len(visitor.state["objects"])
    visitor.click(x, y)
    visitor.says("is kept.")
    kept = visitor.state["objects"][-1]
    assert len(visitor.state["objects"]) == before + 1
    assert f"{kept['found']['answer']['sam']['area']:,} px" in scores
    assert visitor.score("sam", "area") == f"{kept['found']['answer']['sam']['area']:,} px"
    visitor.press("Control+z")
    assert len(visitor.state["objects"]) == before
    visitor.press("Control+Shift+z")
    assert visitor.state["objects"][-1] == kept
    visitor.page.locator("#viewer [data-filter=least_area]").focus()
    visitor.page.keyboard.press("End")
    expect(visitor.page.locator(LINE)).to_contain_text(f"SAM 0 of {all_of_sam} masks")
    visitor.page.keyboard.press("Home")
    expect(visitor.page.locator(LINE)).to_contain_text(f"SAM {shown} of {all_of_sam} masks")
    visitor.page.locator("#viewer [data-filter=predicted_iou]").focus()
    visitor.page.keyboard.press("Home")
    assert counts(visitor)[0] >= shown


def test_the_keyboard_points_and_keeps(visitor: Visitor) -> None:
    x, y = place_of(visitor, branch="sam_hq")
    before = len(visitor.state["objects"])
    visitor.page.locator("#viewer .stage").focus()
    visitor.page.mouse.move(2, 2)
    width, height = 384.0, 288.0  # the middle, where the cursor begins
    visitor.press("ArrowRight")
    for _ in range(400):
        status = visitor.status
        found = re.search(r"x (\d+), y (\d+)", status)
        if found is None or "SAM-HQ: confidence" in status:
            break
        width, height = float(found[1]), float(found[2])
        if abs(width - x) > 16:
            visitor.press("ArrowRight" if width < x else "ArrowLeft")
        else:
            visitor.press("ArrowDown" if height < y else "ArrowUp")
    assert "SAM-HQ: confidence" in visitor.status
    visitor.press("Enter")
    visitor.says("is kept. SAM-HQ: confidence")
    assert len(visitor.state["objects"]) == before + 1


def test_a_finger_keeps_a_mask_and_axe_finds_nothing_serious(app: RunningApp, browser: Browser) -> None:
    phone = Visitor.arrive(browser, app.url, size_wh=(390, 844), has_touch=True, is_mobile=True)
    phone.page.evaluate(AXE.read_text(encoding="utf-8"))
    find(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(phone) == []
    phone.page.evaluate("document.querySelector('#viewer .stage').scrollIntoView({ block: 'center' })")
    before = len(phone.state["objects"])
    for x, y in ((x, y) for x in range(20, 700, 60) for y in range(20, 500, 60)):
        phone.page.touchscreen.tap(*phone.client(x, y))
        if len(phone.state["objects"]) > before:
            break
    phone.says("is kept.")
    assert len(phone.state["objects"]) == before + 1
    phone.leave()


def test_a_search_is_stopped_here_and_on_the_server(visitor: Visitor) -> None:
    visitor.opens("everything")
    visitor.page.locator("#viewer .every-points").select_option("64")
    visitor.page.locator("#viewer .every-crops").check()
    visitor.press("q")
    expect(visitor.page.locator(LINE)).to_contain_text("points are asked", timeout=180_000)
    assert visitor.page.locator("#viewer .every-progress").is_visible()
    visitor.page.get_by_role("button", name="Stop").click()
    expect(visitor.page.locator(LINE)).to_contain_text("Point at a mask")  # what was found before stays
    visitor.page.locator("#viewer .every-crops").uncheck()
    find(visitor)  # it has its turn: nothing else is computed any more


def test_another_picture_ends_it(visitor: Visitor, tmp_path: Path) -> None:
    assert visitor.page.locator("#viewer .sv[data-picking]").count()
    shown = visitor.pictures_shown
    visitor.bring_another(save_photo(tmp_path / "mine.png", size_wh=(300, 200), seed=31))
    visitor.sees_picture(shown)
    assert not visitor.page.locator("#viewer .sv[data-picking]").count()
    assert visitor.page.locator("#viewer .every-filters").is_hidden()
