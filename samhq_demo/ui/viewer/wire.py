"""What crosses the wire between Python and the viewer in the browser: the types of js/wire.js, key by key.

What the browser sends is checked where it is read; the types of it say what a right one looks like.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from samhq_demo.masks.runs import Rle
from samhq_demo.prompts.prompt import PromptJson
from samhq_demo.prompts.refinement import RefineStepJson
from samhq_demo.results.comparison import Branch
from samhq_demo.results.json_types import (
    ComparisonJson,
    ImageSizeJson,
    ObjectComparisonJson,
    ObjectPreviewJson,
    PreviewJson,
)

FunctionName = Literal["decode", "mask", "prompts", "export", "code", "again", "stop", "place"]
"""Python's functions that the browser calls, JSON in and out."""

Missing = Literal["queue", "masks", "picture"]
"""What an answer lacks."""


class Settings(TypedDict, total=False):
    """What is sent along with every question; `model` is a checkpoint's name."""

    model: str | None
    multimask: bool | None
    hq_token_only: bool


class SentMask(TypedDict, total=False):
    """A mask in a question: whole the first time, then its id alone."""

    id: int
    size: list[int]
    counts: str


class QuestionJson(Settings):
    """One question; see `Question`."""

    picture: str
    sequence: int
    object: int
    prompt: PromptJson
    is_preview: bool
    steps: list[RefineStepJson]
    mask: SentMask | None
    truth: SentMask | None
    void: SentMask | None


class Needs(TypedDict):
    """Instead of an answer: what is missing for it."""

    needs: Missing


Answer = ComparisonJson | PreviewJson | Needs


class Failed(TypedDict, total=False):
    """What every function may answer instead. error: a sentence for the visitor."""

    error: str
    needs: Missing


class Reply(Failed, total=False):
    """An `Answer` as the browser reads it. sequence: of the question, where the queue answered it."""

    sequence: int
    model: str
    image: ImageSizeJson
    objects: list[ObjectComparisonJson] | list[ObjectPreviewJson]
    encoded: Literal["now", "cached", "shared"]
    milliseconds: dict[str, float]


class Choice(TypedDict):
    """Which of its candidates each branch shows, 0 the best."""

    sam: int
    sam_hq: int


class _ReadMask(TypedDict, total=False):
    void: Rle | None
    how: str


class FileMask(_ReadMask):
    """A mask from a file, with the file's name.

    void: of a true mask: the pixels that no score counts. how: how the file was read.
    """

    name: str
    rle: Rle


class _PromptedObject(TypedDict, total=False):
    name: str
    prompt: PromptJson
    steps: list[RefineStepJson]
    choice: Choice


class SavedObject(_PromptedObject, total=False):
    """An object that comes with a picture or from a file.

    Attributes:
        answer: as the API writes an object; the prompt is not asked for then.
    """

    number: int | None
    color: str | None
    mask: FileMask | None
    truth: FileMask | None
    answer: ObjectComparisonJson


class SavedFile(TypedDict):
    """What the page saves in a file, and reads from one."""

    image: ImageSizeJson
    objects: list[SavedObject]
    settings: Settings


class PromptsRequest(TypedDict):
    """The text of a saved file."""

    picture: str
    text: str


class PromptsReply(Failed, total=False):
    """What the file holds."""

    objects: list[SavedObject]
    settings: Settings


class Picture(TypedDict, total=False):
    """A picture that the viewer shows; an empty one: no picture any more.

    Attributes:
        id: its ticket.
        name: of its file, as its sender calls it.
        width, height: its own size, the space of all coordinates.
        file: what the browser shows.
        sent: the file as it came, {"path", "bytes"}.
    """

    id: str
    name: str
    width: int
    height: int
    file: dict[str, Any]
    sent: dict[str, Any]


class EverythingRequest(TypedDict):
    """Everything in a picture is to be found. sequence: of the browser's searches."""

    picture: str
    sequence: int
    model: str | None
    points_per_side: int
    crop_layers: int


