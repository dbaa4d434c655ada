"""The image and its compose file, as far as that can be known without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from ruamel.yaml import YAML

from samhq_demo.ui.healthy import is_healthy
from testbed.running_app import ROOT, free_port
from tests.support.waiting import wait

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
INSTRUCTIONS = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()


def arguments(name: str) -> list[str]:
    """What follows each instruction of that name."""
    words = (line.strip().partition(" ") for line in INSTRUCTIONS)
    return [rest.strip() for word, _, rest in words if word == name]


def copied() -> list[str]:
    """Files and folders of the project that get into either stage."""
    own = [line.split() for line in arguments("COPY") if not line.startswith("--from=")]
    return [source for *sources, _ in own for source in sources]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in arguments("ENV") for pair in line.split())


def composed(text: str) -> dict[str, Any]:
    """A compose file with its variables at their defaults, and shared parts put where they go."""
    read: dict[str, Any] = YAML(typ="safe").load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return {key: value for key, value in read.items() if not key.startswith("x-")}


def checked(text: str) -> PyCompose:
    """By the Compose specification; ValueError says what is against it."""
    return PyCompose.from_yaml(json.dumps(composed(text)))  # JSON is YAML too


def test_the_compose_file_is_one_by_its_specification() -> None:
    assert set(checked(COMPOSE).service_names()) == {"demo", "demo-gpu"}


@pytest.mark.parametrize(
    ("right", "wrong"), [("read_only: true", "read_only: [1]"), ("6g", "6 sheep"), ("512", "[512]")]
)
def test_a_wrong_one_is_found_out(right: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="services"):
        checked(COMPOSE.replace(right, wrong))


def test_a_container_can_write_to_its_volumes_alone_and_as_nobody_of_the_host() -> None:
    (user,) = arguments("USER")
    assert user.split(":")[0] not in {"0", "root"}
    (volumes,) = arguments("VOLUME")
    for service in composed(COMPOSE)["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert {volume.partition(":")[2] for volume in service["volumes"]} == set(json.loads(volumes))
        assert service["mem_limit"]
    named = environment()
    assert {named["GRADIO_TEMP_DIR"], named["HF_HOME"]} == set(json.loads(volumes))


def test_every_setting_of_the_readme_is_handed_on() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = set(re.findall(r"^\| `(SAMHQ_\w+)` \|", readme, flags=re.MULTILINE))
    for service in composed(COMPOSE)["services"].values():
        assert set(service["environment"]) == settings | {"HF_TOKEN"}


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*"
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignore, source


@contextmanager
def started(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The image's command, with its environment, where nothing of the project is but what is copied."""
    (command,) = arguments("CMD")[-1:]
    program, *rest = json.loads(command)
    assert program == "python"
    places = {name: str(folder / name.lower()) for name in ("GRADIO_TEMP_DIR", "HF_HOME")}
    given = {name: value for name, value in environment().items() if name.startswith(("GRADIO", "PYTHON"))}
    own = {**given, **places, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *rest], cwd=folder / "app", env={**os.environ, **own}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def test_the_command_starts_the_app_of_what_is_copied_and_the_health_check_says_so(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for source in copied():
        place = tmp_path / "app" / source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
        else:
            shutil.copy(ROOT / source, place)
    port = free_port()
    check = json.loads(next(line for line in INSTRUCTIONS if "healthy" in line).partition("CMD")[2])
    command = [sys.executable, *check[1:]]
    told = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    assert subprocess.run(command, cwd=tmp_path / "app", env=told, check=False).returncode == 1
    with started(tmp_path, port) as process:
        wait(lambda: process.poll() is not None or is_healthy(str(port)))
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert subprocess.run(command, cwd=tmp_path / "app", env=told, check=False).returncode == 0
