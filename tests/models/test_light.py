"""Light HQ-SAM: its masks are the official code's, and its pickle is opened once, on a hash alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants

from samhq_demo.models.input_transform import InputTransform
from samhq_demo.models.light import light_sam_hq
from samhq_demo.models.pickled import pickled_tensors
from samhq_demo.prompts.everything import EverythingOptions
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.folders import cached_folder, weights_bytes
from samhq_demo.weights.names import COUNTED
from samhq_demo.weights.pickles import PICKLES
from testbed.light import REPO_ID, light_predictors, official_light, save_pickle
from tests.support.parity import TELLING, Official, differences, picture_of

PICTURE = picture_of((320, 200))


@pytest.fixture(scope="module")
def official() -> Any:
    return official_light(seed=5)


@pytest.fixture(scope="module")
def service(official: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompareService]:
    """With a pickle in the Hub's cache as if the Hub had sent it, and its hash instead of the real one."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        patch.setitem(PICKLES, REPO_ID, save_pickle(official.state_dict(), cache))
        yield build_service(Settings(model="light", device="cpu", dtype="float32"))


def test_masks_and_scores_are_those_of_both_official_predictors(
    official: Any, service: CompareService
) -> None:
    found = list(
        differences(
            service,
            Official(None, PICTURE, predictors=light_predictors(official)),
            PICTURE,
            transform=InputTransform(PICTURE.size_wh, 1024, 256),
            names=TELLING,
        )
    )
    assert len(found) >= 8 * len(TELLING)
    assert min(pixels for _, pixels, _ in found) >= 0.999
    assert max(score for *_, score in found) <= 1e-3


def test_one_encoder_serves_both_and_everything_goes_through_it(service: CompareService) -> None:
    assert service.image_embedding(PICTURE).shape == (256, 64, 64)
    pair = service._library.pair("light")
    assert pair.shared_encoder
    assert pair.sam_hq.config.mask_decoder_config.vit_dim == 160
    options = EverythingOptions.of(
        points_per_side=2, predicted_iou_threshold=0.0, stability_threshold=0.0, box_nms_threshold=1.0
    )
    assert len(service.segment_everything(PICTURE, options).sam_hq) > 0
    assert service.models()[1].parameters == COUNTED["light"][0]
    assert service._library._counts["light"] == COUNTED["light"]


def test_its_progress_is_told_layer_by_layer(service: CompareService) -> None:
    shares: list[float] = []
    service._library.pair("light").encode(picture_of((64, 48)), on_progress=shares.append)
    assert len(shares) == 15
    assert shares[-1] == 1.0


def test_batch_norms_are_folded_and_the_windows_at_the_edge_see_the_norms_bias(official: Any) -> None:
    """In the official code padding goes through the norm: zeros would be another encoder."""
    light = light_sam_hq(official.state_dict()).vision_encoder
    assert not [name for name, _ in light.named_modules() if "bn" in name]
    ours, theirs = light.stages[1].blocks[0], official.image_encoder.layers[1].blocks[0]
    hidden = torch.randn(1, 128, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = theirs(hidden.flatten(1, 2)).view(hidden.shape)
        torch.testing.assert_close(ours(hidden), expected, atol=1e-4, rtol=1e-4)


# The pickle


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


SMALL = {"weight": torch.arange(6.0).view(2, 3).mT}


def folder_of(cache: Path) -> Path:
    found = cached_folder(REPO_ID, cache_dir=cache)
    assert found is not None
    return found


def test_a_genuine_pickle_is_opened_once_and_kept_as_safetensors(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PICKLES, REPO_ID, save_pickle(SMALL, cache))
    pickle_file = folder_of(cache) / "sam_hq_vit_tiny.pth"
    assert weights_bytes(folder_of(cache)) == pickle_file.stat().st_size
    assert torch.equal(pickled_tensors(folder_of(cache), REPO_ID)["weight"], SMALL["weight"])
    pickle_file.unlink()
    assert [file.name for file in folder_of(cache).iterdir()] == ["model.safetensors"]
    assert torch.equal(pickled_tensors(folder_of(cache), REPO_ID)["weight"], SMALL["weight"])


def test_another_file_under_its_name_is_not_opened(cache: Path) -> None:
    save_pickle(SMALL, cache)
    with pytest.raises(ValueError, match=f"is not opened: .* its SHA-256 is not {PICKLES[REPO_ID].sha256}"):
        pickled_tensors(folder_of(cache), REPO_ID)
    assert not (cache / "models--lkeab--hq-sam" / "safetensors").exists()


class _Code:
    def __reduce__(self) -> Any:
        return os.system, ("touch it-ran",)


def test_code_in_a_pickle_does_not_run_even_under_the_right_hash(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cache)
    monkeypatch.setitem(PICKLES, REPO_ID, save_pickle({"weight": _Code()}, cache))
    with pytest.raises(ValueError, match="holds more than tensors"):
        pickled_tensors(folder_of(cache), REPO_ID)
    assert not (cache / "it-ran").exists()


def test_where_nothing_can_be_kept_the_pickle_is_opened_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(PICKLES, REPO_ID, save_pickle(SMALL, cache))
    (cache / "models--lkeab--hq-sam" / "safetensors").write_text("a file where the folder would be")
    for _ in range(2):
        assert torch.equal(pickled_tensors(folder_of(cache), REPO_ID)["weight"], SMALL["weight"])
    assert "could not be kept" in caplog.text


def test_tensors_of_something_else_are_no_light_hq_sam() -> None:
    with pytest.raises(ValueError, match="no Light HQ-SAM"):
        light_sam_hq(SMALL)
