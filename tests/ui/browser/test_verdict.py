"""Which number leads: true scores where a true mask is loaded, else the agreement; never SAM's estimate."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from testbed.photos import save_photo
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.house import HOUSE_AT, ROCKET_AT

pytestmark = pytest.mark.browser

NAMES = {"sam": "SAM", "sam_hq": "SAM-HQ"}
PANES = {"sam": "#sam", "sam_hq": "#sam-hq"}


def true_ious(visitor: Visitor) -> dict[str, float]:
    return {branch: float(visitor.score(branch, "true_iou")) for branch in NAMES}


def gain(visitor: Visitor) -> float:
    """SAM-HQ's over SAM, as far as three decimals tell."""
    found = true_ious(visitor)
    return round(found["sam_hq"] - found["sam"], 3)


def caption(visitor: Visitor, branch: str) -> str:
    return " ".join(visitor.page.inner_text(f"{PANES[branch]} .caption").split())


def test_the_first_sight_says_in_words_which_model_is_better(newcomer: Visitor) -> None:
    found = true_ious(newcomer)
    better = max(found, key=lambda branch: found[branch])
    worse = min(found, key=lambda branch: found[branch])
    assert found[better] > found[worse]
    for branch, name in NAMES.items():
        mark = " better" if branch == better else ""
        boundary = newcomer.score(branch, "true_boundary_iou")
        confidence = newcomer.score(branch, "predicted_iou")
        assert caption(newcomer, branch) == (
            f"{name} IoU {found[branch]:.3f}, boundary {boundary}{mark} SAM's own confidence {confidence}"
        )
        assert newcomer.page.locator(f"#viewer .scores [data-better={branch}]").is_visible() == bool(mark)
    line = newcomer.page.inner_text("#viewer .verdict")
    assert line == (
        f"Bicycle, by a box: {NAMES[better]} is better, IoU {found[better]:.3f} with the ground truth; "
        f"{NAMES[worse]} {found[worse]:.3f}."
    )
    assert newcomer.page.inner_text("#viewer td[data-key=better]").startswith(f"{NAMES[better]} by 0.")
    assert newcomer.page.locator("#viewer .verdict").bounding_box()["y"] < 400


def test_the_summary_goes_over_all_examples_that_were_tried(newcomer: Visitor) -> None:
    gains = [gain(newcomer)]
    newcomer.choose_example(HOUSE_AT)
    gains.append(gain(newcomer))
    newcomer.choose_example(ROCKET_AT)  # without a true mask: says nothing
    newcomer.choose_example(0)  # once more: counts once
    newcomer.sees_scores()
    mean = round(sum(gains) / 2, 3)
    better = "SAM-HQ" if mean > 0 else "SAM"
    wins = sum((each > 0) == (mean > 0) for each in gains)
    text = newcomer.page.inner_text("#viewer .summary")
    found = re.fullmatch(r"So far (SAM|SAM-HQ) better on (\d) of (\d), (?:yet )?by (0\.\d{3}) mIoU\.", text)
    assert found is not None, text
    assert (found[1], int(found[2]), int(found[3])) == (better, wins, 2)
    assert float(found[4]) == pytest.approx(abs(mean), abs=0.0011)


def test_without_a_true_mask_the_agreement_leads_and_no_winner_is_named(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.bring(save_photo(tmp_path / "mine.png", size_wh=(300, 200), seed=31))
    visitor.ask(150, 100)
    agreement = float(visitor.score("agreement", "iou"))
    for branch in NAMES:
        own = visitor.score(branch, "predicted_iou")
        words = re.fullmatch(
            r"\S+ agreement (\d+\.\d) % SAM's own confidence (\d\.\d{3})", caption(visitor, branch)
        )
        assert words is not None, caption(visitor, branch)
        assert float(words[1]) == pytest.approx(100 * agreement, abs=0.06)
        assert words[2] == own
        lead, small = (
            visitor.page.evaluate(
                "selector => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize)",
                selector,
            )
            for selector in (f"{PANES[branch]} .caption b", f"{PANES[branch]} .caption small")
        )
        assert small < lead
    assert visitor.page.locator("#viewer .better:visible").count() == 0
    assert "Only a ground truth can tell which is better" in visitor.page.inner_text("#viewer .verdict")
    places = [
        visitor.page.locator(f"#viewer [data-scores={card}]").bounding_box() for card in ("agreement", "sam")
    ]
    assert places[0]["y"] < places[1]["y"]
    assert "confidence" not in visitor.status


def test_a_tap_tells_what_sams_own_confidence_is(app: RunningApp, browser: Browser) -> None:
    phone = Visitor.arrive(browser, app.url, size_wh=(390, 844), has_touch=True, is_mobile=True)
    note = phone.page.locator("#own-confidence")
    assert not note.is_visible()
    phone.page.locator("#viewer .scores .why").first.tap()
    note.wait_for()
    assert "predicted IoU" in note.inner_text()
    box = note.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    phone.page.touchscreen.tap(195, 830)  # beside it
    note.wait_for(state="hidden")
    phone.leave()
