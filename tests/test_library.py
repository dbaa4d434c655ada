"""Which model answers: cached, downloading, refused, cut off; against a stand-in for the Hub."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from huggingface_hub import constants

from samhq_demo import library
from samhq_demo.library import ModelLibrary
from samhq_demo.model_status import Outlook
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import NotEncodedError, build_service
from samhq_demo.settings import Settings
from samhq_demo.weights.download import Download
from samhq_demo.weights.names import TINY_FOLDER
from samhq_demo.weights.pickles import PICKLES, PickledCheckpoint
from tests.support.hub_server import KIB, HubServer, files_in
from tests.support.parity import picture_of
from tests.support.programs import run_python
from tests.support.waiting import wait

LIGHT = "lkeab/hq-sam"
SAM_HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"
BOX = Prompt(box_xyxy=(5.0, 5.0, 60.0, 40.0))


@pytest.fixture(scope="module")
def repos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Both repos of `base`, with a small geometry's random weights in the published format."""
    from samhq_demo.models.checkpoints import frozen_sam
    from testbed.checkpoints import SMALL, random_sam_hq, save

    sam_hq = random_sam_hq(SMALL, seed=3)
    folder = tmp_path_factory.mktemp("repos")
    return {
        SAM_HQ: files_in(save(sam_hq, folder / "hq")),
        SAM: files_in(save(frozen_sam(sam_hq), folder / "sam")),
    }


@pytest.fixture
def hub(
    repos: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubServer]:
    """The stand-in, which the library takes for the Hub; the cache is empty."""
    with HubServer(repos) as server:
        monkeypatch.setattr(library, "Download", partial(Download, endpoint=server.url))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        yield server


def test_base_takes_over_from_tiny_once_it_is_downloaded(hub: HubServer) -> None:
    hub.bytes_per_second = 20 * KIB  # not done before it is asked to be, however slow this machine is
    service = build_service(Settings(device="cpu"))
    assert service.status().model == "tiny"
    wait(lambda: "base is being downloaded (" in service.status().message)
    assert service.compare(picture_of((80, 60)), Request([BOX])).model == "tiny"
    assert service.status().advice == "base is sharper and takes over once it is here."
    hub.bytes_per_second = None
    wait(lambda: service.status().model == "base" and service.status().ready)
    assert service.compare(picture_of((80, 60)), Request([BOX])).model == "base"
    assert [m.name for m in service.models() if m.active] == ["base"]
    assert not service.status().is_small
    assert service.compare(picture_of((80, 60)), Request([BOX], model="tiny")).model == "tiny"


