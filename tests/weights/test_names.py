from __future__ import annotations

import json
from pathlib import Path

import pytest

from samhq_demo.weights.names import NAMES, Source, resolve
from tests.support.hub_server import checkpoint, safetensors

HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"
ROOT = Path(__file__).parents[2]


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_names_stand_for_published_pairs() -> None:
    assert list(NAMES) == ["tiny", "light", "base", "large", "huge"]
    assert resolve("base") == Source("base", repo_id=HQ, sam_repo_id=SAM)
    assert resolve("huge").repo_id == "syscv-community/sam-hq-vit-huge"
    assert resolve("huge").sam_repo_id == "facebook/sam-vit-huge"


def test_tiny_comes_with_the_package() -> None:
    tiny = resolve("tiny")
    assert tiny.repo_id is None
    assert tiny.sam_repo_id is None
    assert tiny.folder == ROOT / "samhq_demo" / "models" / "tiny"


def test_repo_id_of_a_published_model_knows_its_baseline() -> None:
    assert resolve(HQ).sam_repo_id == SAM
    assert resolve("somebody/else") == Source("somebody/else", repo_id="somebody/else")


@pytest.mark.parametrize(
    "name", ["", "auto", "medium", "a/b/c", "/no/such/folder", "./none", "two words/x", "a--b/c"]
)
def test_other_names_are_refused_with_what_would_do(name: str) -> None:
    with pytest.raises(
        ValueError, match="none of tiny, light, base, large, huge, no folder that exists"
    ) as caught:
        resolve(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("weights/sam_hq_vit_b.pth", "syscv-community/sam-hq-vit-base"),
        ("sam_hq_vit_l.pth", "syscv-community/sam-hq-vit-large"),
        ("/data/sam_vit_h_4b8939.pth", "facebook/sam-vit-huge"),
        ("owner/mine.pt", ""),
        ("weights/model.ckpt", ""),
    ],
)
@pytest.mark.parametrize("variable", ["SAMHQ_MODEL", "SAMHQ_BASELINE"])
def test_a_file_of_weights_is_told_from_a_hub_repository(variable: str, name: str, instead: str) -> None:
    with pytest.raises(ValueError, match=r"is a file, .* give a folder in Hugging Face format") as caught:
        resolve(name, variable=variable)
    assert str(caught.value).startswith(f"{variable} is {name!r}: it is a file")
    assert instead in str(caught.value)
    assert ("The same weights" in str(caught.value)) == bool(instead)


def test_a_safetensors_file_is_answered_with_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", checkpoint())
    with pytest.raises(ValueError, match="give the folder that holds it"):
        resolve(str(folder / "model.safetensors"))
    with pytest.raises(ValueError, match="is a file"):
        resolve(str(folder / "config.json"))


def test_a_mistyped_folder_is_told_from_a_hub_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mine" / "sam-hq-base", checkpoint())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match=r"no folder that exists \(is 'mine/sam-hq-base' meant\?\)"
    ) as caught:
        resolve("mine/sam-hq-bsae", variable="SAMHQ_BASELINE")
    assert str(caught.value).startswith("SAMHQ_BASELINE is 'mine/sam-hq-bsae'")
    with pytest.raises(ValueError, match="no folder that exists, and no Hub repo id"):
        resolve("checkpoints/sam-hq")
    (tmp_path / "facebook").mkdir()
    assert resolve(SAM).repo_id == SAM


def test_local_folder_is_a_source(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", checkpoint())
    source = resolve(str(folder))
    assert source == Source("mine", folder=folder.resolve())
    assert source.weights_folder() == folder.resolve()


def test_local_folder_called_base_does_not_pass_for_base(tmp_path: Path) -> None:
    assert resolve(str(write(tmp_path / "base", checkpoint()))).name == "local-base"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"model.safetensors": safetensors(8)}, "has no config.json"),
        ({"config.json": b"{}"}, r"has no model\.safetensors"),
        ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "pickled weights are not loaded"),
        ({"config.json": b"{}", "model.safetensors": safetensors(8)[:-1]}, "not a whole safetensors file"),
        (
            {"config.json": b"{}", "model.safetensors": b"version https://git-lfs.github.com/spec/v1"},
            "not a whole",
        ),
        ({"config.json": b"{}", "model.safetensors": b""}, "not a whole"),
        ({"config.json": b"{}", "model.safetensors.index.json": b"[]"}, "names no file"),
    ],
)
def test_local_folder_without_a_part_is_refused_by_its_name(
    tmp_path: Path, files: dict[str, bytes], complaint: str
) -> None:
    folder = write(tmp_path / "mine", files)
    with pytest.raises(ValueError, match=complaint):
        resolve(str(folder))


def test_shards_count_as_weights_once_all_are_there(tmp_path: Path) -> None:
    index = json.dumps({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}})
    files = {"config.json": b"{}", "model.safetensors.index.json": index.encode()}
    folder = write(tmp_path / "mine", files | {"model-1-of-2.safetensors": safetensors(8)})
    with pytest.raises(ValueError, match=r"has no model-2-of-2\.safetensors"):
        resolve(str(folder))
    (folder / "model-2-of-2.safetensors").write_bytes(safetensors(9))
    assert resolve(str(folder)).folder == folder.resolve()
