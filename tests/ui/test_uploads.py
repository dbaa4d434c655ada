"""Which files a request may name, and that no other is so much as opened."""

import base64
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from gradio import processing_utils

from samhq_demo.ui.uploads import received_file, without_own_address
from tests.support.servers import serve_files


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    (folder / "abc").mkdir(parents=True)
    (folder / "abc" / "photo.png").write_bytes(b"mine")
    (tmp_path / "secret.png").write_bytes(b"the server's")
    (tmp_path / "uploads-elsewhere").mkdir()
    (tmp_path / "uploads-elsewhere" / "secret.png").write_bytes(b"the server's")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "photo.png").write_bytes(b"from the web")
    with serve_files(tmp_path) as address:
        yield address


def test_an_upload_is_given_as_its_path(uploads: Path) -> None:
    path = uploads / "abc" / "photo.png"
    assert received_file({"path": str(path)}, name="image") == path.resolve()


def test_an_upload_folder_that_is_a_link_still_holds_its_uploads(
    uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(uploads)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(link))
    sent = {"path": str(link / "abc" / "photo.png")}
    assert received_file(sent, name="image") == (uploads / "abc" / "photo.png").resolve()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "{folder}/secret.png",
        "{uploads}/../secret.png",
        "{uploads}/abc/../../secret.png",
        "{uploads}-elsewhere/secret.png",
        "{uploads}/link.png",
        "{uploads}/linked-folder/secret.png",
        "{uploads}/ring",
        "secret.png",
        "~/secret.png",
        "file:///etc/passwd",
        "/etc/passwd\0.png",
        "/" + "long" * 2000,
    ],
)
def test_a_path_outside_the_upload_folder_is_refused(uploads: Path, tmp_path: Path, path: str) -> None:
    (uploads / "link.png").symlink_to(tmp_path / "secret.png")
    (uploads / "linked-folder").symlink_to(tmp_path)
    (uploads / "ring").symlink_to(uploads / "ring")
    with pytest.raises(ValueError, match=r"The (path|upload) in mask_prompt is"):
        received_file({"path": path.format(folder=tmp_path, uploads=uploads)}, name="mask_prompt")


def test_a_refusal_does_not_tell_whether_the_file_exists(uploads: Path, tmp_path: Path) -> None:
    messages = set()
    for name in ("secret.png", "no-such.png"):
        with pytest.raises(ValueError) as caught:
            received_file({"path": str(tmp_path / name)}, name="image")
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_a_pipe_among_the_uploads_is_not_waited_for(uploads: Path) -> None:
    os.mkfifo(uploads / "pipe.png")
    with pytest.raises(ValueError, match="The upload in image is not on the server"):
        received_file({"path": str(uploads / "pipe.png")}, name="image")


@pytest.mark.parametrize("path", ["", "abc", "abc/gone.png"])
def test_what_is_no_file_in_the_upload_folder_is_to_be_uploaded_again(uploads: Path, path: str) -> None:
    with pytest.raises(ValueError, match="The upload in image is not on the server, or not any more"):
        received_file({"path": str(uploads / path)}, name="image")


@pytest.mark.parametrize(
    "value", [None, 3, [], {}, {"path": None}, {"path": ["a"]}, {"url": "x"}, "", {"path": ""}]
)
def test_what_names_no_file_is_refused(uploads: Path, value: object) -> None:
    with pytest.raises(ValueError, match="image must be a file"):
        received_file(value, name="image")


def test_a_bare_path_is_refused_even_for_an_upload(uploads: Path) -> None:
    with pytest.raises(ValueError, match=r"^image must be .* or an http, https or data URL"):
        received_file(str(uploads / "abc" / "photo.png"), name="image")


@pytest.mark.parametrize("wrap", [lambda url: url, lambda url: {"path": url}], ids=["bare", "as a path"])
def test_a_data_url_is_read(wrap) -> None:
    url = "data:image/png;base64," + base64.b64encode(b"mine").decode()
    file = received_file(wrap(url), name="image")
    assert isinstance(file, io.BytesIO)
    assert file.read() == b"mine"


@pytest.mark.parametrize(
    "url", ["data:", "data:image/png,abc", "data:image/png;base64,a", "data:;base64,/etc/passwd?"]
)
def test_a_broken_data_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="The data URL in ground_truth is broken"):
        received_file(url, name="ground_truth")


@pytest.mark.parametrize("address", ["/photo.png", "/gone.png"])
@pytest.mark.parametrize("wrap", [lambda url: url, lambda url: {"path": url}], ids=["bare", "as a path"])
def test_a_url_of_this_machine_or_its_network_is_refused(website: str, address: str, wrap) -> None:
    with pytest.raises(ValueError, match="The URL in image could not be fetched: give a public address"):
        received_file(wrap(website + address), name="image")


def test_a_url_that_may_be_asked_is_read_and_leaves_nothing(
    website: str, uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_utils, "PUBLIC_HOSTNAME_WHITELIST", ["127.0.0.1"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    file = received_file(f"{website}/photo.png", name="image")
    assert isinstance(file, io.BytesIO)
    assert file.read() == b"from the web"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_url_without_an_answer_is_refused_in_a_sentence(
    website: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_utils, "PUBLIC_HOSTNAME_WHITELIST", ["127.0.0.1"])
    with pytest.raises(ValueError, match="The URL in image could not be fetched: give a public address"):
        received_file(f"{website}/gone.png", name="image")


@pytest.mark.parametrize("base", ["http://127.0.0.1:7860", "https://owner-space.example/a/prefix"])
def test_an_upload_named_by_its_url_on_this_server_is_not_fetched(uploads: Path, base: str) -> None:
    path = uploads / "a b" / "photo é.png"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    url = f"{base}/gradio_api/file={quote(str(path))}"
    assert received_file(url, name="image") == path.resolve()
    assert received_file({"path": url, "orig_name": "x"}, name="image") == path.resolve()
    assert without_own_address({"path": url, "meta": {}}) == {"path": str(path.resolve()), "meta": {}}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [[1, 2]],
        "tiny",
        {"path": "/etc/passwd"},
        {"path": "http://127.0.0.1/gradio_api/file=/etc/passwd"},
        {"path": "http://127.0.0.1/gradio_api/file={uploads}/../secret.png"},
        {"path": "http://127.0.0.1/gradio_api/file={uploads}/gone.png"},
        {"path": "http://127.0.0.1/photo.png"},
    ],
)
def test_whatever_else_a_request_holds_is_left_alone(uploads: Path, value: object) -> None:
    if isinstance(value, dict):
        value = {"path": value["path"].format(uploads=uploads)}
    assert without_own_address(value) == value
