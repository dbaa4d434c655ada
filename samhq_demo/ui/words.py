"""Every text of the page, in one place. Plain strings: whoever puts one into HTML escapes it."""

from __future__ import annotations

TITLE = "SAM and SAM-HQ, side by side"
LEAD = (
    "Click an object, or draw a box around it: both models answer the same prompt. "
    "SAM-HQ is SAM with a finer mask output added and everything else left as it was."
)

PICTURE = "Picture"
PICTURE_ALT = "The picture, with the prompt drawn on it: click it to add to the prompt"
PICTURE_EMPTY = "Drop a picture here, or choose an example above"
SAM = "SAM"
SAM_HQ = "SAM-HQ"
ANSWER_ALT = "{model}'s mask over the picture"

TOOL = "A click marks"
TOOLS = {"object": "object", "background": "background", "box": "box (two clicks)"}
UNDO = "Undo"
CLEAR = "Clear"
ANOTHER = "New picture"

MODEL = "Model"
MODEL_AUTOMATIC = "automatic"
MODEL_INFO = "Automatic is the one that the line at the top names."
MULTIMASK = "Masks for a prompt"
MULTIMASK_INFO = "Automatic: best of three for a single click, which is ambiguous, else one."
MULTIMASK_AUTOMATIC, MULTIMASK_ONE, MULTIMASK_THREE = "automatic", "one mask", "best of three"
HQ_TOKEN = "SAM-HQ's mask"
HQ_TOKEN_INFO = "“HQ alone” suits pictures of a single object (hq_token_only)."
HQ_CORRECTS, HQ_ALONE = "HQ corrects SAM's", "HQ alone"

PREDICTED_IOU, STABILITY, AREA = "Predicted IoU", "Stability", "Area"
PREDICTED_IOU_HELP = "An estimate of the mask's IoU with the true object. It can pass 1; shown up to 1."
STABILITY_HELP = "IoU of the masks cut a little above and below the usual threshold: 1 is a firm edge."
AREA_HELP = "Pixels in the mask, and their share of the picture."
AGREEMENT, BOUNDARY = "Agreement IoU", "Boundary IoU"
AGREEMENT_HELP = "IoU between the two masks: 1 where the models say the same."
BOUNDARY_HELP = "The same near the two masks' edges only: it sees thin differences that IoU hides."
ONLY_SAM, ONLY_SAM_HQ = "Only SAM", "Only SAM-HQ"
ONLY_HELP = "Pixels that only this model has in its mask."
ENCODE, DECODE = "Encode", "Decode"
ENCODE_HELP = "Time for the picture itself, once for both models."
DECODE_HELP = "Time for the prompt, both models together."
ANSWERED_BY = "Answered by"
ENCODED = {"now": "now", "cached": "kept", "shared": "shared"}
ESTIMATE = (
    "Predicted IoU is the estimate of SAM's own score head in both columns: "
    "no score is trained for the HQ mask."
)
PROMPT = "Prompt, in picture pixels"

NO_VALUE = "–"

START = "Choose an example, or bring a picture."
READING = "Reading the picture…"
READY = "Ready: click an object in the picture."
ENCODING = "Encoding the picture, {width} × {height} pixels…"
ANSWERING = "SAM and SAM-HQ are answering…"
ANSWERING_ONCE_ENCODED = "Encoding the picture; the answer follows…"
ANSWERED = "Answered in {total}."
ONLY_BACKGROUND = "Only background so far: add a point on the object, or a box around it."
SECOND_CORNER = "First corner set: click the opposite one."
FIRST_A_PICTURE = "First choose an example or bring a picture, then click in it."
NOTHING_TO_UNDO = "Nothing to undo."
NO_PICTURE_SENT = "No picture arrived: choose an image file."
NO_SUCH_EXAMPLE = "There is no such example."

TINY = "tiny"
TINY_KNOWS = "tiny knows only drawn shapes: on photos its masks are poor."


def parameters(count: int) -> str:
    """A number of parameters, short: 93.7 M."""
    millions = count / 1e6
    return f"{millions:.1f} M" if millions >= 10 else f"{millions:.2f} M"


def model_choice(name: str, *, total: int, of_hq: int, available: bool) -> str:
    """One line of the model menu."""
    counted = f": {parameters(total)} parameters, {parameters(of_hq)} of them SAM-HQ's own" if total else ""
    return f"{name}{counted}{'' if available else ' (not on this machine)'}"


def duration(milliseconds: float) -> str:
    """A time with two or three digits: 42 ms, 1.3 s."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def answering_model(message: str, *, model: str | None) -> str:
    """Which model answers and why, and what is to be known of it."""
    if model == TINY and "drawn shapes" not in message:
        return f"{message} {TINY_KNOWS}"
    return message
