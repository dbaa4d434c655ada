"""The endpoints for programs, over gradio_client, HTTP and MCP.

Gradio shows the type hints here in "View API" and in the MCP schema, but holds no request to them:
everything is checked. It reads hints at run time, so they must not become strings (no `annotations` from
`__future__`). Of a docstring it takes what stands before "Args:", and one line for each argument and result.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, TypedDict, cast

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import Context
from gradio.events import api
from gradio.utils import get_function_description

from samhq_demo.export.drawing import Pixels
from samhq_demo.export.everything import everything_overlay
from samhq_demo.masks.runs import Runs
from samhq_demo.parsing import errors_of, from_json_text, short_repr
from samhq_demo.pictures import Picture, SeveralLabelsError, read_mask, read_true_mask
from samhq_demo.prompts.everything import DEFAULTS, EverythingOptions
from samhq_demo.prompts.prompt import Prompt, parse_prompts
from samhq_demo.prompts.refinement import parse_refine_steps
from samhq_demo.prompts.request import Request
from samhq_demo.service import CompareService
from samhq_demo.ui.errors import gradio_errors, guard_calls, guard_inputs
from samhq_demo.ui.place import EVERYTHING_QUEUE
from samhq_demo.ui.readings import Readings
from samhq_demo.ui.served import write_mask, write_overlay, written_files
from samhq_demo.ui.turns import keep_turns
from samhq_demo.ui.uploads import UploadedFile, received_file

# Requests answered at a time. More than one, so that a click on a known picture need not wait while a new one
# is encoded; few, as they share the machine's cores.
CONCURRENCY = 4

Answer = tuple[dict[str, Any], gr.FileData, gr.FileData]

# Every list may be its JSON text, and every number in one its text: language models send them so, and the MCP
# schema, which these types become, has to let them through.
Number = float | str
Points = list[list[Number] | str] | str | None
Labels = list[int | str] | str | None
Box = list[Number] | str | None
Candidate = int | str | None


class PromptInput(TypedDict, total=False):
    """One object of /compare_many. Every key may be left out or null."""

    points: Points
    labels: Labels
    box: Box


class RefineStepInput(PromptInput, total=False):
    """An earlier prompt that /compare refines. Every key may be left out or null."""

    sam_candidate: Candidate
    sam_hq_candidate: Candidate


class Endpoints:
    """What programs can call; a method's name and docstring are what MCP shows of it as a tool."""

    def __init__(self, service: CompareService) -> None:
        self._service = service
        self._readings = Readings()

    @gradio_errors("/compare")
    def compare(
        self,
        image: UploadedFile,
        points: Points = None,
        labels: Labels = None,
        box: Box = None,
        model: str | None = None,
        multimask: bool | None = None,
        hq_token_only: bool = False,
        mask_prompt: UploadedFile | None = None,
        ground_truth: UploadedFile | None = None,
        refine_from: list[RefineStepInput | str] | str | None = None,
        ground_truth_label: int | str | None = None,
    ) -> tuple[dict[str, Any], gr.FileData, gr.FileData]:
        """Cut one object out of a picture with SAM and with SAM-HQ, and compare the two masks.

        Say which object by at least one point on it, a box around it or a rough mask of it. Coordinates are
        pixels of the upright picture (EXIF rotation applied): origin top left, x to the right, y down.
        Example: image = photo.jpg, points = [[450, 600], [500, 40]], labels = [1, 0].

        To refine an earlier answer, name its prompt in refine_from, after the prompts that it refined itself:
        the logits of each answer are what the next prompt starts from. Of three candidates the best goes on,
        or the one that sam_candidate and sam_hq_candidate give, counted from the best: 0, 1 or 2.

        Args:
            image: the picture, in any format that Pillow reads, up to 64 megapixels
            points: clicks as [x, y] in pixels, e.g. [[450, 600]]; at most 256; default none
            labels: for each point 1 (on the object) or 0 (on the background), e.g. [1, 0]; default all 1
            box: [x0, y0, x1, y1] in pixels around the object, e.g. [380, 520, 610, 700]; default none
            model: a name that the tool models lists, e.g. "tiny"; default the one that is active
            multimask: true offers three candidates, best first; null (default) is true for one point alone
            hq_token_only: false (default) adds the HQ mask to SAM's; true gives the HQ mask alone
            mask_prompt: a rough mask to start from, of the picture's size, white on the object; default none
            ground_truth: the true mask, of the picture's size; adds both models' true scores; default none
            refine_from: up to 16 earlier prompts, oldest first, e.g. [{"points": [[450, 600]]}]; default none
            ground_truth_label: where ground_truth is a map of labels, the one to score by: 1 or "#800000"

        Returns:
            result: JSON with each model's predicted_iou, area, bbox and COCO rle, and how far they agree
            sam_mask: SAM's mask, an 8-bit gray PNG of the picture's size, 255 in the mask and else 0
            sam_hq_mask: SAM-HQ's mask, likewise
        """
        given = {"points": points, "labels": labels, "box": box}
        prompt = {name: from_json_text(value, name=name) for name, value in given.items()}
        request = Request(
            (Prompt.from_json(prompt),),
            refine_from=parse_refine_steps(from_json_text(refine_from, name="refine_from")),
            model=model,
            multimask_output=multimask,
            hq_token_only=hq_token_only,
        )
        if ground_truth is None and ground_truth_label is not None:
            raise ValueError(
                "ground_truth_label is given without ground_truth: give the file, or leave both out."
            )
        return self._answer(
            image,
            request,
            lambda picture: {
                "mask_prompt": _mask(mask_prompt, picture),
                **_true_mask(ground_truth, picture, label=ground_truth_label),
            },
        )

    @gradio_errors("/compare_many")
    def compare_many(
        self,
        image: UploadedFile,
        prompts: list[PromptInput | str] | str,
        model: str | None = None,
        multimask: bool | None = None,
        hq_token_only: bool = False,
    ) -> tuple[dict[str, Any], gr.FileData, gr.FileData]:
        """Cut up to 32 objects out of one picture with SAM and with SAM-HQ, and compare the masks of each.

        A prompt is one object: points on it, a box around it, or both. Coordinates are pixels of the upright
        picture (EXIF rotation applied): origin top left, x to the right, y down. Example: image = photo.jpg,
        prompts = [{"points": [[450, 600], [500, 40]], "labels": [1, 0]}, {"box": [30, 40, 200, 310]}].

        Args:
            image: the picture, in any format that Pillow reads, up to 64 megapixels
            prompts: 1 to 32 objects, each with points, labels (1 object, 0 background) and box as in compare
            model: a name that the tool models lists, e.g. "tiny"; default the one that is active
            multimask: true offers three candidates, best first; null (default) is true for one point alone
            hq_token_only: false (default) adds the HQ mask to SAM's; true gives the HQ mask alone

        Returns:
            result: JSON as from compare, its list "objects" with one entry for each prompt, in order
            sam_mask: SAM's masks of all objects in one 8-bit gray PNG, 255 in a mask and else 0
            sam_hq_mask: SAM-HQ's masks, likewise
        """
        request = Request(
            parse_prompts(from_json_text(prompts, name="prompts")),
            model=model,
            multimask_output=multimask,
            hq_token_only=hq_token_only,
        )
        return self._answer(image, request, lambda _: {})

    @gradio_errors("/segment_everything")
    def segment_everything(
        self,
        image: UploadedFile,
        model: str | None = None,
        points_per_side: int = DEFAULTS["points_per_side"],
        predicted_iou_threshold: float = DEFAULTS["predicted_iou_threshold"],
        stability_threshold: float = DEFAULTS["stability_threshold"],
        box_nms_threshold: float = DEFAULTS["box_nms_threshold"],
        crop_layers: int = DEFAULTS["crop_layers"],
        min_area: int = DEFAULTS["min_area"],
    ) -> tuple[dict[str, Any], gr.FileData, gr.FileData]:
        """Find all objects and parts in a picture with SAM and with SAM-HQ, without saying where any is.

        A grid of points is asked; masks that are sure and stable stay, one for each thing. What each input
        means, and its default, are the official SamAutomaticMaskGenerator's. The small model tiny is seldom
        sure: lower predicted_iou_threshold to 0.5 for it. Example: image = photo.jpg.

        Args:
            image: the picture, in any format that Pillow reads, up to 64 megapixels
            model: a name that the tool models lists, e.g. "tiny"; default the one that is active
            points_per_side: the grid has so many points by so many; default 32
            predicted_iou_threshold: masks with a predicted IoU over it stay, 0 to 1; default 0.88
            stability_threshold: masks that are at least so stable stay, 0 to 1; default 0.95
            box_nms_threshold: of masks whose boxes overlap by more (IoU) the surest stays; default 0.7
            crop_layers: also look into 4, 16, ... overlapping crops for small things; default 0
            min_area: remove holes and separate pieces of fewer pixels; default 0

        Returns:
            result: JSON with "sam" and "sam_hq", lists of masks, largest first: rle, area, scores and so on
            sam_overlay: the picture with SAM's masks, each in a color of its own
            sam_hq_overlay: the same with SAM-HQ's
        """
        asked = {
            "points_per_side": points_per_side,
            "predicted_iou_threshold": predicted_iou_threshold,
            "stability_threshold": stability_threshold,
            "box_nms_threshold": box_nms_threshold,
            "crop_layers": crop_layers,
            "min_area": min_area,
        }
        options = EverythingOptions.of(
            **{name: from_json_text(value, name=name) for name, value in asked.items()}
        )
        chosen = _model(model)
        picture = self._readings.picture(received_file(image, name="image"))
        found = self._service.segment_everything(picture, options, model=chosen)
        return (
            found.to_json(),
            _overlay_file(everything_overlay(picture.pixels, found.sam), name="sam_overlay"),
            _overlay_file(everything_overlay(picture.pixels, found.sam_hq), name="sam_hq_overlay"),
        )

    @gradio_errors("/models")
    def models(self) -> list[dict[str, Any]]:
        """List the models that the other tools can be asked for.

        For each: its name, parameters (SAM-HQ's in all), hq_parameters (those that SAM does not have), source
        (where its weights come from), available (they are on this server) and active (it answers where no
        model is named). Example: {"name": "base", "parameters": 94793000, "hq_parameters": 1071000, "source":
        "owner/name", "available": true, "active": false}.

        Returns:
            models: JSON list of these
        """
        return [model.to_json() for model in self._service.models()]

    def _answer(self, image: object, request: Request, masks: Callable[[Picture], dict[str, Any]]) -> Answer:
        """The answer to a request, once the picture is read, and with `masks` those of `Request` for it."""
        picture = self._readings.picture(received_file(image, name="image"))
        comparison = self._service.compare(picture, replace(request, **masks(picture)))
        return (
            dict(comparison.to_json()),
            _mask_file(comparison.union("sam"), name="sam_mask"),
            _mask_file(comparison.union("sam_hq"), name="sam_hq_mask"),
        )


