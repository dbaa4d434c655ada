"""Requests that nobody thought of, to every endpoint and function: an answer, or one sentence."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samhq_demo.masks.runs import Runs
from samhq_demo.service import CompareService
from samhq_demo.ui.asgi import app_kwargs
from samhq_demo.ui.errors import logger as errors_logger
from samhq_demo.ui.page import build_page
from samhq_demo.ui.store import PictureStore
from testbed.photos import save_photo
from tests.fuzzing.cases import MAX_SECONDS, Growth, cases, quick

SHARE = 0.6
# A change may leave out how many points are asked about, and a thousand of them are honest work.
_SECONDS_OF_ALL_POINTS = 60.0
PHOTO, TICKET = "<photo>", "<ticket>"  # for what is known once the app runs

_IMAGE: dict[str, Any] = {"path": PHOTO, "meta": {"_type": "gradio.FileData"}}
_PROMPT: dict[str, Any] = {"points": [[40, 30], [5, 5]], "labels": [1, 0], "box": [20, 10, 90, 70]}
_STEP: dict[str, Any] = {"points": [[40, 30]], "sam_candidate": 0, "sam_hq_candidate": 2}
_RLE = dict(Runs.from_mask(np.eye(90, 120, dtype=bool)).rle())
_SHOWN = {"rle": _RLE, "predicted_iou": 0.9}
_OBJECT: dict[str, Any] = {
    "name": "One", "color": "#123456", "prompt": _PROMPT, "sam": _SHOWN, "sam_hq": _SHOWN,
}  # fmt: skip
_RECORD: dict[str, Any] = {"prompt": _PROMPT, "steps": [_STEP], "mask": None, "truth": None, "void": None}
_SETTINGS: dict[str, Any] = {"model": None, "multimask": None, "hq_token_only": False}

# By endpoint; few points a side, as more would be much work and no fault.
INPUTS: dict[str, dict[str, Any]] = {
    "compare": {
        "image": _IMAGE, **_PROMPT, "model": None, "multimask": None, "hq_token_only": False,
        "mask_prompt": None, "ground_truth": _IMAGE, "refine_from": [_STEP], "ground_truth_label": 1,
    },
    "compare_many": {"image": _IMAGE, "prompts": [_PROMPT, _PROMPT], "model": None, "multimask": True},
    "segment_everything": {
        "image": _IMAGE, "model": None, "points_per_side": 2, "predicted_iou_threshold": 0.1,
        "stability_threshold": 0.5, "box_nms_threshold": 0.7, "crop_layers": 0, "min_area": 1,
    },
    "models": {},
}  # fmt: skip
FUNCTIONS: dict[str, dict[str, Any]] = {
    "decode": {"picture": TICKET, "sequence": 1, "object": 1, "is_preview": True, **_RECORD, **_SETTINGS},
    "mask": {"picture": TICKET, "path": PHOTO, "label": 1},
    "prompts": {
        "picture": TICKET,
        "text": json.dumps({"objects": [{"name": "One", "prompt": _PROMPT}], "settings": _SETTINGS}),
    },
    "export": {
        "picture": TICKET, "what": "svg", "branch": "sam", "soft_edge": True, "objects": [_OBJECT],
    },
    "code": {
        "picture": TICKET, "language": "python", "objects": [{"name": "One", **_RECORD}],
        "settings": _SETTINGS,
        "origin": "http://127.0.0.1:7860/",
    },
    "again": {"picture": TICKET, "path": PHOTO, "name": "photo.png"},
    "stop": {"picture": TICKET, "sequence": 1},
}  # fmt: skip

_NUMBERS = st.sampled_from([-1, 0, 1, 2, 3, 0.5, 1.5, -0.0, 5e-324, 1e308, 10**6, 2**31, 2**63, 10**30])
_WORDS = st.sampled_from(
    ["", " ", "0", "true", "null", "[]", "{}", "[[", "nan", "tiny", "base", "../../etc/passwd", "/etc/passwd",
     "http://127.0.0.1:9/a.png", "data:image/png;base64,AAAA", "file:///etc/passwd", "\\x00", "\r\nERROR a"]
)  # fmt: skip
_SCALARS = (
    st.none() | st.booleans() | _NUMBERS | st.floats(-1, 1) | st.sampled_from([float("nan"), float("inf")])
    | st.text(max_size=12) | _WORDS | st.sampled_from([PHOTO, TICKET])
)  # fmt: skip
_KEYS = st.text(max_size=6) | st.sampled_from(
    ["path", "url", "meta", "_type", "points", "labels", "box", "rle", "size", "counts", "orig_name"]
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=8,
)


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*here, key))


def _replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _replaced(copy[place[0]], place[1:], new)
    return copy


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A right request with up to three parts of it replaced."""
    for _ in range(draw(st.integers(0, 3))):
        value = _replaced(value, draw(st.sampled_from(list(_places(value)))), draw(JSON))
    return value


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """The page, running: what to ask, and what it has logged and printed since."""

    client: httpx.Client
    photo: str
    ticket: str
    viewer_id: int
    log: list[str]
    printed: io.StringIO

    def post(self, route: str, body: Any) -> httpx.Response:
        text = json.dumps(body).replace(json.dumps(PHOTO), json.dumps(self.photo))
        text = text.replace(json.dumps(TICKET), json.dumps(self.ticket))
        headers = {"Content-Type": "application/json"}
        return self.client.post(f"gradio_api/{route}", content=text, headers=headers)

    def check(self, answer: httpx.Response) -> None:
        """No traceback and no fault, wherever one looks."""
        assert "Traceback" not in answer.text
        assert "no fault of the request" not in answer.text
        assert not self.log
        assert "Traceback" not in self.printed.getvalue()
        if answer.status_code >= 500:  # so Gradio answers a refusal of a direct call
            sentence = answer.json()["error"]
            assert sentence.endswith(".") and "\n" not in sentence


