"""Refining, truth, and everything one can take away: by hand in a real browser, on the real app."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Browser, Route
from pycocotools.coco import COCO

from samhq_demo.pictures import read_mask
from testbed.photos import save_photo
from testbed.running_app import ROOT, RunningApp
from testbed.visitor import Visitor, kept
from tests.support.pixels import boundary_iou, mask_iou, rle_decode

pytestmark = pytest.mark.browser

EXAMPLES = json.loads((ROOT / "examples" / "examples.json").read_text())
HOUSE, SIZE_WH = ROOT / "examples" / "house.jpg", (768, 576)
HOUSE_TRUTH = ROOT / "examples" / "house.mask.png"
TRUTH = read_mask(HOUSE_TRUTH, size_wh=SIZE_WH).mask()
BICYCLE = next(i for i, example in enumerate(EXAMPLES) if example["file"] == "bicycle.jpg")
CLICK = (237, 305)


@pytest.fixture
def visitor(visitor: Visitor) -> Visitor:
    """Someone who brought the house's picture, with no prompt and no truth."""
    visitor.bring(HOUSE)
    return visitor


@pytest.fixture
def client(app: RunningApp, tmp_path: Path) -> Client:
    return Client(app.url, verbose=False, analytics_enabled=False, download_files=tmp_path / "downloads")


def mask_in(file: Path | str) -> np.ndarray:
    with Image.open(file) as image:
        assert image.mode == "L"
        return np.asarray(image) > 127


def refined_with_truth(visitor: Visitor) -> int:
    """Click the house, load its true mask, feed the answer back; returns the revision then."""
    before = visitor.ask(*CLICK)
    visitor.give("truth", HOUSE_TRUTH)
    before = visitor.sees_answer(before)
    visitor.press("r")
    return visitor.sees_answer(before)


def shown(score: float) -> str:
    return f"{min(max(score, 0), 1):.3f}"


# ---- truth, refining, candidates ---------------------------------------------------------------------------


def test_true_scores_follow_every_edit(visitor: Visitor, client: Client) -> None:
    visitor.ask(*CLICK)
    assert visitor.score("sam", "true_iou") == "–"
    before = visitor.revision
    visitor.give("truth", HOUSE_TRUTH)
    before = visitor.sees_answer(before)
    for points in ([CLICK], [CLICK, (600, 100)]):
        if len(points) > 1:
            visitor.ask(*points[1])
        result, *_ = client.predict(
            handle_file(HOUSE),
            points=[list(point) for point in points],
            ground_truth=handle_file(HOUSE_TRUTH),
            api_name="/compare",
        )
        for model in ("sam", "sam_hq"):
            answer = result["objects"][0][model]
            assert visitor.score(model, "true_iou") == f"{answer['true_iou']:.3f}"
            assert visitor.score(model, "true_boundary_iou") == f"{answer['true_boundary_iou']:.3f}"
    row = visitor.page.inner_text("#viewer td[data-key=true]")
    assert row == f"{visitor.score('sam', 'true_iou')} / {visitor.score('sam_hq', 'true_iou')}"
    visitor.opens("objects")
    visitor.page.get_by_label("Without ground truth: house.mask.png").click()
    visitor.page.wait_for_function(
        "document.querySelector('#viewer [data-scores=sam] [data-key=true_iou]').textContent === '–'"
    )


def test_a_truth_of_another_size_is_refused_and_all_else_stays(visitor: Visitor, tmp_path: Path) -> None:
    visitor.ask(*CLICK)
    Image.new("L", (30, 20), 255).save(tmp_path / "small.png")
    visitor.give("truth", tmp_path / "small.png")
    visitor.page.wait_for_selector("#status.error")
    assert "768 x 576" in visitor.status
    assert visitor.score("sam", "predicted_iou") != "–"


def test_an_answer_is_fed_back_as_the_official_predictor_does_it(visitor: Visitor, client: Client) -> None:
    before = visitor.ask(*CLICK)
    visitor.sees_candidates()
    visitor.press("2")  # SAM-HQ's second candidate is what it starts from
    visitor.press("r")
    before = visitor.sees_answer(before)
    before = visitor.ask(600, 100, button="right")
    step = {"points": [list(CLICK)], "labels": [1], "sam_candidate": 0, "sam_hq_candidate": 1}
    result, *_ = client.predict(
        handle_file(HOUSE),
        points=[list(CLICK), [600, 100]],
        labels=[1, 0],
        refine_from=[step],
        api_name="/compare",
    )
    for model in ("sam", "sam_hq"):
        answer = result["objects"][0][model]
        assert visitor.score(model, "predicted_iou") == shown(answer["predicted_iou"])
        assert visitor.score(model, "area") == f"{answer['area']:,} px"
    visitor.opens("objects")
    visitor.page.get_by_label("Without 1 answer fed back").click()
    visitor.sees_answer(before)
    assert visitor.state["objects"][0]["steps"] == []
    visitor.press("Control+z")
    assert len(visitor.state["objects"][0]["steps"]) == 1