def test_without_a_gpu_light_takes_over_and_base_is_not_fetched(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here with another file under its name; what `light` is made of is tested in `models/test_light`."""
    content = hub.repos[SAM_HQ]["model.safetensors"]
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(PICKLES, LIGHT, PickledCheckpoint("sam_hq_vit_tiny.pth", sha256))
    hub.repos[LIGHT] = {"sam_hq_vit_tiny.pth": content, "sam_hq_vit_b.pth": b"another"}
    hub.bytes_per_second = 20 * KIB
    library = ModelLibrary(Settings(device="cpu"))
    library.start()
    wait(lambda: "light is being downloaded (" in library.status().message)
    assert library.status().advice == "light is sharper and takes over once it is here."
    hub.bytes_per_second = None
    wait(lambda: library.available("light"))
    assert [model.name for model in library.describe() if model.available] == ["tiny", "light"]
    assert hub.count("GET", "sam_hq_vit_b.pth") == hub.count("GET", "/resolve/base") == 0
    second = ModelLibrary(Settings(device="cpu"))
    assert second.name(None) == "light"
    assert second.status().message.endswith(
        "as there is no GPU here, where base takes several times as long."
    )
    assert not second.status().is_small


def test_another_file_than_the_one_that_may_be_opened_is_not_fetched(hub: HubServer) -> None:
    hub.repos[LIGHT] = {"sam_hq_vit_tiny.pth": b"another pickle"}
    library = ModelLibrary(Settings(device="cpu"))
    library.start()
    wait(lambda: library.status().model == "base")
    assert "is another file than the one that may be opened" in library._downloads["light"].reason
    assert hub.count("GET", "/large/" + hashlib.sha256(b"another pickle").hexdigest()) == 0


def test_who_cannot_go_on_without_base_waits_for_it(hub: HubServer) -> None:
    service = build_service(Settings(model="base", device="cpu"))
    name = service.wait_for_weights()
    assert service.compare(picture_of((80, 60)), Request([BOX], model=name)).model == "base"


def test_what_wants_to_be_prepared_is_before_base_takes_over(hub: HubServer) -> None:
    service = build_service(Settings(device="cpu"))
    answering: list[tuple[str, str | None]] = []
    service.when_loaded(lambda name: answering.append((name, service.status().model)))
    wait(lambda: service.status().model == "base")
    assert ("base", "tiny") in answering


def test_a_preparation_that_fails_keeps_nobody_from_answering(
    hub: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    service = build_service(Settings(device="cpu"))

    def fail(name: str) -> None:
        raise RuntimeError("no room")

    service.when_loaded(fail)
    wait(lambda: service.status().model == "base")
    assert "What was to be prepared for base was not" in caplog.text


def test_cached_base_answers_at_once_and_asks_no_network(hub: HubServer) -> None:
    first = ModelLibrary(Settings(device="cpu"))
    first.start()
    wait(lambda: first.status().model == "base")
    hub.asked.clear()
    second = ModelLibrary(Settings(device="cpu"))
    second.start()
    assert second.status().model == "base"
    assert second.pair(None).shared_encoder
    assert hub.asked == []


def test_who_asked_for_tiny_is_told_how_to_get_base(hub: HubServer) -> None:
    library = ModelLibrary(Settings(model="tiny", device="cpu"))
    library.start()
    assert library.status().message.startswith("tiny ")
    assert library.status().advice == "base is sharper: choose it under Model, and it is downloaded."
    with pytest.raises(ValueError, match="base is being downloaded"):
        library.pair("base")
    wait(lambda: library.available("base"))
    assert library.status().advice == "base is sharper: choose it under Model."
    assert library.pair("base").name == "base"


def test_a_small_model_of_ones_own_is_told_from_base_once_it_is_counted(checkpoint: Path) -> None:
    library = ModelLibrary(Settings(model=str(checkpoint), device="cpu"))
    assert not library.status().is_small
    library.pair(None)
    assert library.status().is_small


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_refusal_leaves_tiny_answering_and_says_why(hub: HubServer, status: int) -> None:
    hub.refuse = status
    service = build_service(Settings(device="cpu"))
    wait(lambda: "could not be downloaded" in service.status().message)
    assert service.compare(picture_of((80, 60)), Request([BOX])).model == "tiny"
    assert "let this machine reach the Hugging Face Hub" in service.status().advice
    assert service.status().brief in {
        "tiny answers; base could not be downloaded.",
        "tiny is being loaded; base could not be downloaded.",
    }
    with pytest.raises(ValueError, match="on this machine: tiny"):
        service.compare(picture_of((80, 60)), Request([BOX], model="large"))


def test_a_chosen_model_that_is_not_here_has_an_outlook(hub: HubServer) -> None:
    library = ModelLibrary(Settings(model="tiny", device="cpu"))
    library.pair(None)
    assert library.outlook(None) == Outlook(True, True)
    assert library.outlook("base") == Outlook(
        False, True, "The weights of base are not on this machine; tiny answers instead."
    )
    hub.refuse = 404
    library.fetch("base")
    wait(lambda: library.outlook("base").is_settled)
    refused = library.outlook("base")
    assert refused.message.startswith("base could not be downloaded: ")
    assert refused.message.endswith("; tiny answers instead.")
    assert refused.brief == "base could not be downloaded; tiny answers instead."
    hub.refuse = None
    library.fetch("base")
    wait(lambda: library.outlook("base").is_here)
    assert library.outlook("base") == Outlook(True, True)


def test_cut_off_download_leaves_tiny_and_asking_again_goes_on(hub: HubServer) -> None:
    hub.dies_after = 64 * KIB
    service = build_service(Settings(device="cpu"))
    wait(lambda: "could not be downloaded" in service.status().message)
    assert service.status().model == "tiny"
    hub.dies_after = None
    with pytest.raises(ValueError, match="base is being downloaded"):
        service.compare(picture_of((80, 60)), Request([BOX], model="base"))
    wait(lambda: service.status().model == "base")


def test_hub_is_where_hf_endpoint_says_and_no_network_is_no_fault(
    repos: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    """In a process of its own, as the app is started: the variables are read at import."""
    program = """
import json, os, time
from samhq_demo.service import NotEncodedError, build_service
from samhq_demo.settings import Settings
service = build_service(Settings.from_environment())
end = time.monotonic() + 90
while time.monotonic() < end:
    status = service.status()
    if (status.model == "base" and status.ready) or "could not be downloaded" in status.message:
        break
    time.sleep(0.1)
print(json.dumps([service.status().model, service.status().message]), flush=True)
os._exit(0)  # a model may still be loading in the background
"""

    def run(**variables: str) -> list[str]:
        answer: list[str] = json.loads(
            run_python(program, SAMHQ_MODEL="base", **variables).strip().splitlines()[-1]
        )
        return answer

    with HubServer(repos) as server:
        model, message = run(HF_ENDPOINT=server.url, HF_HOME=str(tmp_path))
    assert (model, message) == ("base", "base answers.")
    model, message = run(HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path / "empty"))
    assert model == "tiny"
    assert "base could not be downloaded" in message


def test_a_model_that_was_not_used_for_long_makes_room(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of one size in room for two, `tiny` among them, which answers by itself and stays."""
    from safetensors.torch import load_file

    from samhq_demo.models.compute import Compute

    folders = [shutil.copytree(checkpoint, tmp_path / name) for name in ("first", "second", "third")]
    one = (checkpoint / "model.safetensors").stat().st_size
    tiny = sum(4 * tensor.numel() for tensor in load_file(TINY_FOLDER / "model.safetensors").values())
    monkeypatch.setattr(Compute, "model_bytes", lambda _: tiny + 2 * one + one // 2)
    models = ("tiny", *map(str, folders))
    library = ModelLibrary(Settings(model="tiny", models=models, device="cpu", dtype="float32"))
    library.pair("tiny")
    first = weakref.ref(library.pair("first").sam_hq)
    library.pair("second")
    library.pair("third")
    loaded = [name for name in ("tiny", "first", "second", "third") if library.is_loaded(name)]
    assert loaded == ["tiny", "second", "third"]
    gc.collect()
    assert first() is None
    assert library.pair("first").name == "first"
    assert not library.is_loaded("second")


def test_one_that_made_room_is_loaded_again_by_who_may_wait(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samhq_demo.models.compute import Compute

    service = build_service(Settings(model="tiny", models=("tiny", str(checkpoint)), device="cpu"))
    asked = Request([BOX], model=checkpoint.name)
    expected = service.compare(picture_of((80, 60)), asked)
    service._library._loaded.make_room(service._library._loaded.max_bytes)
    with pytest.raises(NotEncodedError):
        service.compare(picture_of((80, 60)), asked, may_encode=False)
    found = service.compare(picture_of((80, 60)), asked)
    assert (found.objects, found.encoded) == (expected.objects, "cached")
    monkeypatch.setattr(Compute, "model_bytes", lambda _: 1)
    service._library._loaded.make_room(service._library._loaded.max_bytes)
    with pytest.raises(ValueError, match=r"^small needs 0\.0 GB of memory, and beside tiny there are"):
        service.compare(picture_of((80, 60)), asked)


@pytest.mark.parametrize("name", ["no-such-model", "no/such/folder", ""])
def test_a_model_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match=r"model|SAMHQ_MODEL"):
        build_service(Settings(model=name))


def test_a_device_that_is_not_here_is_told(checkpoint: Path) -> None:
    service = build_service(Settings(model=str(checkpoint), device="cuda"))
    with pytest.raises(ValueError, match="SAMHQ_DEVICE"):
        service.compare(picture_of((80, 60)), Request([BOX]))
