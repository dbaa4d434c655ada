"""Visitors' pictures: tickets nobody can guess, and decoded pixels under a bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samhq_demo.pictures import read_picture
from samhq_demo.prompts.prompt import PointLabel, Prompt
from samhq_demo.ui.store import MAX_VIEW_SIDE, PictureStore, UnknownPictureError, view_size
from testbed.photos import save_photo


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))


def test_the_store_keeps_to_its_bytes_and_reads_again_what_it_dropped(tmp_path: Path) -> None:
    store = PictureStore(max_bytes=5_000_000)
    files = [save_photo(tmp_path / f"{seed}.png", size_wh=(1000, 800), seed=seed) for seed in range(3)]
    tickets = [store.admit(file, name=file.name) for file in files]
    assert store.size_bytes == 2 * 1000 * 800 * 3
    last = store.picture(tickets[2].id)
    again = store.picture(tickets[0].id)
    assert np.array_equal(again.pixels, read_picture(files[0]).pixels)
    assert store.picture(tickets[2].id) is last
    assert store.size_bytes == 2 * 1000 * 800 * 3


def test_equal_pictures_are_kept_once_but_each_has_its_own_ticket(tmp_path: Path) -> None:
    store = PictureStore()
    one = store.admit(save_photo(tmp_path / "a.png"), name="a.png")
    other = store.admit(save_photo(tmp_path / "b.png"), name="b.png")
    assert one.id != other.id and len(one.id) > 20
    assert store.picture(one.id) is store.picture(other.id)
    assert store.size_bytes == 120 * 90 * 3


def test_a_ticket_that_was_not_given_out_is_refused() -> None:
    with pytest.raises(ValueError, match="open it again"):
        PictureStore().picture("guessed")


def test_a_picture_that_is_sent_again_has_its_old_ticket(tmp_path: Path) -> None:
    photo, other = save_photo(tmp_path / "a.png"), save_photo(tmp_path / "b.png", seed=1)
    before = PictureStore().admit(photo, name="a.png")
    store = PictureStore()
    with pytest.raises(UnknownPictureError):
        store.ticket(before.id)
    again = store.renew(before.id, photo, name="a.png")
    assert (again.id, again.content_id, again.name) == (before.id, before.content_id, "a.png")
    # Nobody can put another picture in its place.
    assert store.renew(before.id, other, name="b.png") is again
    photo.unlink()
    assert store.renew(before.id, other, name="b.png").content_id != before.content_id
    with pytest.raises(ValueError, match="open it again"):
        store.renew("../guessed", other, name="b.png")


def test_a_picture_whose_file_is_gone_is_refused_once_it_is_dropped(tmp_path: Path) -> None:
    store = PictureStore(max_bytes=1)
    ticket = store.admit(save_photo(tmp_path / "a.png"), name="a.png")
    (tmp_path / "a.png").unlink()
    store.picture(ticket.id)
    store.admit(save_photo(tmp_path / "b.png", seed=1), name="b.png")
    with pytest.raises(ValueError, match="upload it again"):
        store.picture(ticket.id)


def test_the_view_is_the_picture_itself_unless_that_is_very_large(tmp_path: Path) -> None:
    ticket = PictureStore().admit(save_photo(tmp_path / "a.png"), name="a.png")
    with Image.open(ticket.view) as view:
        assert (view.format, view.size) == ("JPEG", (120, 90))
        assert np.abs(np.asarray(view).astype(int) - read_picture(ticket.file).pixels).mean() < 2
    assert view_size((6000, 3000)) == (MAX_VIEW_SIDE, MAX_VIEW_SIDE // 2)
    assert view_size((50_000, 1)) == (MAX_VIEW_SIDE, 1)


def test_places_in_the_view_are_places_in_the_picture(tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "a.jpg", size_wh=(8192, 40))
    ticket = PictureStore().admit(photo, name="a.jpg")
    assert ticket.to_picture((100, 10)) == (200, 20)
    corner = ticket.to_picture((4096, 20))
    assert Prompt(points=(corner,), labels=(PointLabel.OBJECT,)).within((8192, 40))
    assert ticket.to_picture((-3, 0)) == (0, 0)
