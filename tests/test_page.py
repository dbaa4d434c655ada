"""The page without a browser: what a session remembers, what is drawn, and what the events put out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio.route_utils import delete_files_created_by_app
from PIL import Image

from samhq_demo import drawing
from samhq_demo.comparison import Agreement, Comparison, MaskPrediction, ObjectComparison
from samhq_demo.drawing import SAM_RGB, View
from samhq_demo.prompts import PointLabel, Prompt
from samhq_demo.service import CompareService
from samhq_demo.ui import words
from samhq_demo.ui.examples import read_examples, thumbnail
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.marks import marks_svg
from samhq_demo.ui.page import build_page
from samhq_demo.ui.scores import agreement_html, prediction_html, status_html
from samhq_demo.ui.session import Session
from samhq_demo.ui.store import PictureStore
from tests.serving import save_photo

EXAMPLES = Path(__file__).parents[1] / "examples"
OBJECT = Prompt(points=((10.0, 20.0),), labels=(PointLabel.OBJECT,))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session().with_picture("a", file=tmp_path / "a.png", size_wh=(100, 80))


# What a session remembers


def test_clicks_add_points_with_the_label_of_the_tool(session: Session) -> None:
    clicked = session.clicked((10, 20), "object").clicked((30, 40), "background")
    assert clicked.prompt.points == ((10.0, 20.0), (30.0, 40.0))
    assert clicked.prompt.labels == (PointLabel.OBJECT, PointLabel.BACKGROUND)


def test_a_box_takes_two_clicks(session: Session) -> None:
    begun = session.clicked((60, 50), "box")
    assert (begun.corner_xy, begun.prompt.box_xyxy) == ((60, 50), None)
    ended = begun.clicked((10, 20), "box")
    assert (ended.corner_xy, ended.prompt.box_xyxy) == (None, (10, 20, 60, 50))


def test_a_box_without_area_is_refused_and_stays_begun(session: Session) -> None:
    begun = session.clicked((60, 50), "box")
    with pytest.raises(ValueError, match="empty"):
        begun.clicked((60, 70), "box")
    assert begun.corner_xy == (60, 50)


def test_undo_takes_back_one_edit_after_the_other(session: Session) -> None:
    edited = session.clicked((10, 20), "object").clicked((5, 5), "box").clicked((60, 50), "box")
    assert edited.undone().prompt == OBJECT
    assert edited.undone().undone().prompt == Prompt()
    assert edited.undone().undone().undone() == edited.undone().undone()


def test_undo_drops_a_begun_box_first(session: Session) -> None:
    edited = session.clicked((10, 20), "object")
    assert edited.clicked((5, 5), "box").undone() == edited


def test_clear_can_be_undone(session: Session) -> None:
    edited = session.clicked((10, 20), "object")
    assert edited.cleared().prompt == Prompt()
    assert edited.cleared().undone().prompt == OBJECT


def test_another_picture_begins_without_prompts_but_with_the_choices(session: Session) -> None:
    chosen = session.with_choices(model="tiny", multimask=False, hq_token_only=True).clicked((1, 1), "object")
    other = chosen.with_picture("b", file=Path("b.png"), size_wh=(9, 9))
    assert (other.prompt, other.past, other.size_wh) == (Prompt(), (), (9, 9))
    assert (other.model, other.multimask, other.hq_token_only) == ("tiny", False, True)


def test_the_same_picture_again_is_news(session: Session) -> None:
    # Else nothing would follow, and the browser would go on showing the file as it was sent.
    assert session.file is not None
    assert session.with_picture("a", file=session.file, size_wh=(100, 80)) != session


def test_background_points_alone_ask_for_nothing(session: Session) -> None:
    assert not session.clicked((1, 1), "background").asks_for_an_object
    assert session.clicked((1, 1), "background").clicked((2, 2), "object").asks_for_an_object


# What is drawn


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


def test_a_click_in_a_smaller_view_lands_on_the_picture_pixel() -> None:
    view = View.of(np.zeros((3000, 6000, 3), np.uint8))
    assert view.to_picture((400, 300)) == (1500, 1125)
    assert view.from_picture((1500, 1125)) == (400, 300)


def test_a_click_on_the_far_edge_stays_in_the_picture() -> None:
    view = View.of(np.zeros((30, 40, 3), np.uint8))
    x, y = view.to_picture(tuple(float(side) for side in view.shown_wh))
    assert Prompt(points=((x, y),), labels=(PointLabel.OBJECT,)).within((40, 30))


def test_a_mask_tints_its_inside_and_nothing_else() -> None:
    view = View.of(np.full((800, 800, 3), 100, np.uint8))
    mask = np.zeros((800, 800), bool)
    mask[200:600, 200:600] = True
    drawn = drawing.with_mask(view, mask, colour_rgb=SAM_RGB)
    expected = [round(100 + (level - 100) * 0.55) for level in SAM_RGB]
    assert np.abs(drawn[400, 400].astype(int) - expected).max() <= 1
    assert drawn[200, 400].tolist() == list(SAM_RGB)
    assert drawn[100, 100].tolist() == [100, 100, 100]
    assert view.pixels.max() == 100


def test_a_thin_line_does_not_vanish_in_a_smaller_view() -> None:
    view = View.of(np.zeros((3200, 3200, 3), np.uint8))
    mask = np.zeros((3200, 3200), bool)
    mask[:, 1601] = True
    drawn = drawing.with_mask(view, mask, colour_rgb=SAM_RGB)
    assert drawn[800, 800].max() > 50


def test_an_empty_mask_and_a_full_one_can_be_drawn() -> None:
    view = View.of(np.zeros((800, 900, 3), np.uint8))
    assert not drawing.with_mask(view, np.zeros((800, 900), bool), colour_rgb=SAM_RGB).any()
    assert drawing.with_mask(view, np.ones((800, 900), bool), colour_rgb=SAM_RGB).all(axis=2).sum() == 0


def test_a_prompt_is_drawn_where_it_is() -> None:
    view = View.of(np.zeros((800, 800, 3), np.uint8))
    prompt = replace(OBJECT, points=((400.0, 300.0),)).with_box((100, 100, 700, 700))
    drawn = drawing.with_prompt(view.pixels, prompt, view=view)
    assert drawn[300, 400].tolist() == [255, 255, 255]  # the bar of its plus
    assert np.abs(drawn[294, 394].astype(int) - drawing.OBJECT_RGB).max() < 10
    assert drawn[100, 400].any() and not drawn[50, 50].any()


def test_the_marks_over_the_picture_are_in_its_pixels() -> None:
    prompt = OBJECT.with_point(30, 40, PointLabel.BACKGROUND).with_box((5, 6, 50, 60))
    svg = marks_svg(prompt, size_wh=(100, 80), corner_xy=(7, 8))
    assert 'viewBox="0 0 100 80"' in svg
    assert 'data-mark="object" cx="10" cy="20"' in svg
    assert 'data-mark="background" cx="30" cy="40"' in svg
    assert 'data-mark="corner" cx="7" cy="8"' in svg
    assert 'x="5" y="6" width="45" height="54"' in svg


def test_without_a_picture_there_are_no_marks() -> None:
    assert marks_svg(Prompt(), size_wh=(0, 0)) == ""


# What is written


def _comparison(predicted_iou: float, *, model: str = "tiny") -> Comparison:
    mask = np.zeros((8, 10), bool)
    mask[2:4, 2:6] = True
    prediction = MaskPrediction.from_mask(mask, predicted_iou=predicted_iou, stability=0.9)
    answer = ObjectComparison(OBJECT, prediction, prediction, Agreement.between(mask, mask))
    took = {"encode": 812.0, "decode": 61.4, "total": 1873.0}
    return Comparison(model, (10, 8), (answer,), "cached", took)


@pytest.mark.parametrize(("predicted", "shown"), [(1.0312, "1.000"), (0.91236, "0.912"), (-0.2, "0.000")])
def test_predicted_iou_is_clamped_for_display_only(predicted: float, shown: str) -> None:
    prediction = _comparison(predicted).objects[0].sam
    assert f'<dd data-key="predicted_iou">{shown}</dd>' in prediction_html(prediction, size_wh=(10, 8))
    assert prediction.predicted_iou == predicted


def test_the_scores_say_area_agreement_and_times() -> None:
    comparison = _comparison(0.9)
    assert "8 px <small>10.0%</small>" in prediction_html(comparison.objects[0].sam, size_wh=(10, 8))
    html = agreement_html(comparison)
    assert '<dd data-key="agreement_iou">1.000</dd>' in html
    assert '<dd data-key="encode">812 ms <small>kept</small></dd>' in html
    assert '<dd data-key="decode">61 ms</dd>' in html


def test_the_boxes_of_the_scores_are_there_before_the_scores() -> None:
    before, after = agreement_html(None), agreement_html(_comparison(0.9))
    assert before.count("<dd") == after.count("<dd")


def test_what_comes_from_outside_is_no_html() -> None:
    assert "<b>" not in status_html("<b>no</b>", "wrong")
    assert "<b>" not in agreement_html(_comparison(0.9, model="<b>no</b>"))


def test_the_page_says_that_tiny_knows_only_drawn_shapes() -> None:
    assert "drawn shapes" in words.answering_model("tiny answers.", model="tiny")
    assert words.answering_model("base answers.", model="base") == "base answers."


@pytest.mark.parametrize(
    ("count", "text"), [(93_735_472, "93.7 M"), (1_071_104, "1.07 M"), (641_090_608, "641.1 M")]
)
def test_parameters_are_written_short(count: int, text: str) -> None:
    assert words.parameters(count) == text


# Pictures kept


def test_the_store_keeps_to_its_bytes_and_reads_again_what_it_dropped(tmp_path: Path) -> None:
    store = PictureStore(max_bytes=5_000_000)
    files = [save_photo(tmp_path / f"{seed}.png", size_wh=(1000, 800), seed=seed) for seed in range(3)]
    held = [store.read(file) for file in files]
    assert store.size_bytes == 2 * 1000 * 800 * 3
    again = store.get(held[0].picture.content_id, file=files[0])
    assert again is not held[0] and np.array_equal(again.picture.pixels, held[0].picture.pixels)
    assert store.get(held[2].picture.content_id, file=files[2]) is held[2]


def test_the_store_keeps_one_copy_of_equal_pictures(tmp_path: Path) -> None:
    store = PictureStore()
    first = store.read(save_photo(tmp_path / "a.png"))
    assert store.read(save_photo(tmp_path / "b.png")) is first


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


# What the events put out


@pytest.fixture
def handlers(service: CompareService) -> Handlers:
    return Handlers(service, store=PictureStore(), examples=read_examples(EXAMPLES))


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo of 120 x 90 pixels where uploads go to."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return save_photo(folder / "photo.png")


def _click(x: int, y: int) -> gr.SelectData:
    return gr.SelectData(None, {"index": [x, y], "value": None})


def test_a_click_is_answered_by_both_models(handlers: Handlers, upload: Path) -> None:
    *_, (picture, session, _) = handlers.take_picture(str(upload), Session())
    assert picture.shape == (600, 800, 3)  # 120 x 90, enlarged
    session, status = handlers.click(session, "object", _click(400, 300))
    assert session.prompt.points == ((60.0, 45.0),)
    assert words.ANSWERING in status
    (answers,) = handlers.answer(session)
    assert answers.sam_image.shape == answers.sam_hq_image.shape == (600, 800, 3)
    assert 'data-key="predicted_iou"' in answers.sam_hq_scores
    assert "[[60.0, 45.0]]" in answers.agreement


def test_an_example_comes_with_its_prompt(handlers: Handlers) -> None:
    _, session, _ = handlers.take_example(0, Session())
    assert session.prompt == read_examples(EXAMPLES)[0].prompt
    assert session.asks_for_an_object


def test_a_file_that_is_no_picture_is_refused_and_the_old_one_shown_again(
    handlers: Handlers, upload: Path
) -> None:
    *_, (picture, session, _) = handlers.take_picture(str(upload), Session())
    upload.with_suffix(".txt").write_text("no picture")
    events = handlers.take_picture(str(upload.with_suffix(".txt")), session)
    next(events)  # that the file is being read
    shown, kept, status = next(events)
    assert np.array_equal(shown, picture)
    assert kept == gr.skip()
    assert 'data-mood="wrong"' in status
    with pytest.raises(gr.Error):
        next(events)


def test_a_file_of_the_server_is_refused(handlers: Handlers, tmp_path: Path) -> None:
    secret = save_photo(tmp_path / "secret.png")
    events = handlers.take_picture(str(secret), Session())
    next(events)  # that the file is being read
    assert next(events)[0] is None
    with pytest.raises(gr.Error, match="is no upload"):
        next(events)


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


def test_an_answer_that_fails_leaves_the_last_one(handlers: Handlers, upload: Path) -> None:
    *_, (_, session, _) = handlers.take_picture(str(upload), Session())
    session, _ = handlers.click(session, "object", _click(400, 300))
    session, _ = handlers.choose(session, "nothing", words.MULTIMASK_AUTOMATIC, words.HQ_CORRECTS)
    events = handlers.answer(session)
    said = next(events)
    assert "nothing" in said.status and said.sam_image == said.agreement == gr.skip()
    with pytest.raises(gr.Error, match="nothing"):
        next(events)


def test_a_begun_box_says_so_beside_the_last_answer(handlers: Handlers, upload: Path) -> None:
    *_, (_, session, _) = handlers.take_picture(str(upload), Session())
    session, _ = handlers.click(session, "object", _click(400, 300))
    session, status = handlers.click(session, "box", _click(100, 100))
    assert words.SECOND_CORNER in status
    (answers,) = handlers.answer(session)
    assert answers.status == gr.skip()


def test_an_edit_that_changes_nothing_says_nothing(handlers: Handlers) -> None:
    # No answer follows it, so the line would say for ever that one is under way.
    assert handlers.undo(Session()) == (Session(), gr.skip())


def test_a_click_without_a_picture_is_refused(handlers: Handlers) -> None:
    with pytest.raises(gr.Error, match="First"):
        handlers.click(Session(), "object", _click(1, 1))


# The page as a whole


def test_programs_see_the_endpoints_and_none_of_the_pages_own(service: CompareService) -> None:
    info = build_page(service, examples_dir=EXAMPLES).get_api_info()
    assert info is not None
    assert sorted(info["named_endpoints"]) == ["/compare", "/compare_many", "/models"]
    assert not info["unnamed_endpoints"]


def test_pictures_of_examples_outlive_old_uploads(service: CompareService) -> None:
    page = build_page(service, examples_dir=EXAMPLES)
    icons = [Path(b.icon["path"]) for b in page.blocks.values() if isinstance(b, gr.Button) and b.icon]
    assert len(icons) == len(read_examples(EXAMPLES))
    delete_files_created_by_app(page, None)
    assert all(icon.is_file() for icon in icons)


def test_two_pages_share_no_state(service: CompareService) -> None:
    # The value that each visitor's own copy is made of.
    page = build_page(service)
    states = [block.value for block in page.blocks.values() if isinstance(block, gr.State)]
    assert states == [Session()]


def test_the_page_is_built_without_importing_torch() -> None:
    code = "import app, sys; sys.exit(any(name in sys.modules for name in ('torch', 'transformers')))"
    subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES.parent, check=True)
