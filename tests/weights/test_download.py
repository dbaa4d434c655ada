"""Downloads from a stand-in for the Hub: what goes well, what breaks off, what is refused."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from samhq_demo.weights.download import Download
from samhq_demo.weights.folders import cached_folder
from tests.support.hub_server import KIB, HubServer, checkpoint, files_in, safetensors

pytestmark = pytest.mark.waits

HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"


def download(hub: HubServer, cache: Path, *repo_ids: str, timeout: float = 3.0) -> Download:
    return Download(repo_ids or (HQ,), endpoint=hub.url, cache_dir=cache, timeout=timeout)


def finish(running: Download) -> Download:
    running.start()
    running.wait(20)
    return running


# Downloads that go well


def test_download_brings_both_repos_and_no_pickles(hub: HubServer, tmp_path: Path) -> None:
    done = finish(download(hub, tmp_path, HQ, SAM))
    assert (done.state, done.progress, done.reason) == ("done", 1.0, "")
    assert done.folder == done.status.folders[0] == cached_folder(HQ, cache_dir=tmp_path)
    assert done.status.folders[1] == cached_folder(SAM, cache_dir=tmp_path)
    wanted = {
        name: content
        for name, content in hub.repos[HQ].items()
        if name not in {"pytorch_model.bin", "README.md"}
    }
    assert files_in(done.status.folders[0]) == wanted
    assert hub.count("GET", ".bin") == hub.count("HEAD", ".bin") == 0
    assert done.status.bytes_done == done.status.bytes_total == 300 * KIB + _rest(hub)


def _rest(hub: HubServer) -> int:
    """The bytes of both repos' wanted files, but for the 300 KiB of tensors."""
    wanted = ("config.json", "preprocessor_config.json", "model.safetensors")
    return sum(len(files[name]) for files in hub.repos.values() for name in wanted) - 300 * KIB


def test_huggingface_hub_finds_what_was_downloaded(hub: HubServer, tmp_path: Path) -> None:
    done = finish(download(hub, tmp_path))
    found = snapshot_download(HQ, cache_dir=tmp_path, local_files_only=True, allow_patterns=["*.safetensors"])
    assert Path(found) == done.folder


def test_what_huggingface_hub_downloaded_is_found(hub: HubServer, tmp_path: Path) -> None:
    folder = snapshot_download(
        HQ, cache_dir=tmp_path, endpoint=hub.url, allow_patterns=["*.json", "*.safetensors"]
    )
    assert cached_folder(HQ, cache_dir=tmp_path) == Path(folder)


def test_weights_that_are_here_are_not_asked_for_again(hub: HubServer, tmp_path: Path) -> None:
    finish(download(hub, tmp_path))
    hub.asked.clear()
    hub.refuse = 500
    assert finish(download(hub, tmp_path)).state == "done"
    assert hub.asked == []


def test_progress_is_seen_in_bytes_over_both_repos(hub: HubServer, tmp_path: Path) -> None:
    hub.bytes_per_second = 500 * KIB
    running = download(hub, tmp_path, HQ, SAM)
    assert running.state == "waiting"
    running.start()
    assert running.wait(0).state == "downloading"
    seen = [running.status]
    while running.wait(0.02).state == "downloading":
        seen.append(running.status)
    progress = [status.progress for status in seen]
    assert running.wait(0).state == "done"
    assert progress == sorted(progress)
    assert len({round(value, 2) for value in progress}) > 5
    assert seen[-1].bytes_total == 300 * KIB + _rest(hub)


def test_start_while_running_starts_nothing_more(hub: HubServer, tmp_path: Path) -> None:
    hub.bytes_per_second = 1000 * KIB
    running = download(hub, tmp_path)
    for _ in range(5):
        running.start()
    assert running.wait(10).state == "done"
    running.start()
    assert hub.count("GET", "/model.safetensors") == 1


def test_two_downloads_of_one_repo_fetch_its_weights_once(hub: HubServer, tmp_path: Path) -> None:
    hub.bytes_per_second = 1000 * KIB
    both = [download(hub, tmp_path), download(hub, tmp_path)]
    for running in both:
        running.start()
    assert [running.wait(10).state for running in both] == ["done", "done"]
    assert hub.count("GET", "/model.safetensors") == 1


