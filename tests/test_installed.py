"""The package as `pip install .` installs it, away from its repository: the module and the command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from testbed.running_app import START_SECONDS, free_port
from tests.support.data_sets import folders_set
from tests.support.waiting import wait

ROOT = Path(__file__).parent.parent
KEPT_BACK = shutil.ignore_patterns(".*", "node_modules", "build", "runs", "__pycache__", "tests", "training")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package and its command, made by pip of a copy of the repository."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "installed"))
    shutil.copytree(ROOT, source, ignore=KEPT_BACK, dirs_exist_ok=True)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return target


def command(installed: Path, *arguments: str, **variables: str) -> tuple[list[str], dict[str, Any]]:
    """What starts the command, and the environment that it needs."""
    environ = {**os.environ, "PYTHONPATH": str(installed), **variables}
    started = [sys.executable, str(installed / "bin" / "samhq-demo"), *arguments]
    return started, {"env": environ, "cwd": installed.parent}


def run(installed: Path, *arguments: str) -> str:
    started, where = command(installed, *arguments)
    return subprocess.run(started, **where, capture_output=True, text=True, check=True).stdout


def test_all_that_the_package_has_is_installed(installed: Path) -> None:
    def files(package: Path) -> set[str]:
        found = (path.relative_to(package) for path in package.rglob("*") if path.is_file())
        return {path.as_posix() for path in found if "__pycache__" not in path.parts}

    # Types for the linter are no part of the page.
    assert files(ROOT / "samhq_demo") - files(installed / "samhq_demo") == {"ui/viewer/js/shared.d.ts"}
    assert files(ROOT / "examples") == files(installed / "samhq_demo" / "examples")


def test_everything_in_a_picture(installed: Path, tmp_path: Path) -> None:
    picture = tmp_path / "hearts.jpg"
    with Image.open(ROOT / "examples" / "hearts.jpg") as hearts:
        hearts.resize((128, 96)).save(picture)
    out = tmp_path / "out"
    printed = run(installed, "everything", str(picture), "--model", "tiny", "--out", str(out))
    found = json.loads((out / "hearts.everything.json").read_text())
    assert printed.startswith(f"SAM found {len(found['sam'])} masks and SAM-HQ {len(found['sam_hq'])}: ")
    assert {path.name for path in out.iterdir()} == {
        "hearts.everything.json", "hearts.sam.png", "hearts.sam_hq.png",
    }  # fmt: skip


def test_evaluate_a_folder(installed: Path, tmp_path: Path) -> None:
    folder = folders_set(tmp_path / "set")
    assert "Pictures: 2. Objects: 2." in run(installed, "evaluate", str(folder), "--model", "tiny")
    assert (tmp_path / "set-evaluation" / "gallery.html").is_file()


def test_serve_answers_on_this_machine_until_it_is_told_to_stop(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    started, where = command(
        installed, "serve", SAMHQ_MODEL="tiny", HF_HUB_OFFLINE="1", GRADIO_TEMP_DIR=str(tmp_path),
        GRADIO_SERVER_NAME="127.0.0.1", GRADIO_SERVER_PORT=str(port), GRADIO_ANALYTICS_ENABLED="False",
        no_proxy="127.0.0.1",
    )  # fmt: skip
    with subprocess.Popen(started, **where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            assert "SAM and SAM-HQ, side by side" in page_at(f"http://127.0.0.1:{port}/", server)
        finally:
            server.terminate()  # and not an interrupt, which programs started in the background ignore
    assert server.returncode == 0


def page_at(url: str, server: subprocess.Popen[bytes]) -> str:
    pages = []

    def came() -> bool:
        assert server.poll() is None, "it did not come up"
        with contextlib.suppress(httpx.TransportError):
            pages.append(httpx.get(url, timeout=30).text)
        return bool(pages)

    wait(came, seconds=START_SECONDS)
    return pages[0]
