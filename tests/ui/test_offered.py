"""A model that is not offered: one sentence over every way in, and no word of it in the page's menu."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.store import PictureStore
from tests.support.servers import Served, serve
from tests.ui.test_mcp import call, data_url, text

REFUSAL = "huge is not offered here; there are tiny, base."


@pytest.fixture(scope="module")
def service() -> CompareService:
    return build_service(Settings(model="tiny", models=("tiny", "base"), device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def served(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(service, folder=tmp_path_factory.mktemp("uploads"), mcp=True) as running:
        yield running


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("/compare", {"points": [[60, 45]]}),
        ("/compare_many", {"prompts": [{"points": [[60, 45]]}]}),
        ("/segment_everything", {}),
    ],
)
def test_programs_get_one_sentence(
    client: Client, photo: Path, endpoint: str, more: dict[str, object]
) -> None:
    with pytest.raises(AppError) as refusal:
        client.predict(image=handle_file(photo), model="huge", api_name=endpoint, **more)
    assert str(refusal.value) == REFUSAL


def test_language_models_get_it_too(served: Served, photo: Path) -> None:
    answer = call(served, "compare", image=data_url(photo.read_bytes()), points=[[60, 45]], model="huge")
    assert answer.isError
    assert REFUSAL in text(answer)


def test_lists_and_the_menu_have_only_what_is_offered(client: Client, service: CompareService) -> None:
    assert [model["name"] for model in client.predict(api_name="/models")] == ["tiny", "base"]
    handlers = Handlers(service, store=PictureStore(), examples=(), opening=Opening(service, ()))
    assert [value for _, value in handlers.model_choices()] == ["", "tiny", "base"]


def test_a_page_that_names_it_all_the_same_starts_no_download(service: CompareService) -> None:
    handlers = Handlers(service, store=PictureStore(), examples=(), opening=Opening(service, ()))
    with pytest.raises(ValueError, match="huge is not offered here"):
        handlers.choose_model("huge")
    with pytest.raises(ValueError, match="huge is not offered here"):
        service.fetch("huge")
