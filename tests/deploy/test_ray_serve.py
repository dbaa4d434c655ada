"""Two replicas behind the page: the answers of one process, also while one of the replicas is killed."""

from __future__ import annotations

import os
import signal
import ssl
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from deploy.remote_service import NO_REPLICA, RemoteService
from samhq_demo.pictures import read_picture
from samhq_demo.prompts.prompt import Prompt
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService
from testbed.running_app import run_app
from tests.evaluation.test_on_ray import marked
from tests.support.waiting import wait

CLICK = (40.0, 30.0)
PEOPLE = 3
_MARK = "SAMHQ_TEST_MARK"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six, so that both replicas have some."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(7)
    for number in range(6):
        pixels = random.integers(0, 256, (6, 8, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def served(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(url, mark of its processes) of the page with two replicas."""
    mark = uuid.uuid4().hex
    environment = {
        "SAMHQ_MODEL": str(checkpoint),
        "SAMHQ_DEVICE": "cpu",
        "SAMHQ_DTYPE": "float32",
        # As many threads as the service here has: the last digits of a sum depend on them.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)))),
        _MARK: mark,
    }
    command = ("-m", "deploy.ray_serve", "--replicas", "2", "--cpus", "0.5")
    folder = tmp_path_factory.mktemp("served")
    try:
        with run_app(folder, command=command, **environment) as running:
            wait(lambda: _is_ready(running.url))
            yield running.url, mark
    finally:
        wait(lambda: not list(marked(mark)), seconds=60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "readyz", timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _replicas(mark: str) -> list[int]:
    return list(marked(mark, title="ray::ServeReplica"))


def _asked(client: Client, picture: Path) -> Any:
    result, _, _ = client.predict(
        image=handle_file(picture), points=[list(CLICK)], labels=[1], api_name="/compare"
    )
    return result["objects"]


def test_a_replica_killed_under_load_makes_no_answer_wrong_and_loses_none_without_a_word(
    served: tuple[str, str], service: CompareService, pictures: list[Path]
) -> None:
    url, mark = served
    request = Request((Prompt(points=(CLICK,), labels=(1,)),))
    expected = [service.compare(read_picture(file), request).to_json()["objects"] for file in pictures]
    clients = [Client(url, verbose=False, ssl_verify=ssl.create_default_context()) for _ in range(PEOPLE)]
    victims = _replicas(mark)
    assert len(victims) == 2
    wrong: list[int] = []
    told: list[str] = []
    right: list[int] = []

    def ask(person: int, place: int) -> None:
        try:
            answer = _asked(clients[person], pictures[place])
        except Exception as error:
            told.append(str(error))
        else:
            (right if answer == expected[place] else wrong).append(place)

    with ThreadPoolExecutor(PEOPLE) as people:
        list(people.map(ask, [n % PEOPLE for n in range(6)], range(6)))
        assert (wrong, told, len(right)) == ([], [], 6)
        under_way = [people.submit(ask, n % PEOPLE, n % 6) for n in range(24)]
        wait(lambda: len(right) > 8)
        os.kill(victims[0], signal.SIGKILL)
        for one in under_way:
            one.result()
    assert wrong == []
    assert len(right) + len(told) == 30
    assert set(told) <= {NO_REPLICA}
    wait(lambda: len(_replicas(mark)) == 2, seconds=120)
    assert victims[0] not in _replicas(mark)
    assert [_asked(clients[0], file) for file in pictures] == expected
    assert _is_ready(url)


def test_nothing_is_computed_in_the_page() -> None:
    """Whatever `CompareService` can do, the replicas do."""
    public = {name for name in vars(CompareService) if not name.startswith("_")}
    assert public <= vars(RemoteService).keys()
