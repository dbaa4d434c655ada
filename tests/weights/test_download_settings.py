"""Variables that huggingface_hub reads when it is imported, heeded by a download: a process for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.weights.folders import cached_folder
from tests.support.hub_server import KIB, HubServer, checkpoint, files_in
from tests.support.programs import run_python

pytestmark = pytest.mark.waits

HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"


FETCH = """
import sys
from samhq_demo.weights.download import Download
from samhq_demo.weights.names import resolve
source = resolve("base")
download = Download([source.repo_id, source.sam_repo_id])
download.start()
print(download.wait(20).state, download.reason, source.weights_folder() == download.folder, sep="|", end="|")
print("torch" in sys.modules, "transformers" in sys.modules, sep="|")
"""


def test_hf_endpoint_and_hf_home_are_honored(hub: HubServer, tmp_path: Path) -> None:
    printed = run_python(FETCH, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path))
    assert printed == "done||True|False|False\n"
    folder = cached_folder(HQ, cache_dir=tmp_path / "hub")
    assert folder is not None
    assert files_in(folder)["model.safetensors"] == hub.repos[HQ]["model.safetensors"]


def test_download_timeout_is_the_one_that_huggingface_hub_reads(hub: HubServer, tmp_path: Path) -> None:
    hub.repos = {HQ: checkpoint(40 * KIB), SAM: checkpoint(10)}
    hub.bytes_per_second = 8 * KIB  # a piece each two seconds
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    assert run_python(FETCH, **environment).startswith("done|")
    assert f"bytes={16 * KIB}-" in {asked.range for asked in hub.asked}


def test_slow_head_is_waited_for_a_second_time(hub: HubServer, tmp_path: Path) -> None:
    hub.slow_heads, hub.head_seconds = "model.safetensors", 0.2
    printed = run_python(FETCH, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path), HF_HUB_ETAG_TIMEOUT="1")
    assert printed.startswith("done|")
    hub.head_seconds = 1.2  # longer than the timeout
    printed = run_python(FETCH, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "other"), HF_HUB_ETAG_TIMEOUT="1")
    assert printed.startswith("done|")


def test_token_and_cache_are_those_that_huggingface_hub_reads(hub: HubServer, tmp_path: Path) -> None:
    environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_secret", "HF_HOME": str(tmp_path / "home")}
    printed = run_python(FETCH, **environment, HF_HUB_CACHE=str(tmp_path / "cache"))
    assert printed.startswith("done|")
    assert cached_folder(HQ, cache_dir=tmp_path / "cache") is not None
    assert all(asked.has_token != asked.path.startswith("/large/") for asked in hub.asked)


def test_offline_mode_is_refused_with_its_variable(hub: HubServer, tmp_path: Path) -> None:
    printed = run_python(FETCH, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    sentence = f"{HQ} was not fetched because HF_HUB_OFFLINE switches the Hub off."
    assert printed == f"refused|{sentence}|True|False|False\n"
    assert hub.asked == []


def test_program_can_end_while_a_download_runs(hub: HubServer, tmp_path: Path) -> None:
    hub.bytes_per_second = 16 * KIB  # would take 12 seconds
    code = FETCH.replace("wait(20)", "wait(0.5)")
    printed = run_python(code, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path))
    assert printed.startswith("downloading|")
    assert hub.bytes_sent < 100 * KIB  # of the 200 KiB: the end of the program was the end of the download