class EveryMask(TypedDict):
    """One mask that was found.

    Attributes:
        point: of the grid.
        candidate: as in `FoundMask`.
        stays: the stability thresholds with which it stays, [low, high] each: over `low`, `high` at most.
    """

    rle: Rle
    bbox: list[float]
    area: int
    predicted_iou: float
    stability: float
    point: list[float]
    candidate: int
    stays: list[list[float]]


class Least(TypedDict):
    """Masks with lower scores are left out."""

    predicted_iou: float
    stability: float


class EverythingNews(Failed, total=False):
    """Of a search for everything: how far it is, or what was found.

    Attributes:
        sequence: the search's.
        done, points: of the grids of all crops, for both branches together.
        has_begun: the picture is encoded, and nobody is before this search any more.
        work: until then, a sentence that says what is waited for; empty where that cannot be told.
        is_over: nothing more comes; without masks it was stopped.
        sam, sam_hq: each the largest first.
        left_out: masks that are too many to be sent.
        least, first: what was asked for, and what of it is to be seen at first.
    """

    sequence: int
    done: int
    points: int
    has_begun: bool
    work: str
    is_over: bool
    sam: list[EveryMask]
    sam_hq: list[EveryMask]
    left_out: int
    least: Least
    first: Least
    milliseconds: float


class StopRequest(TypedDict):
    """A search is to be stopped."""

    picture: str
    sequence: int


class Stopped(Failed, total=False):
    """Whether it was under way; else it stops as soon as it has its turn."""

    stopped: bool


class PlaceRequest(TypedDict):
    """Where a page stands with this picture is wanted. queue: in which its event waits."""

    picture: str
    model: str | None
    queue: Literal["encode", "everything"]


class PlaceReply(Failed, total=False):
    """work: a sentence that says what is waited for; empty where nothing is."""

    work: str


class Message(TypedDict, total=False):
    """News from Python; see `viewer_message`."""

    picture: Picture
    objects: list[SavedObject]
    settings: Settings
    point: tuple[float, float]
    answer: Reply
    everything: EverythingNews
    progress: float
    work: str
    opening: bool
    kept: bool
    say: str
    is_error: bool
    stamp: str


class MaskRequest(TypedDict, total=False):
    """The mask in an uploaded file is wanted. label: the one that was chosen of several."""

    picture: str
    path: str
    label: str


class MaskReply(Failed, total=False):
    """The mask, see `FileMask`; or the labels in the file, and the sentence that one has to be chosen."""

    rle: Rle
    void: Rle | None
    how: str
    labels: list[str]


class ShownMaskJson(TypedDict):
    """A mask on the screen."""

    rle: Rle
    predicted_iou: float


class ShownObjectJson(TypedDict):
    """An object on the screen, to be exported."""

    name: str
    color: str
    prompt: PromptJson
    sam: ShownMaskJson
    sam_hq: ShownMaskJson


class ExportRequest(TypedDict):
    """A file that is wanted. what: a kind of file. branch: whose masks are in it."""

    picture: str
    what: str
    branch: Branch
    soft_edge: bool
    objects: list[ShownObjectJson]


class ExportReply(Failed, total=False):
    """Where the file is, and what to call it."""

    path: str
    name: str


class CodeObject(_PromptedObject, total=False):
    """An object that a program asks for."""

    mask: Rle | None
    truth: Rle | None
    void: Rle | None


class CodeRequest(TypedDict, total=False):
    """A program that is wanted, which asks what is on the screen."""

    picture: str
    language: Literal["python", "curl"]
    origin: str
    settings: Settings
    objects: list[CodeObject]


class CodeReply(Failed, total=False):
    """The program."""

    text: str


class AgainRequest(TypedDict, total=False):
    """A picture is shown again. path, name: of an upload of it, where the server has lost it."""

    picture: str
    path: str
    name: str


class AgainReply(Failed, total=False):
    """The picture, under the ticket that it had."""

    picture: Picture


class ViewerOptions(TypedDict):
    """What the viewer starts with."""

    settings: Settings
    hover: bool
    hover_below_ms: float
    patience_ms: float
    kept_as: str