def test_a_rough_mask_is_a_prompt_of_its_own(visitor: Visitor, client: Client, tmp_path: Path) -> None:
    rough = np.zeros(SIZE_WH[::-1], np.uint8)
    rough[200:450, 80:400] = 255
    Image.fromarray(rough).save(tmp_path / "rough.png")
    before = visitor.revision
    visitor.give("mask", tmp_path / "rough.png")
    visitor.sees_answer(before)
    result, *_ = client.predict(
        handle_file(HOUSE), mask_prompt=handle_file(tmp_path / "rough.png"), api_name="/compare"
    )
    for model in ("sam", "sam_hq"):
        assert visitor.score(model, "area") == f"{result['objects'][0][model]['area']:,} px"


def test_the_hq_mask_alone_and_candidates_for_a_box_are_choices(visitor: Visitor, client: Client) -> None:
    before = visitor.revision
    visitor.drag((60, 40), (460, 480))
    before = visitor.sees_answer(before)
    assert visitor.page.locator("#viewer .thumb:visible").count() == 0
    visitor.opens("options")
    visitor.page.get_by_label("When to give candidates").select_option("always")
    before = visitor.sees_answer(before)
    visitor.sees_candidates()
    assert visitor.page.locator("#viewer .thumb:visible").count() == 6
    visitor.page.get_by_label("SAM-HQ's mask", exact=True).select_option("true")
    visitor.sees_answer(before)
    result, *_ = client.predict(
        handle_file(HOUSE),
        box=visitor.prompt["box"],
        multimask=True,
        hq_token_only=True,
        api_name="/compare",
    )
    answer = result["objects"][0]["sam_hq"]
    assert visitor.score("sam_hq", "area") == f"{answer['area']:,} px"


# ---- files -------------------------------------------------------------------------------------------------


def test_masks_and_cutouts_are_those_on_the_screen(visitor: Visitor, client: Client, tmp_path: Path) -> None:
    visitor.ask(*CLICK)
    _, *files = client.predict(handle_file(HOUSE), points=[list(CLICK)], api_name="/compare")
    for model, file in zip(("sam", "sam_hq"), files, strict=True):
        visitor.opens("export")
        visitor.page.get_by_label("Whose mask to export").select_option(model)
        taken = visitor.take("mask", tmp_path)
        assert taken.name == f"house-Object-1-{model}.png"
        assert np.array_equal(mask_in(taken), mask_in(file))
    mask = mask_in(files[1])
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    with Image.open(visitor.take("cutout", tmp_path)) as hard, Image.open(HOUSE) as photo:
        pixels = np.asarray(hard)
        assert hard.mode == "RGBA"
        assert np.array_equal(pixels[..., 3] == 255, mask[box])
        assert np.array_equal(pixels[mask[box]][:, :3], np.asarray(photo.convert("RGB"))[box][mask[box]])
    visitor.opens("export")
    visitor.page.get_by_label("soft edge").check()
    with Image.open(visitor.take("cutout", tmp_path)) as soft:
        alpha = np.asarray(soft)[..., 3]
        assert ((alpha > 0) & (alpha < 255)).sum() > 500


def test_a_file_is_of_the_pictures_size_however_soon_it_is_taken(
    visitor: Visitor, client: Client, tmp_path: Path
) -> None:
    photo = save_photo(tmp_path / "photo.png", size_wh=(2000, 1500), seed=21)
    visitor.bring(photo)
    held: list[Route] = []

    def hold_the_rest(route: Route) -> None:
        if '"is_preview":false' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    visitor.page.route("**/component_server/", hold_the_rest)
    with visitor.page.expect_request(lambda asked: '"is_preview":false' in (asked.post_data or "")):
        visitor.ask(1000, 700)
    with visitor.page.expect_download() as download:
        visitor.opens("export")
        visitor.page.click("#viewer [data-take=mask]")
        visitor.says("Writing the file …")
        visitor.rest()
        assert visitor.status == "Writing the file …"
        held[0].continue_()
    result, _, sam_hq = client.predict(handle_file(photo), points=[[1000, 700]], api_name="/compare")
    assert result["image"] == {"width": 2000, "height": 1500}
    assert np.array_equal(mask_in(kept(download.value, tmp_path)), mask_in(sam_hq))
    assert len(held) == 1


def test_a_chosen_candidate_is_what_one_takes(visitor: Visitor, client: Client, tmp_path: Path) -> None:
    visitor.ask(*CLICK)
    visitor.sees_candidates()
    visitor.press("3")
    result, *_ = client.predict(handle_file(HOUSE), points=[list(CLICK)], api_name="/compare")
    third = result["objects"][0]["sam_hq"]["candidates"][2]
    assert np.array_equal(mask_in(visitor.take("mask", tmp_path)), rle_decode(third["rle"]))


