"""True masks with void and with several labels, loaded by hand in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from testbed.running_app import ROOT, RunningApp
from testbed.visitor import Visitor

pytestmark = pytest.mark.browser

HOUSE, SIZE_WH, CLICK = ROOT / "examples" / "house.jpg", (768, 576), (237, 305)


@pytest.fixture
def visitor(visitor: Visitor) -> Visitor:
    """Someone who brought the house's picture and clicked it."""
    visitor.bring(HOUSE)
    visitor.ask(*CLICK)
    return visitor


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """The house's true mask, its left part as label 1, its right part as 2, and a rim that is void."""
    house = np.asarray(Image.open(ROOT / "examples" / "house.mask.png")) > 127
    values = house.astype(np.uint8)
    values[:, CLICK[0] :][house[:, CLICK[0] :]] = 2
    values[:, ::8] = 255
    Image.fromarray(values).save(tmp_path / "labels.png")
    return tmp_path / "labels.png"


def test_of_several_labels_one_is_chosen_and_void_is_not_scored(
    visitor: Visitor, app: RunningApp, labels: Path, tmp_path: Path
) -> None:
    before = visitor.revision
    visitor.give("truth", labels)
    visitor.says("The mask file holds 2 labels: 1, 2")
    assert visitor.page.locator("#viewer .labels option").all_inner_texts() == ["Choose …", "1", "2"]
    client = Client(app.url, verbose=False, analytics_enabled=False, download_files=tmp_path)
    scores = []
    for label in ("2", "1"):
        visitor.page.select_option("#viewer .labels select", label)
        before = visitor.sees_answer(before)
        read = visitor.page.inner_text("#viewer .given")
        assert f"ground truth: labels.png – Read as labels, of which {label} is the mask:" in read
        assert "void pixels are left out of the scores" in read
        result, *_ = client.predict(
            handle_file(HOUSE),
            points=[list(CLICK)],
            ground_truth=handle_file(labels),
            ground_truth_label=label,
            api_name="/compare",
        )
        answer = result["objects"][0]["sam"]
        assert visitor.score("sam", "true_iou") == f"{answer['true_iou']:.3f}"
        assert visitor.score("sam", "true_boundary_iou") == f"{answer['true_boundary_iou']:.3f}"
        scores.append(answer["true_iou"])
    assert scores[0] != scores[1]


def test_labels_are_offered_for_one_object_of_one_picture(visitor: Visitor, labels: Path) -> None:
    offered = visitor.page.locator("#viewer .labels")
    visitor.give("truth", labels)
    offered.wait_for()
    visitor.press("n")
    offered.wait_for(state="hidden")
    visitor.press("k")
    visitor.give("truth", labels)
    offered.wait_for()
    visitor.choose_example(0)
    offered.wait_for(state="hidden")


def test_void_stays_with_saved_prompts(visitor: Visitor, labels: Path, tmp_path: Path) -> None:
    before = visitor.revision
    visitor.give("truth", labels)
    visitor.page.select_option("#viewer .labels select", "1")
    visitor.sees_answer(before)
    shown = visitor.score("sam", "true_iou"), visitor.score("sam", "true_boundary_iou")
    (truth,) = [one["truth"] for one in visitor.state["objects"] if one["truth"]]
    assert truth["void"]["size"] == [SIZE_WH[1], SIZE_WH[0]]
    file = visitor.take("prompts", tmp_path)
    visitor.press("Shift+C")
    visitor.give("load", file)
    visitor.opens("objects")
    visitor.page.locator("#viewer .given", has_text="void pixels").wait_for()
    visitor.page.locator(
        "#viewer dl[data-scores=sam] [data-key=true_boundary_iou]", has_text=shown[1]
    ).wait_for()
    assert visitor.score("sam", "true_iou") == shown[0]
