"""Pictures of unusual shapes, through the API and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import BrowserContext

from testbed.running_app import RunningApp
from testbed.visitor import Visitor
from tests.support.pixels import rle_decode

SIZES = [(8, 8), (64, 1), (64, 64), (1, 5000), (5000, 1), (65000, 2), (2, 65000)]


def noise(folder: Path, size_wh: tuple[int, int]) -> Path:
    width, height = size_wh
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    file = folder / f"{width}x{height}.png"
    Image.fromarray(pixels).save(file)
    return file


@pytest.fixture(scope="module")
def client(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("downloads")
    return Client(app.url, verbose=False, analytics_enabled=False, download_files=folder)


@pytest.fixture(scope="module")
def visitor(app: RunningApp, profile: BrowserContext) -> Iterator[Visitor]:
    """One page for all of them: each takes the place of the one before."""
    arrived = Visitor.arrive_in_tab(profile, app.url)
    yield arrived
    arrived.leave()


@pytest.mark.parametrize("size_wh", SIZES)
def test_through_the_api(client: Client, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    for prompt in ({"points": [[width / 2, height / 2]]}, {"box": [0, 0, width, height]}):
        file = handle_file(str(noise(tmp_path, size_wh)))
        result, *masks = client.predict(image=file, **prompt, api_name="/compare")
        assert result["image"] == {"width": width, "height": height}
        (found,) = result["objects"]
        for branch, mask in zip(("sam", "sam_hq"), masks, strict=True):
            assert (np.asarray(Image.open(mask)) == rle_decode(found[branch]["rle"]) * 255).all()


@pytest.mark.browser
@pytest.mark.parametrize("size_wh", SIZES)
def test_on_the_page(visitor: Visitor, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    visitor.bring(noise(tmp_path, size_wh))
    visitor.ask(size_wh[0] / 2, size_wh[1] / 2)
    assert visitor.prompt["points"] != []
    assert visitor.score("sam", "area") != ""
