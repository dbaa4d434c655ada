"""A repository at the revision that is wanted, and at no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.settings import Settings
from samhq_demo.weights.catalog import Catalog
from samhq_demo.weights.download import Download
from samhq_demo.weights.folders import cached_folder
from samhq_demo.weights.revisions import parse_revisions
from samhq_demo.weights.space import preloaded_pins, preloaded_repos
from tests.support.hub_server import HubServer, files_in
from tests.support.refusals import refusal

HQ, SAM = "syscv-community/sam-hq-vit-base", "facebook/sam-vit-base"


def fetch(hub: HubServer, cache: Path, revisions: dict[str, str]) -> Download:
    running = Download((HQ, SAM), revisions=revisions, endpoint=hub.url, cache_dir=cache, timeout=3.0)
    running.start()
    running.wait(30)
    return running


@pytest.mark.parametrize("by_commit", [False, True])
def test_the_wanted_revision_is_fetched_and_found(hub: HubServer, tmp_path: Path, by_commit: bool) -> None:
    hub.older[HQ] = {"v1/first": {**hub.repos[HQ], "config.json": b'{"model_type": "sam_hq", "old": 1}'}}
    commit = hub.commit(HQ, "v1/first")
    wanted = commit if by_commit else "v1/first"
    done = fetch(hub, tmp_path, {HQ: wanted})
    assert done.state == "done", done.reason
    folder = cached_folder(HQ, revision=wanted, cache_dir=tmp_path)
    assert folder == done.folder
    assert folder is not None and folder.name == commit
    assert b'"old"' in files_in(folder)["config.json"]
    assert cached_folder(SAM, cache_dir=tmp_path) == done.status.folders[1]
    newest = fetch(hub, tmp_path, {HQ: "main"})
    assert newest.folder is not None and newest.folder.name == hub.commit(HQ)
    assert cached_folder(HQ, revision=wanted, cache_dir=tmp_path) == folder
    assert cached_folder(HQ, cache_dir=tmp_path) == newest.folder


def test_the_newest_does_not_pass_for_the_wanted(hub: HubServer, tmp_path: Path) -> None:
    assert fetch(hub, tmp_path, {}).state == "done"
    for revision in ("v1", "0" * 40, "0123abc"):
        assert cached_folder(HQ, revision=revision, cache_dir=tmp_path) is None
    failed = fetch(hub, tmp_path, {HQ: "v1"})
    assert failed.state == "refused"
    assert HQ in failed.reason


def test_revisions_are_read() -> None:
    settings = Settings.from_environment({"SAMHQ_REVISIONS": f" {HQ}@v1.0 , {SAM}@refs/pr/3"})
    assert parse_revisions(settings.revisions) == {HQ: "v1.0", SAM: "refs/pr/3"}
    catalog = Catalog.of(settings)
    assert catalog.sources["base"].revision == "v1.0"
    assert catalog.sources["large"].revision is None


@pytest.mark.parametrize(
    "pin", [HQ, f"{HQ}@", f"{HQ}@a b", f"{HQ}@../x", f"{HQ}@a/../b", f"{HQ}@/a", "base@v1", f"{HQ}@v1@v2"]
)
def test_other_forms_are_refused(pin: str) -> None:
    assert "owner/name@revision" in refusal(parse_revisions, (pin,))


def test_what_would_change_nothing_is_refused() -> None:
    assert "twice" in refusal(parse_revisions, (f"{HQ}@a", f"{HQ}@b"))
    assert "SHA-256" in refusal(parse_revisions, ("lkeab/hq-sam@v1",))
    with pytest.raises(ValueError, match="no model here comes from"):
        Catalog.of(Settings(revisions=("someone/else@v1",)))


def test_a_space_takes_the_commits_that_it_preloads(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        f"---\npreload_from_hub:\n  - {HQ} config.json,model.safetensors abc123\n  - {SAM}\n---\n"
    )
    assert preloaded_repos(readme) == {HQ, SAM}
    assert preloaded_pins(readme) == (f"{HQ}@abc123",)