def register_api(service: CompareService) -> None:
    """Add the endpoints to the `gr.Blocks` whose context this is called in."""
    blocks = Context.root_block
    if blocks is None:
        raise RuntimeError("register_api must be called inside a gr.Blocks context.")
    guard_inputs(blocks)
    keep_turns(blocks)
    guard_calls(blocks)
    blocks.temp_file_sets.append(written_files().paths)
    endpoints = Endpoints(service)
    add = partial(_add, blocks)
    photo = {"path": "photo.jpg", "url": "photo.jpg", "meta": {"_type": "gradio.FileData"}}
    prompts = [{"points": [[450, 600]], "labels": [1]}, {"box": [30, 40, 200, 310]}]
    add(endpoints.compare, examples=(photo,))
    add(endpoints.compare_many, examples=(photo, prompts))
    # One picture at a time: it takes many times as long as a click, and uses all cores.
    add(endpoints.segment_everything, examples=(photo,), group=(EVERYTHING_QUEUE, 1))
    # What only reads a list need not wait for the others.
    add(endpoints.models, examples=(), queue=False)


def _add(
    blocks: gr.Blocks,
    method: Callable[..., Any],
    *,
    examples: Sequence[object],
    queue: bool = True,
    group: tuple[str, int] = ("api", CONCURRENCY),
) -> None:
    """Add a method as an endpoint of its name; queued, unless it never uses a GPU: ZeroGPU asks for that.

    Args:
        examples: for the inputs without a default, in order: "View API" has only "..." for them otherwise.
        group: of endpoints whose requests wait for each other, and how many are answered at a time.
    """
    endpoint = api(
        method,
        api_name=method.__name__,
        queue=queue,
        concurrency_limit=group[1],
        concurrency_id=group[0] if queue else None,
    )
    inputs = [cast(Api, blocks.blocks[number]) for number in endpoint["inputs"]]
    outputs = [cast(Api, blocks.blocks[number]) for number in endpoint["outputs"]]
    for component, example in zip(inputs, examples, strict=False):
        component.example_inputs = partial(deepcopy, example)  # type: ignore[method-assign]
    # "View API" would call them 1st, 2nd and so on, and say nothing of them.
    _, about_inputs, about_outputs = get_function_description(method)
    for component, (name, text) in zip(inputs, about_inputs.items(), strict=True):
        component.label = name
        component._api_info["additional_description"] = text
    for component, line in zip(outputs, about_outputs, strict=True):
        component.label, _, text = line.partition(": ")
        component._api_info["description"] = text


