"""What the endpoints say of themselves: names, types, defaults, descriptions, the queue."""

from __future__ import annotations

import httpx

from tests.support.servers import Served

META = {"_type": "gradio.FileData"}


def test_every_input_and_result_has_a_name_and_a_type(served: Served) -> None:
    endpoints = httpx.get(f"{served.url}gradio_api/info").json()["named_endpoints"]
    assert list(endpoints) == ["/compare", "/compare_many", "/segment_everything", "/models"]
    inputs = {
        name: {one["parameter_name"]: one["python_type"]["type"] for one in endpoint["parameters"]}
        for name, endpoint in endpoints.items()
    }
    options = {"model": "None | str", "multimask": "None | bool", "hq_token_only": "bool"}
    # Every list may be its JSON text, and every number its text.
    box, points = "list[float | str] | str | None", "list[list[float | str] | str] | str | None"
    labels, candidate = "list[int | str] | str | None", "int | str | None"
    step = f"dict(points: {points}, labels: {labels}, box: {box}, "
    step += f"sam_candidate: {candidate}, sam_hq_candidate: {candidate})"
    masks = {"mask_prompt": "None | filepath", "ground_truth": "None | filepath"}
    assert inputs == {
        "/compare": {
            "image": "filepath",
            "points": points,
            "labels": labels,
            "box": box,
            **options,
            **masks,
            "refine_from": f"list[{step} | str] | str | None",
            "ground_truth_label": "int | str | None",
        },
        "/compare_many": {
            "image": "filepath",
            "prompts": f"list[dict(points: {points}, labels: {labels}, box: {box}) | str] | str",
            **options,
        },
        "/segment_everything": {
            "image": "filepath",
            "model": "None | str",
            "points_per_side": "int",
            "predicted_iou_threshold": "float",
            "stability_threshold": "float",
            "box_nms_threshold": "float",
            "crop_layers": "int",
            "min_area": "int",
        },
        "/models": {},
    }
    defaults = {
        one["parameter_name"]: one["parameter_default"]
        for one in endpoints["/segment_everything"]["parameters"]
    }
    assert list(defaults.values())[1:] == [None, 32, 0.88, 0.95, 0.7, 0, 0]
    required = {
        name: [one["parameter_name"] for one in endpoint["parameters"] if not one["parameter_has_default"]]
        for name, endpoint in endpoints.items()
    }
    assert required == {
        "/compare": ["image"],
        "/compare_many": ["image", "prompts"],
        "/segment_everything": ["image"],
        "/models": [],
    }
    for name in ("/compare", "/compare_many"):
        returns = {one["label"]: one["python_type"]["type"] for one in endpoints[name]["returns"]}
        assert returns == {"result": "dict(str, Any)", "sam_mask": "filepath", "sam_hq_mask": "filepath"}
        assert "pixels of the upright picture" in endpoints[name]["description"]
        assert "Example:" in endpoints[name]["description"]


def test_every_input_and_result_is_described(served: Served) -> None:
    endpoints = httpx.get(f"{served.url}gradio_api/info").json()["named_endpoints"]
    for endpoint in endpoints.values():
        for one in endpoint["parameters"] + endpoint["returns"]:
            assert len(one["python_type"]["description"]) > 15
    compare = {one["label"]: one["python_type"]["description"] for one in endpoints["/compare"]["parameters"]}
    assert "in pixels, e.g. [[450, 600]]" in compare["points"]


def test_the_examples_in_view_api_have_the_form_that_is_asked_for(served: Served) -> None:
    endpoints = httpx.get(f"{served.url}gradio_api/info").json()["named_endpoints"]
    image, prompts = [one["example_input"] for one in endpoints["/compare_many"]["parameters"][:2]]
    assert image["meta"] == META
    assert [set(prompt) <= {"points", "labels", "box"} for prompt in prompts] == [True, True]


def test_whatever_may_use_a_gpu_is_queued(served: Served) -> None:
    queued = {function.api_name: function.queue for function in served.blocks.fns.values()}
    assert queued == {"compare": True, "compare_many": True, "segment_everything": True, "models": False}
