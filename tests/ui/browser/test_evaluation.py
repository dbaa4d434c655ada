"""A few pictures evaluated on the real page: the table, a row in the viewer, a zip, no files at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from samhq_demo.evaluation import command
from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.data_sets import BLOB, STRIPE, bar, folders_set, label_map, picture_of, save

pytestmark = pytest.mark.browser

RESULTS = "#evaluate-results"


def give(visitor: Visitor, label: str, *files: Path) -> None:
    """Through one of the fields, and wait until they are there."""
    field = visitor.page.locator("#evaluate .block", has=visitor.page.get_by_text(label, exact=True))
    field.locator("input[type=file]").set_input_files(files)
    expect(field.locator(".file-preview tr")).to_have_count(len(files))


def test_pictures_are_evaluated_and_a_row_opens_in_the_viewer(newcomer: Visitor, tmp_path: Path) -> None:
    drawn = folders_set(tmp_path / "drawn", names=("a", "b"))
    save(picture_of(BLOB, STRIPE), drawn / "im" / "b.jpg")
    save(label_map(BLOB, STRIPE), drawn / "gt" / "b.png")
    newcomer.page.get_by_role("button", name="Is SAM-HQ better on my").click()
    give(newcomer, "Pictures", *sorted((drawn / "im").iterdir()))
    newcomer.page.get_by_role("button", name="Evaluate", exact=True).click()
    newcomer.page.locator(".toast-body", has_text="Give pictures and their true masks").wait_for()
    give(newcomer, "True masks", *sorted((drawn / "gt").iterdir()))
    newcomer.page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(newcomer.page.locator("#evaluate-line")).to_contain_text("Done.", timeout=120_000)
    expect(newcomer.page.locator("#evaluate-report")).to_contain_text("Pictures: 2. Objects: 3.")
    expect(newcomer.page.locator(f"{RESULTS} tbody tr")).to_have_count(3)
    shown = newcomer.pictures_shown
    newcomer.page.get_by_role("button", name="Open im/b.jpg: 2", exact=True).click()
    newcomer.sees_picture(shown)
    (opened,) = newcomer.state["objects"]
    x0, y0, x1, y1 = (round(side) for side in opened["prompt"]["box"])
    assert STRIPE[y0:y1, x0:x1].sum() == STRIPE.sum()
    assert opened["truth"]["rle"]
    newcomer.sees_scores()
    assert newcomer.score("sam", "true_iou") != "–"


def test_a_row_of_the_gallery_opens_in_the_app_by_itself(
    app: RunningApp, browser: Browser, tmp_path: Path
) -> None:
    drawn = folders_set(tmp_path / "drawn", names=("a", "b"))
    # A fault in the truth, so that one of the two models is better.
    save(label_map(bar((30, 20, 70, 90))), drawn / "gt" / "a.png")
    command.main([str(drawn), "--model", "tiny", "--app", app.url])
    context = browser.new_context()
    gallery = context.new_page()
    gallery.goto((tmp_path / "drawn-evaluation" / "gallery.html").as_uri())
    row = gallery.locator("article", has=gallery.get_by_role("heading", name="im/a.jpg")).first
    with context.expect_page() as opened:
        row.get_by_role("link", name="Open in the app").click()
    visitor = Visitor(opened.value, context=context)
    visitor.page.wait_for_function(
        "() => document.querySelector('#viewer')?.viewer?.state().objects[0]?.prompt?.box?.[0] === 30"
    )
    assert visitor.page.evaluate("location.hash") == ""
    (shown,) = visitor.state["objects"]
    assert shown["prompt"]["box"] == [30, 20, 70, 90]
    assert shown["truth"]["rle"]
    visitor.sees_scores()
    assert visitor.score("sam_hq", "true_iou") != "–"
    visitor.leave()


def test_a_zip_is_evaluated_too(newcomer: Visitor, tmp_path: Path) -> None:
    folders_set(tmp_path / "drawn", names=("a",))
    archive = Path(shutil.make_archive(str(tmp_path / "few"), "zip", tmp_path / "drawn"))
    newcomer.page.get_by_role("button", name="Is SAM-HQ better on my").click()
    give(newcomer, "Or a zip", archive)
    newcomer.page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(newcomer.page.locator("#evaluate-line")).to_contain_text("Done.", timeout=120_000)
    expect(newcomer.page.locator("#evaluate-report")).to_contain_text("Pictures: 1. Objects: 1.")
