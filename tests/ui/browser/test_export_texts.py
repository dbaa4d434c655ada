"""What exports say of themselves: holes, names, numbers, colors, and the call for all objects."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from testbed.photos import save_photo
from testbed.visitor import Visitor
from tests.support.programs import run_python

pytestmark = pytest.mark.browser

NAME = "Mein Foto (1) – é.v2"


def number(text: str) -> int:
    return int(text.replace(",", ""))


def drawn_pixels(file: Path) -> int:
    dataset = COCO(file)
    return sum(int(dataset.annToMask(each).sum()) for each in dataset.loadAnns(dataset.getAnnIds()))


def test_polygons_tell_of_the_holes_they_fill_before_and_after(visitor: Visitor, tmp_path: Path) -> None:
    sentence = r"COCO polygons cannot hold holes: they fill (\d+) holes, ([\d,]+) px become ([\d,]+)\."
    before = visitor.page.inner_text("#viewer .holes")
    found = re.match(sentence, before)
    assert found is not None, before
    assert f"{found[2]} px" == visitor.score("sam_hq", "area")
    file = visitor.take("coco-polygons", tmp_path)
    assert before in visitor.status
    assert drawn_pixels(file) == number(found[3]) > number(found[2])
    assert f"so {found[1]} holes are filled" in json.loads(file.read_text())["info"]["description"]
    exact = visitor.take("coco-rle", tmp_path)
    assert drawn_pixels(exact) == number(found[2])
    assert (
        "holes" not in visitor.status and "holes" not in json.loads(exact.read_text())["info"]["description"]
    )
    visitor.opens("export")
    visitor.page.get_by_label("Whose mask to").select_option("sam")
    assert visitor.score("sam", "area").removesuffix(" px") in visitor.page.inner_text("#viewer .holes")


@pytest.mark.parametrize("way", ["box", "button", "viewer"])
def test_files_are_called_as_the_picture_is(visitor: Visitor, tmp_path: Path, way: str) -> None:
    photo = save_photo(tmp_path / f"{NAME}.png", size_wh=(300, 200), seed=31)
    shown = visitor.pictures_shown
    if way == "box":
        visitor.bring(photo)
    elif way == "button":
        visitor.bring_another(photo)
    else:
        visitor.page.set_input_files("#viewer .picture-file", photo)
    visitor.sees_picture(shown)
    visitor.ask(150, 100)
    assert visitor.take("mask", tmp_path).name == f"{NAME}-Object-1-sam_hq.png"
    assert visitor.take("prompts", tmp_path).name == f"{NAME}-prompts.json"
    dataset = json.loads(visitor.take("coco-rle", tmp_path).read_text())
    assert dataset["images"][0]["file_name"] == f"{NAME}.png"


def test_saved_prompts_keep_numbers_and_colors(visitor: Visitor, tmp_path: Path) -> None:
    visitor.press("n")
    visitor.ask(150, 250)
    visitor.press("n")
    visitor.ask(430, 330)
    visitor.opens("objects")
    visitor.page.get_by_label("Delete Object 2").click()
    kept = [(each["number"], each["name"], each["color"]) for each in visitor.state["objects"]]
    assert [number for number, *_ in kept] == [1, 3]
    file = visitor.take("prompts", tmp_path)
    visitor.press("Shift+C")
    assert [each["number"] for each in visitor.state["objects"]] == [1]
    visitor.give("load", file)
    visitor.page.wait_for_function("document.querySelectorAll('#viewer tbody tr').length === 2")
    assert [(each["number"], each["name"], each["color"]) for each in visitor.state["objects"]] == kept
    visitor.press("n")
    assert visitor.state["objects"][-1]["name"] == "Object 4"


def test_the_copied_call_asks_for_all_objects(visitor: Visitor) -> None:
    visitor.press("n")
    visitor.ask(150, 250)
    text = visitor.copy("python")
    assert text.count("client.predict(") == 1
    assert 'api_name="/compare_many"' in text
    assert "# /compare_many takes no ground truth" in text  # the bicycle has one
    printed = [line.rsplit(" ", 2) for line in run_python(text).splitlines()[-5:-1]]
    shown = []
    visitor.opens("objects")
    for name in ("Bicycle", "Object 2"):
        visitor.page.locator("#viewer tbody .name", has_text=name).click()
        shown += [(f"{name}", branch, visitor.score(branch, "predicted_iou")) for branch in ("sam", "sam_hq")]
    assert [(name, branch, f"{np.clip(float(iou), 0, 1):.3f}") for name, branch, iou in printed] == shown
    assert "/gradio_api/call/v2/compare_many" in visitor.copy("curl")