class _Faults(logging.Handler):
    """Keeps what is logged as an error, by our code or Gradio's."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(self.format(record))


@pytest.fixture(scope="module")
def fuzzed(service: CompareService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzzing")
    store = PictureStore()
    log: list[str] = []
    faults, printed = _Faults(log), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(printed):
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        page = build_page(service, store=store)
        _, url, _ = page.launch(
            server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, app_kwargs=app_kwargs()
        )
        viewer_id = next(key for key, block in page.blocks.items() if block.elem_id == "viewer")
        errors_logger.addHandler(faults)
        try:
            # A connection for each: one that is kept may be closed just as the next request is sent.
            limits = httpx.Limits(max_keepalive_connections=0)
            with httpx.Client(base_url=url, timeout=60, limits=limits) as client:
                content = save_photo(folder / "photo.png").read_bytes()
                photo = client.post("gradio_api/upload", files={"files": content}).json()[0]
                ticket = store.admit(Path(photo), name="photo.png")
                yield Fuzzed(client, photo, ticket.id, viewer_id, log, printed)
        finally:
            errors_logger.removeHandler(faults)
            page.close(verbose=False)


@pytest.fixture(scope="module")
def growth() -> Growth:
    return Growth(SHARE)


def _run(endpoint: str, inputs: Any) -> tuple[str, Any]:
    return f"run/{endpoint}", {"data": list(inputs.values()) if isinstance(inputs, Mapping) else inputs}


def _call_by_name(endpoint: str, inputs: Any) -> tuple[str, Any]:
    return f"call/v2/{endpoint}", inputs


@cases(SHARE / 2)
@given(data=st.data())
def test_endpoints_answer_or_refuse_whatever_is_asked(fuzzed: Fuzzed, growth: Growth, data: Any) -> None:
    endpoint = data.draw(st.sampled_from(sorted(INPUTS)))
    way: Callable[[str, Any], tuple[str, Any]] = data.draw(st.sampled_from([_run, _run, _call_by_name]))
    route, body = way(endpoint, data.draw(changed(INPUTS[endpoint])))
    _ask(fuzzed, growth, route, body)


@cases(SHARE / 2)
@given(data=st.data())
def test_functions_of_the_page_answer_or_refuse_whatever_is_asked(
    fuzzed: Fuzzed, growth: Growth, data: Any
) -> None:
    name = data.draw(st.sampled_from(sorted(FUNCTIONS)))
    body = {
        "session_hash": "fuzzing", "component_id": fuzzed.viewer_id, "fn_name": name,
        "data": data.draw(changed(FUNCTIONS[name])),
    }  # fmt: skip
    _ask(fuzzed, growth, "component_server", body)


def _ask(fuzzed: Fuzzed, growth: Growth, route: str, body: Any) -> None:
    ask = partial(fuzzed.post, route, body)
    with quick(_SECONDS_OF_ALL_POINTS if "segment_everything" in route else MAX_SECONDS):
        answer = ask()
        event = answer.json().get("event_id") if answer.status_code == 200 and "call/" in route else None
        if event is not None:
            answer = fuzzed.client.get(f"gradio_api/{route}/{event}")
    fuzzed.check(answer)
    growth.look()


def test_right_requests_are_answered(fuzzed: Fuzzed) -> None:
    """Or all that is made of them would be refused at the first look."""
    for endpoint, inputs in INPUTS.items():
        asked = (
            {**inputs, "ground_truth": None, "ground_truth_label": None} if endpoint == "compare" else inputs
        )
        assert "data" in fuzzed.post(*_run(endpoint, asked)).json(), endpoint
    for name, given_data in FUNCTIONS.items():
        body = {
            "session_hash": "fuzzing", "component_id": fuzzed.viewer_id, "fn_name": name, "data": given_data,
        }  # fmt: skip
        assert "error" not in fuzzed.post("component_server", body).json(), name


def test_memory_has_not_grown(growth: Growth) -> None:
    growth.check()
