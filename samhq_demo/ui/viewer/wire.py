"""What crosses the wire between Python and the viewer in the browser: the same names as in its js/wire.js.

What the browser sends is checked where it is read; the types of it say what a right one looks like.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from samhq_demo.masks.runs import Rle
from samhq_demo.prompts.prompt import PromptJson
from samhq_demo.prompts.refinement import RefineStepJson
from samhq_demo.results.comparison import Branch
from samhq_demo.results.json_types import ComparisonJson, ImageJson, ObjectComparisonJson, PreviewJson


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
    is_sketch: bool
    steps: list[RefineStepJson]
    mask: SentMask | None
    truth: SentMask | None


class Needs(TypedDict):
    """Instead of an answer: what is missing for it."""

    needs: Literal["queue", "masks", "picture"]


Answer = ComparisonJson | PreviewJson | Needs


class Choice(TypedDict):
    """Which of its candidates each branch shows, 0 the best."""

    sam: int
    sam_hq: int


class FileMask(TypedDict):
    """A mask from a file, with the file's name.

    void: of a true mask: the pixels that no score counts. how: how the file was read.
    """

    name: str
    rle: Rle
    void: NotRequired[Rle | None]
    how: NotRequired[str]


class SavedObject(TypedDict, total=False):
    """An object that comes with a picture or from a file.

    answer: as the API writes an object; the prompt is not asked for then.
    """

    name: str
    number: int | None
    color: str | None
    prompt: PromptJson
    steps: list[RefineStepJson]
    choice: Choice
    mask: FileMask | None
    truth: FileMask | None
    answer: ObjectComparisonJson


class SavedPrompts(TypedDict):
    """Objects and settings of a file that the page saved; in the file, beside the picture's size."""

    objects: list[SavedObject]
    settings: Settings


class SavedFile(SavedPrompts):
    """The file itself."""

    image: ImageJson


class Picture(TypedDict, total=False):
    """A picture that the viewer shows; an empty one: no picture any more.

    id: its ticket. name: of its file, as its sender calls it. width, height: its own size, the space of all
    coordinates. file: what the browser shows. sent: the file as it came, {"path", "bytes"}.
    """

    id: str
    name: str
    width: int
    height: int
    file: dict[str, Any]
    sent: dict[str, Any]


class Message(TypedDict, total=False):
    """News from Python; see `viewer_message`."""

    picture: Picture
    objects: list[SavedObject]
    settings: Settings
    point: tuple[float, float]
    answer: dict[str, Any]
    progress: float
    work: str
    kept: bool
    say: str
    is_error: bool
    stamp: str


class MaskReply(TypedDict):
    """The mask in an uploaded file; see `FileMask`."""

    rle: Rle
    void: Rle | None
    how: str


class LabelsReply(TypedDict):
    """The labels in an uploaded file, of which one has to be chosen, and the sentence that says so."""

    labels: list[str]
    error: str


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
    """A file that is wanted. what: a kind of file. model: here a branch."""

    picture: str
    what: str
    model: Branch
    soft_edge: bool
    objects: list[ShownObjectJson]


class ExportReply(TypedDict):
    """Where the file is, and what to call it."""

    path: str
    name: str


class CodeObject(TypedDict, total=False):
    """An object that a program asks for."""

    name: str
    prompt: PromptJson
    steps: list[RefineStepJson]
    mask: Rle | None
    truth: Rle | None
    void: Rle | None
    choice: Choice


class CodeRequest(TypedDict, total=False):
    """A program that is wanted, which asks what is on the screen."""

    picture: str
    language: Literal["python", "curl"]
    origin: str
    settings: Settings
    objects: list[CodeObject]


class CodeReply(TypedDict):
    """The program."""

    text: str


class ViewerOptions(TypedDict):
    """What the viewer starts with."""

    settings: Settings
    hover: bool
    hover_below_ms: float
    patience_ms: float
    kept_as: str
