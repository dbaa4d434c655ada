"""docs/model-card.md: its calls run, and transformers answers as it says."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import SamHQConfig, SamHQModel, SamHQProcessor
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

import samhq_demo
from samhq_demo.pictures.segmentation_maps import align_segmentation_map, read_segmentation_map
from tests.support.refusals import refusal

ROOT = Path(__file__).parent.parent
SIDE = 128  # of the small checkpoint's pictures; its masks have a quarter of it


@pytest.fixture(scope="module")
def published(checkpoint: Path) -> Path:
    """The small checkpoint with a processor, as the Hub has it."""
    SamHQProcessor(
        SamImageProcessorPil(
            size={"longest_edge": SIDE},
            pad_size={"height": SIDE, "width": SIDE},
            mask_size={"longest_edge": SIDE // 4},
            mask_pad_size={"height": SIDE // 4, "width": SIDE // 4},
        )
    ).save_pretrained(checkpoint)
    return checkpoint


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.open(ROOT / "examples" / "house.jpg").convert("RGB")


def test_every_call_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testfile(str(ROOT / "docs" / "model-card.md"), module_relative=False)
    assert done.failed == 0
    assert done.attempted > 20


def test_neither_pipeline_answers(published: Path, photo: Image.Image, tmp_path: Path) -> None:
    """In a process of its own: other tests stand in for torchvision, which this project does without.

    The picture is small, as the second pipeline makes 3072 masks of its size before it fails.
    """
    photo.resize((48, 36)).save(tmp_path / "small.png")
    program = """
import sys
from transformers import pipeline
model, path = sys.argv[1:]
for task, error in (("image-segmentation", ValueError), ("mask-generation", ImportError)):
    try:
        pipeline(task, model=model)(path)
    except error as found:
        print(error.__name__, found)
"""
    asked = [sys.executable, "-c", program, str(published), str(tmp_path / "small.png")]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    first, *others = done.stdout.splitlines()
    assert first.startswith("ValueError Subtask None is not supported")
    assert any(line.startswith("ImportError") for line in others)


@torch.no_grad()
def test_the_model_takes_no_notice_of_a_segmentation_map(published: Path, photo: Image.Image) -> None:
    model, processor = SamHQModel.from_pretrained(published), SamHQProcessor.from_pretrained(published)
    asked = {"images": photo, "input_points": [[[237, 305]]], "return_tensors": "pt"}
    truth = Image.open(ROOT / "examples" / "house.mask.png")
    without, given = (processor(**asked, **more) for more in ({}, {"segmentation_maps": truth}))
    assert given["labels"].shape == (1, SIDE // 4, SIDE // 4)
    assert torch.equal(model(**without).pred_masks, model(**given).pred_masks)
    assert given["input_points"].dtype == torch.float64
    alone = model(**without, hq_token_only=True)
    assert alone.pred_masks.shape[2] == 1
    assert alone.iou_scores.shape[2] == 3


def test_points_of_unequal_number_are_no_batch(published: Path, photo: Image.Image) -> None:
    processor = SamHQProcessor.from_pretrained(published)
    with pytest.raises(ValueError, match="inhomogeneous"):
        processor(photo, input_points=[[[237, 305]], [[1, 2], [3, 4]]], return_tensors="pt")


def test_the_default_configuration_starts_at_nothing() -> None:
    assert SamHQConfig().vision_config.initializer_range == 1e-10


@pytest.mark.parametrize(
    "size_hw", [(576, 768), (300, 77), (333, 1001), (256, 256), (90, 40), (2, 200), (1023, 1024)]
)
def test_segmentation_maps_are_aligned_as_the_processor_does(size_hw: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(0, 256, size_hw).astype(np.uint8)
    picture = Image.new("RGB", size_hw[::-1])
    processor: Any = SamImageProcessorPil()
    given = processor(picture, segmentation_maps=Image.fromarray(values), return_tensors="np")["labels"][0]
    assert np.array_equal(align_segmentation_map(values), given)


def test_many_labels_and_flat_pictures_are_aligned_too(tmp_path: Path) -> None:
    values = np.arange(50 * 60, dtype=np.uint16).reshape(50, 60)
    Image.fromarray(values).save(tmp_path / "labels.png")
    aligned = read_segmentation_map(tmp_path / "labels.png")
    assert aligned.max() == 50 * 60 - 1
    assert np.array_equal(aligned, align_segmentation_map(values))
    assert align_segmentation_map(np.ones((1, 1000), bool)).sum() == 256
    indexed = Image.fromarray(np.full((8, 8), 2, np.uint8)).convert("P")
    indexed.save(tmp_path / "indexed.png")
    assert (samhq_demo.segmentation_map(tmp_path / "indexed.png") == 2).all()


def test_what_is_no_map_is_told(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (1, 2, 3)).save(tmp_path / "colors.png")
    assert "one label a pixel" in refusal(read_segmentation_map, tmp_path / "colors.png")
    assert "whole numbers, not float32" in refusal(align_segmentation_map, np.ones((2, 2), np.float32))
    assert "segmentation map file is not there" in refusal(samhq_demo.segmentation_map, tmp_path / "no.png")