def _mask(value: object, picture: Picture) -> Runs | None:
    if value is None:
        return None
    source = received_file(value, name="mask_prompt")
    with errors_of("mask_prompt"):
        return read_mask(source, size_wh=picture.size_wh)


def _true_mask(value: object, picture: Picture, *, label: object) -> dict[str, Runs | None]:
    """{"ground_truth", "void"} of a file; nothing for None."""
    if value is None:
        return {}
    source = received_file(value, name="ground_truth")
    with errors_of("ground_truth"):
        try:
            read = read_true_mask(source, size_wh=picture.size_wh, label=label)
        except SeveralLabelsError as error:
            raise ValueError(f"{error} The input ground_truth_label chooses.") from error
    void = None if read.void is None else Runs.from_mask(read.void)
    return {"ground_truth": Runs.from_mask(read.mask), "void": void}


def _model(name: object) -> str | None:
    if name is not None and not isinstance(name, str):
        raise ValueError(f"model must be a name that /models lists, or null, not {short_repr(name)}.")
    return name


def _overlay_file(pixels: Pixels, *, name: str) -> gr.FileData:
    path = write_overlay(pixels, name=name)
    return gr.FileData(path=str(path), orig_name=f"{name}.jpg", mime_type="image/jpeg")


def _mask_file(mask: Runs, *, name: str) -> gr.FileData:
    path = write_mask(mask, name=name)
    return gr.FileData(path=str(path), orig_name=f"{name}.png", mime_type="image/png")
