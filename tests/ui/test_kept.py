"""What a browser kept of a page before: its picture comes back, or is asked for again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from samhq_demo.service import CompareService
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.kept import Kept
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.store import PictureStore
from testbed.photos import save_photo


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return save_photo(folder / "photo.png")


def started(service: CompareService) -> Handlers:
    return Handlers(service, store=PictureStore(), examples=(), opening=Opening(service, ()))


@pytest.mark.parametrize(
    "text", [None, 3, "", "{", "[]", "[" * 100_000, '{"picture": 3}', '{"model": "tiny"}']
)
def test_anything_but_what_the_viewer_writes_is_nothing(text: Any) -> None:
    assert Kept.from_json(text) is None


def test_a_picture_that_the_server_has_is_shown_again(service: CompareService, upload: Path) -> None:
    handlers = started(service)
    *_, (view, message, ticket) = handlers.take_picture({"path": str(upload), "name": "photo.png"}, None)
    model = service.status().model
    opened = handlers.open_page(None, json.dumps({"picture": ticket, "model": model}))
    assert (opened[0], opened[2], opened[3]["value"]) == (view, ticket, model)
    assert opened[1]["kept"] and opened[1]["picture"] == message["picture"]
    assert handlers.open_page(None, json.dumps({"picture": ticket, "model": "none"}))[3] == gr.skip()


def test_a_picture_that_the_server_lost_is_asked_for_and_taken_again(
    service: CompareService, upload: Path
) -> None:
    *_, (_, _, ticket) = started(service).take_picture({"path": str(upload), "name": "photo.png"}, None)
    anew = started(service)
    view, message, unknown, _ = anew.open_page(None, json.dumps({"picture": ticket}))
    assert (view, unknown) == (gr.skip(), gr.skip())
    assert message["kept"] and "picture" not in message
    sent = {"picture": ticket, "path": str(upload), "name": "photo.png"}
    assert anew.again(sent)["picture"]["id"] == ticket
    assert anew.again({"picture": ticket})["picture"]["sent"]["bytes"] == upload.stat().st_size
    shown, _, now = anew.show_again(gr.EventData(None, {"picture": ticket}))
    assert Path(shown).is_file() and now == ticket
    assert anew.show_again(gr.EventData(None, {"picture": None}))[::2] == (None, None)


def test_files_that_were_not_uploaded_are_refused(
    service: CompareService, upload: Path, tmp_path: Path
) -> None:
    secret = save_photo(tmp_path / "secret.png")
    with pytest.raises(ValueError, match="is no upload"):
        started(service).again({"picture": "A" * 22, "path": str(secret), "name": "a.png"})