def test_all_objects_are_in_the_datasets_the_outlines_and_the_overlays(
    visitor: Visitor, tmp_path: Path
) -> None:
    before = visitor.ask(*CLICK)
    visitor.press("n")
    visitor.drag((543, 72), (693, 200))
    visitor.sees_answer(before)
    areas = []
    for number in (1, 2):
        visitor.page.locator("#viewer tbody .name").nth(number - 1).click()
        areas.append(int(visitor.score("sam_hq", "area").removesuffix(" px").replace(",", "")))
    for what in ("coco-rle", "coco-polygons"):
        dataset = COCO(visitor.take(what, tmp_path))
        annotations = dataset.loadAnns(dataset.getAnnIds())
        assert [annotation["area"] for annotation in annotations] == areas
        assert [c["name"] for c in dataset.loadCats(dataset.getCatIds())] == ["Object 1", "Object 2"]
        drawn = [int(dataset.annToMask(annotation).sum()) for annotation in annotations]
        assert drawn == pytest.approx(areas, rel=0 if what == "coco-rle" else 0.02)
    outlines = ElementTree.parse(visitor.take("svg", tmp_path)).getroot()
    assert outlines.attrib["viewBox"] == "0 0 768 576"
    assert len(outlines.findall("{http://www.w3.org/2000/svg}path")) == 2
    with Image.open(visitor.take("overlays", tmp_path)) as both:
        assert both.width > 1.9 * SIZE_WH[0]


def test_saved_prompts_bring_everything_back(visitor: Visitor, tmp_path: Path) -> None:
    before = refined_with_truth(visitor)
    visitor.press("n")
    visitor.drag((543, 72), (693, 200))
    before = visitor.sees_answer(before)
    saved, scores = visitor.state["objects"], visitor.page.inner_text("#viewer .objects")
    file = visitor.take("prompts", tmp_path)
    visitor.press("Shift+C")
    visitor.give("load", file)
    visitor.page.wait_for_function("document.querySelectorAll('#viewer tbody tr').length === 2")
    visitor.sees_answer(before)
    for old, new in zip(saved, visitor.state["objects"], strict=True):
        assert {key: old[key] for key in ("name", "prompt", "steps", "choice")} == {
            key: new[key] for key in ("name", "prompt", "steps", "choice")
        }
        assert (old["truth"] or {}).get("rle") == (new["truth"] or {}).get("rle")
    # The scores along the edges follow the masks.
    visitor.opens("objects")
    visitor.page.wait_for_function(
        "scores => document.querySelector('#viewer .objects').innerText === scores", arg=scores
    )
    (tmp_path / "other.json").write_text('{"no": "prompts"}')
    visitor.give("load", tmp_path / "other.json")
    visitor.page.wait_for_selector("#status.error")
    assert len(visitor.state["objects"]) == 2


@pytest.mark.parametrize("language", ["python", "curl"])
def test_the_copied_call_runs_and_gives_what_is_on_the_screen(visitor: Visitor, language: str) -> None:
    refined_with_truth(visitor)
    visitor.ask(600, 100, button="right")
    text = visitor.copy(language)
    command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    if language == "python":
        for line in done.stdout.splitlines()[-2:]:
            model, predicted, file = line.split(" ", 2)
            assert shown(float(predicted)) == visitor.score(model, "predicted_iou")
            mask = mask_in(file)
            assert f"{mask_iou(mask, TRUTH):.3f}" == visitor.score(model, "true_iou")
            assert f"{boundary_iou(mask, TRUTH):.3f}" == visitor.score(model, "true_boundary_iou")
        return
    event, data = done.stdout.strip().splitlines()[-2:]
    assert event == "event: complete"
    answer = json.loads(data.removeprefix("data: "))[0]["objects"][0]
    for model in ("sam", "sam_hq"):
        assert visitor.score(model, "predicted_iou") == shown(answer[model]["predicted_iou"])
        assert visitor.score(model, "true_iou") == f"{answer[model]['true_iou']:.3f}"


def test_a_newcomer_has_a_thin_objects_cutout_within_a_minute(
    app: RunningApp, browser: Browser, tmp_path: Path
) -> None:
    began = time.monotonic()
    newcomer = Visitor.arrive(browser, app.url)
    newcomer.choose_example(BICYCLE)
    assert float(newcomer.score("sam_hq", "true_iou")) > float(newcomer.score("sam", "true_iou"))
    with Image.open(newcomer.take("cutout", tmp_path)) as cutout:
        share = (np.asarray(cutout)[..., 3] > 0).mean()
    assert 0.2 < share < 0.6
    assert time.monotonic() - began < 60
    newcomer.leave()