def test_sharded_weights_are_fetched_whole(hub: HubServer, tmp_path: Path) -> None:
    index = json.dumps({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}})
    hub.repos[HQ] = {
        "config.json": b"{}",
        "model.safetensors.index.json": index.encode(),
        "model-1-of-2.safetensors": safetensors(10),
        "model-2-of-2.safetensors": safetensors(20),
    }
    done = finish(download(hub, tmp_path))
    assert done.folder is not None
    assert files_in(done.folder) == hub.repos[HQ]


def test_token_goes_to_the_hub_and_not_to_the_host_of_large_files(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert finish(download(hub, tmp_path)).state == "done"
    assert all(asked.has_token != asked.path.startswith("/large/") for asked in hub.asked)


# Mirrors, which leave things out


@pytest.mark.parametrize("hides_sizes", [False, True])
@pytest.mark.parametrize("hides_etags", [False, True])
def test_mirror_that_tells_no_length_is_fetched_from(
    hub: HubServer, tmp_path: Path, hides_sizes: bool, hides_etags: bool
) -> None:
    hub.hides_lengths, hub.hides_sizes, hub.hides_etags = True, hides_sizes, hides_etags
    done = finish(download(hub, tmp_path))
    if hides_sizes and hides_etags:  # nothing is left to name the file by
        assert (done.state, done.reason[-16:]) == ("refused", "was not fetched.")
        return
    assert (done.state, done.reason) == ("done", "")
    assert done.folder is not None
    assert files_in(done.folder)["model.safetensors"] == hub.repos[HQ]["model.safetensors"]


def test_mirror_that_tells_no_length_is_taken_up_where_it_broke(hub: HubServer, tmp_path: Path) -> None:
    hub.hides_lengths = True
    hub.cut_every = 90 * KIB
    done = finish(download(hub, tmp_path))
    assert done.state == "done"
    assert hub.bytes_sent == len(hub.repos[HQ]["model.safetensors"])


def test_weights_of_unknown_size_that_are_cut_off_are_no_checkpoint(hub: HubServer, tmp_path: Path) -> None:
    hub.hides_lengths = hub.hides_sizes = True
    hub.cut_every = 90 * KIB
    running = finish(download(hub, tmp_path))
    assert (running.state, running.folder) == ("cut off", None)
    assert running.reason == f"model.safetensors of {HQ} arrived damaged and was thrown away."
    hub.cut_every = None
    assert finish(running).state == "done"


def test_head_slower_than_the_timeout_is_refused(hub: HubServer, tmp_path: Path) -> None:
    hub.head_seconds = 0.5
    assert finish(download(hub, tmp_path, timeout=0.3)).state == "refused"


# Downloads that do not


def test_line_that_breaks_now_and_then_is_taken_up_where_it_broke(hub: HubServer, tmp_path: Path) -> None:
    hub.cut_every = 90 * KIB
    done = finish(download(hub, tmp_path))
    assert done.state == "done"
    assert hub.bytes_sent == len(hub.repos[HQ]["model.safetensors"])
    assert [asked.range for asked in hub.asked if asked.path.startswith("/large/")] == [
        None,
        f"bytes={90 * KIB}-",
        f"bytes={180 * KIB}-",
    ]


def test_cut_off_download_is_no_checkpoint_and_a_later_start_goes_on(hub: HubServer, tmp_path: Path) -> None:
    hub.dies_after = 120 * KIB
    running = finish(download(hub, tmp_path))
    assert running.state == "cut off"
    assert running.reason == f"The Hub stopped sending model.safetensors of {HQ}; what came is kept."
    assert running.folder is None
    assert 0.5 < running.progress < 0.7
    assert cached_folder(HQ, cache_dir=tmp_path) is None

    hub.dies_after = None
    another = finish(download(hub, tmp_path))  # as after a restart of the app
    assert another.state == "done"
    assert hub.bytes_sent == len(hub.repos[HQ]["model.safetensors"])
    assert finish(running).state == "done"
    assert running.folder == another.folder


def test_older_whole_snapshot_serves_while_a_newer_one_is_cut_off(hub: HubServer, tmp_path: Path) -> None:
    old = finish(download(hub, tmp_path)).folder
    hub.repos[HQ] = checkpoint(fill=3)
    snapshot = tmp_path / "models--syscv-community--sam-hq-vit-base" / "snapshots" / hub.commit(HQ)
    snapshot.mkdir()
    (snapshot / "config.json").write_bytes(b"{}")
    (snapshot.parent.parent / "refs" / "main").write_text(hub.commit(HQ))
    assert cached_folder(HQ, cache_dir=tmp_path) == old


def test_stalled_line_is_cut_off(hub: HubServer, tmp_path: Path) -> None:
    hub.bytes_per_second = 16 * KIB  # one piece a second
    running = download(hub, tmp_path, timeout=0.2)
    running.start()
    assert running.wait(0.5).state == "downloading"
    hub.dies_after = 0
    assert running.wait(10).state == "cut off"


def test_server_that_ignores_ranges_sends_the_file_anew(hub: HubServer, tmp_path: Path) -> None:
    hub.dies_after = 120 * KIB
    finish(download(hub, tmp_path))
    hub.dies_after, hub.ignores_ranges = None, True
    done = finish(download(hub, tmp_path))
    assert done.folder is not None
    assert (done.folder / "model.safetensors").read_bytes() == hub.repos[HQ]["model.safetensors"]


def test_damaged_file_is_thrown_away_and_fetched_again(hub: HubServer, tmp_path: Path) -> None:
    hub.damages = True
    running = finish(download(hub, tmp_path))
    assert (running.state, running.folder) == ("cut off", None)
    assert running.reason == f"model.safetensors of {HQ} arrived damaged and was thrown away."
    hub.damages = False
    assert finish(running).state == "done"


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, None, "has no public repo"),
        (403, None, "answered HTTP 403"),
        (403, "GatedRepo", "only to those who accepted its terms"),
        (404, "RepoNotFound", "has no public repo"),
        (404, None, "has no public repo"),
        (503, None, "answered HTTP 503"),
    ],
)
def test_refusal_is_told_in_a_sentence_with_the_repo(
    hub: HubServer, tmp_path: Path, status: int, code: str | None, reason: str
) -> None:
    hub.refuse, hub.error_code = status, code
    running = finish(download(hub, tmp_path))
    assert running.state == "refused"
    assert reason in running.reason
    assert HQ in running.reason
    assert running.reason.endswith(".")
    assert "\n" not in running.reason


