"""The page without a browser: what it is made of, and what programs see of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.route_utils import delete_files_created_by_app
from PIL import Image

from samhq_demo.model_status import Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.service import CompareService
from samhq_demo.ui import texts
from samhq_demo.ui.examples import read_examples, thumbnail
from samhq_demo.ui.page import DELETE_CACHE, build_page
from testbed.photos import save_photo

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_every_example_can_be_asked_as_it_is() -> None:
    examples = read_examples(EXAMPLES)
    assert len(examples) >= 4
    for example in examples:
        with Image.open(example.file) as image:
            example.prompt.within(image.size)


def test_a_folder_without_a_list_has_no_examples(tmp_path: Path) -> None:
    assert read_examples(tmp_path) == ()


def test_thumbnails_have_one_shape(tmp_path: Path) -> None:
    file = save_photo(tmp_path / "a.png", size_wh=(300, 50))
    with Image.open(thumbnail(file, tmp_path / "small.jpg")) as image:
        assert (image.format, image.size) == ("JPEG", (192, 144))


SCORES = PhotoScores(click_iou=0.5, click_best_of_three_iou=0.625, box_iou=0.7, photos=42)
TINY_ANSWERS = ServiceStatus("tiny", True, "tiny answers.", "base is sharper: choose it under Model.")


def test_the_page_says_what_tiny_learned_and_how_good_it_is_on_photos() -> None:
    line = texts.answering_html(TINY_ANSWERS, SCORES)
    brief = "tiny answers; base is sharper. tiny&#x27;s IoU on photos: 0.50 by a click."
    assert f"<summary>{brief} <u>More</u></summary>" in line
    assert "<p>base is sharper: choose it under Model.</p>" in line
    assert ">tiny learned from free photos" in line
    assert "on 42 photos that it never saw" in line
    assert "0.50 by a click, 0.62 with the best of three candidates, and 0.70 by a box." in line
    assert line.count("tiny learned") == 1


def test_the_line_is_amber_where_a_small_model_answers_and_there_alone() -> None:
    assert 'data-mood="done" data-size="small"' in texts.answering_html(TINY_ANSWERS, SCORES)
    base = texts.answering_html(ServiceStatus("base", True, "base answers."), SCORES)
    assert base == '<span class="mood" data-mood="done" data-size="full">base answers.</span>'


def test_why_base_did_not_come_is_told_behind_more() -> None:
    refused = replace(TINY_ANSWERS, message="tiny answers; base does not: It is torn.", reason="It is torn")
    brief, _, more = texts.answering_html(refused, SCORES).partition("</summary>")
    assert "tiny answers; base does not. " in brief
    assert "It is torn" not in brief
    assert "<p>tiny answers; base does not: It is torn.</p>" in more
    wish = Outlook(False, True, "large could not be had: No way; tiny answers instead.", "No way")
    brief, _, more = texts.answering_html(refused, SCORES, wish=wish).partition("</summary>")
    assert "large could not be had; tiny answers instead. " in brief
    assert "<p>large could not be had: No way; tiny answers instead.</p>" in more
    assert "torn" not in more


def test_no_text_says_that_tiny_knows_drawn_shapes_alone() -> None:
    root = EXAMPLES.parent
    files = [root / "README.md", *(root / "samhq_demo").rglob("*.py"), *(root / "samhq_demo").rglob("*.js")]
    for file in files:
        assert "only drawn shapes" not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    ("count", "text"), [(93_735_472, "93.7 M"), (1_071_104, "1.07 M"), (641_090_608, "641.1 M")]
)
def test_parameters_are_written_short(count: int, text: str) -> None:
    assert texts.parameters(count) == text


def test_a_raw_request_cannot_show_a_file_of_the_server(service: CompareService, tmp_path: Path) -> None:
    secret = save_photo(tmp_path / "secret.png")
    page = build_page(service)
    # Private endpoints are hidden from clients, not protected.
    number = next(n for n, fn in page.fns.items() if fn.name == "take_picture")
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        body: dict[str, Any] = {
            "data": [{"path": str(secret)}, None],
            "fn_index": number,
            "session_hash": "s",
        }
        httpx.post(f"{url}gradio_api/queue/join", json=body).raise_for_status()
        with httpx.stream("GET", f"{url}gradio_api/queue/data?session_hash=s", timeout=30) as stream:
            lines = [line for line in stream.iter_lines() if "process_" in line]
    finally:
        page.close(verbose=False)
    assert '"success":false' in lines[-1]
    assert "/file=" not in "".join(lines)


def test_programs_see_the_endpoints_and_none_of_the_pages_own(service: CompareService) -> None:
    info = build_page(service, examples_dir=EXAMPLES).get_api_info()
    assert info is not None
    assert sorted(info["named_endpoints"]) == ["/compare", "/compare_many", "/models", "/segment_everything"]
    assert not info["unnamed_endpoints"]


def test_pictures_of_examples_outlive_old_uploads(service: CompareService) -> None:
    page = build_page(service, examples_dir=EXAMPLES)
    icons = [Path(b.icon["path"]) for b in page.blocks.values() if isinstance(b, gr.Button) and b.icon]
    assert len(icons) == len(read_examples(EXAMPLES))
    delete_files_created_by_app(page, None)
    assert all(icon.is_file() for icon in icons)


def test_two_pages_share_no_state(service: CompareService) -> None:
    # The values that each visitor's own copies are made of: no picture, no evaluation.
    page = build_page(service)
    states = [block.value for block in page.blocks.values() if isinstance(block, gr.State)]
    assert states == [None, None]


def test_the_words_about_the_scores_count_each_models_parameters(service: CompareService) -> None:
    about = texts.about_html(service.models())
    assert "<td>94.8 M</td><td>1.07 M, 1.1%</td>" in about
    assert "no score was trained for the HQ mask" in about


def test_the_page_says_how_long_pictures_are_kept(service: CompareService) -> None:
    assert DELETE_CACHE == (3600, 24 * 3600)
    assert "is deleted there after a day, at the latest an hour later;" in texts.about_html(service.models())


def test_what_comes_from_outside_is_no_html() -> None:
    assert "<b>" not in texts.answering_html(ServiceStatus(None, False, "<b>no</b>"), None)
