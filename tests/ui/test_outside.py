"""What an operator sees of the app without its page: whether it is up, whether it answers, what it counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from samhq_demo.model_status import ServiceStatus
from samhq_demo.service import CompareService
from samhq_demo.ui.outside import outside_routes
from testbed.photos import save_photo
from testbed.running_app import RunningApp
from tests.support.servers import Served, compare_inputs
from tests.support.waiting import wait

ROOT = Path(__file__).parents[2]
Value = Callable[..., float]


def values(served: Served) -> Value:
    """What /metrics shows now, by name and labels; 0 for what it has not seen yet."""
    text = httpx.get(f"{served.url}metrics", timeout=60).text
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return lambda name, **labels: found.get((name, frozenset(labels.items())), 0.0)


def test_the_app_says_that_it_is_up_and_when_it_can_answer(app: RunningApp) -> None:
    assert httpx.get(f"{app.url}healthz", timeout=60).status_code == 200
    wait(lambda: httpx.get(f"{app.url}readyz", timeout=60).status_code == 200)
    assert httpx.get(f"{app.url}readyz", timeout=60).text == "tiny answers.\n"


def test_it_is_not_ready_while_its_model_is_being_loaded() -> None:
    status = ServiceStatus("base", False, "base is being loaded.")
    service: Any = SimpleNamespace(status=lambda: status)
    client = TestClient(Starlette(routes=outside_routes(service, gr.Blocks(), shows_metrics=False)))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "base is being loaded.\n")
    assert client.get("/healthz").status_code == 200
    status = ServiceStatus("base", True, "base answers.")
    assert client.get("/readyz").status_code == 200


def test_metrics_are_shown_only_where_they_are_to_be(service: CompareService) -> None:
    for shows, code in ((False, 404), (True, 200)):
        routes = outside_routes(service, gr.Blocks(), shows_metrics=shows)
        answer = TestClient(Starlette(routes=routes)).get("/metrics")
        assert answer.status_code == code
        assert ("samhq_ready" in answer.text) == shows


def test_requests_are_counted_by_endpoint_and_outcome(served: Served, photo: Path) -> None:
    before = values(served)
    served.run("compare", *compare_inputs(served.upload(photo)))
    served.run("compare", *compare_inputs(served.upload(photo), model="none such"))
    served.run("compare")  # refused before its handler is called
    after = values(served)

    def more(outcome: str) -> float:
        labels = {"endpoint": "/compare", "outcome": outcome}
        return after("samhq_requests_total", **labels) - before("samhq_requests_total", **labels)

    assert [more(outcome) for outcome in ("answered", "refused", "failed")] == [1, 2, 0]


def test_stages_are_timed_and_the_cache_is_counted(served: Served, tmp_path: Path) -> None:
    before = values(served)
    path = served.upload(save_photo(tmp_path / "new.png", size_wh=(77, 55)))
    for _ in range(3):
        served.run("compare", *compare_inputs(path, box=[5, 5, 50, 40]))
    after = values(served)

    def more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert more("samhq_stage_seconds_count", stage="encode") == 1
    assert more("samhq_stage_seconds_count", stage="decode") == 3
    assert more("samhq_stage_seconds_sum", stage="encode") > 0
    assert more("samhq_embeddings_total", source="now") == 1
    assert more("samhq_embeddings_total", source="cached") == 2
    assert more("samhq_disk_bytes") > 0
    assert after("samhq_embedding_cache_bytes", bound="now") > 0
    assert after("process_resident_memory_bytes") > 50e6
    assert after("samhq_ready") == 1
    assert after("samhq_queue_length") == 0


def test_metrics_tell_nothing_of_a_visitor(served: Served, tmp_path: Path) -> None:
    path = served.upload(save_photo(tmp_path / "my-holiday.png"))
    served.run("compare", *compare_inputs(path, model="my-secret"))
    text = httpx.get(f"{served.url}metrics", headers={"User-Agent": "my-browser"}, timeout=60).text
    assert not re.search(r"my-|127\.0\.0\.1|/tmp|\.png", text)
    labels = set(re.findall(r'(\w+)="', text))
    assert labels == {"endpoint", "outcome", "stage", "le", "source", "bound"}


def test_the_dashboard_asks_only_for_what_there_is(served: Served) -> None:
    shown = httpx.get(f"{served.url}metrics", timeout=60).text
    there = {sample.name for family in text_string_to_metric_families(shown) for sample in family.samples}
    there |= {f"samhq_stage_seconds_{part}" for part in ("bucket", "sum", "count")}
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = {name for one in asked for name in re.findall(r"\b(?:samhq|process)_\w+", one)}
    assert used <= there
    assert {name for name in there if name.startswith("samhq_") and not name.endswith("_created")} <= used | {
        "samhq_stage_seconds_sum",
        "samhq_stage_seconds_count",
    }