def test_gated_files_of_a_listed_repo_are_refused(hub: HubServer, tmp_path: Path) -> None:
    hub.refuse_files, hub.error_code = 403, "GatedRepo"
    running = finish(download(hub, tmp_path))
    assert running.state == "refused"
    assert "HF_TOKEN" in running.reason


def test_second_repo_that_is_missing_is_the_one_named(hub: HubServer, tmp_path: Path) -> None:
    running = finish(download(hub, tmp_path, HQ, "facebook/no-such-sam"))
    assert running.reason == f"The Hub at {hub.url} has no public repo facebook/no-such-sam."
    assert hub.bytes_sent == 0


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("model.safetensors", "and pickled weights are not loaded"),
        ("config.json", r"has no config.json on the Hub"),
    ],
)
def test_repo_without_safetensors_or_config_is_refused(
    hub: HubServer, tmp_path: Path, missing: str, reason: str
) -> None:
    del hub.repos[HQ][missing]
    running = finish(download(hub, tmp_path))
    assert running.state == "refused"
    assert reason in running.reason
    assert hub.bytes_sent == 0


def test_weights_that_are_no_safetensors_are_refused(hub: HubServer, tmp_path: Path) -> None:
    hub.repos[HQ]["model.safetensors"] = b"a pickle under a false name"
    running = finish(download(hub, tmp_path))
    assert (running.state, running.folder) == ("refused", None)
    assert running.reason == f"What the Hub has of {HQ} is no whole checkpoint."


def test_nobody_listening_is_refused_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        running = Download(HQ, endpoint=f"http://127.0.0.1:{taken.getsockname()[1]}", cache_dir=tmp_path)
        begun = time.monotonic()
        finish(running)
    assert time.monotonic() - begun < 2
    assert running.state == "refused"
    assert running.reason.endswith(f"cannot be reached, so {HQ} was not fetched.")


def test_server_that_never_answers_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        running = finish(Download(HQ, endpoint=url, cache_dir=tmp_path, timeout=0.3))
    assert time.monotonic() - begun < 3
    assert running.state == "refused"


def test_impossible_repo_id_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="repo"):
        Download("not a repo id")


def test_disk_that_cannot_be_written_ends_the_download(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    running = finish(download(hub, tmp_path / "cache"))
    assert running.state == "cut off"
    assert "cannot be written to the disk" in running.reason
    assert running.reason.endswith("set HF_HOME to a folder with room.")
