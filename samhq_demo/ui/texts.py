"""Every text of the page that Python writes, in one place; the viewer's own stand in its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Literal

from samhq_demo.library import FALLBACK_LEARNED
from samhq_demo.model_status import ModelDescription, Outlook, ServiceStatus
from samhq_demo.photo_scores import PhotoScores
from samhq_demo.ui.examples import Example
from samhq_demo.weights.catalog import FALLBACK, PREFERRED

Mood = Literal["done", "busy", "wrong"]

TITLE = "SAM and SAM-HQ, side by side"
_SAM = "https://arxiv.org/abs/2304.02643"
_SAM_HQ = "https://arxiv.org/abs/2306.01567"
_LEAD = (
    "Click an object or drag a box around it: {sam} and {sam_hq} answer the same prompt, "
    "and you see which mask is better. {sources}."
)
SKIP = "Skip to the picture"
SOURCES = "Papers, code, weights, licenses and photo credits"

PICTURE_ALT = "The picture: click it here too to mark the object"
OPEN = "Open a picture"
MODEL = "Model"
MODEL_AUTOMATIC = "automatic"
MORE = "More"

READING = "Reading the picture …"
LOADING = "Loading the model {model} …"
ENCODING = "Encoding the picture, once for both models …"
NEXT = "The server is busy with others: you are next …"
BEFORE_YOU = "The server is busy with others: {count} are before you …"
FIRST_A_PICTURE = "First choose an example or open a picture, then click in it."
NO_PICTURE_SENT = "No picture arrived: choose an image file."
NO_SUCH_EXAMPLE = "There is no such example."
PICTURE_GONE = "The server no longer has this picture: open it again."

EVALUATE = "Is SAM-HQ better on my pictures? Evaluate up to 20 of them"
EVALUATE_HOW = (
    "Bring pictures and their true masks (white on black, or a map of labels, each an object), of the same "
    "names, or a zip with both. Both models are asked for every object; the numbers are those of the command "
    "samhq-demo evaluate."
)
PICTURES = "Pictures"
TRUTHS = "True masks"
ZIP = "Or a zip"
PROMPT_KIND = "What is asked"
PROMPT_KINDS = (
    ("the box of the truth, as in the paper", "box"),
    ("one random click", "clicks"),
    ("clicks in the errors, up to 20", "interactive"),
)
EVALUATE_START = "Evaluate"
EVALUATE_STOP = "Stop"
YOUR_PICTURES = "Your pictures"
EVALUATED = "{done} of {of} pictures are done …"
EVALUATION_DONE = "Done. Open shows an object above, with its prompt and truth."
EVALUATION_STOPPED = "Stopped."
EVALUATION_GONE = "The server no longer has the files of this evaluation: evaluate them again."
NO_SUCH_ROW = "There is no such row in the evaluation."
EVALUATION_COLUMNS = (
    "Object", "SAM IoU", "SAM-HQ IoU", "SAM boundary", "SAM-HQ boundary", "Gain", "In the viewer",
)  # fmt: skip
EVALUATION_GALLERIES = ("Largest wins of SAM-HQ", "Largest losses of SAM-HQ")

NOTE = (
    "SAM's own confidence (predicted IoU) is SAM's estimate for both masks: it does not say which is better.",
    "A ground truth does: most examples come with one, and you can load one for a picture of your own.",
    "For thin objects draw a box: that is where SAM-HQ gains most.",
)

ABOUT = "What the scores mean, and what SAM-HQ adds"
_KEPT = (
    "What becomes of your pictures",
    "A picture that you open goes to this server, and with what is made of it is deleted there after a day, "
    "at the latest an hour later; sooner where room is needed, and when the server stops. Only who knows its "
    "ticket can ask about it, and your browser alone does. The browser keeps the last ones, with your "
    "prompts, for a day too, so that a reload brings them back. The log has no pictures and no prompts, and "
    "nothing is learned from them.",
)
_MEANINGS = (
    (
        "SAM's own confidence",
        "predicted IoU in the papers and in the API: how good SAM's score head thinks the mask is, as "
        "overlap with the true object. For both masks it is SAM's own estimate: no score was trained for the "
        "HQ mask. An estimate can pass 1, which no overlap does; here it is shown up to 1, and the API gives "
        "it as it is.",
    ),
    (
        "True IoU",
        "the overlap with the ground truth, if you load one: the pixels in both by those in either. It says "
        "which model is better; the prediction does not. Boundary IoU is the same within a narrow band along "
        "the edges, so it sees thin parts and fine borders that IoU hides in a large object.",
    ),
    (
        "Stability",
        "overlap of the masks cut a little above and a little below the usual threshold: 1 is a firm edge.",
    ),
    ("Agreement", "the overlap of SAM's mask with SAM-HQ's: where it is 1, the models say the same."),
    (
        "Candidates",
        "a single click can mean a button, a shirt or a person. Each model offers three masks, and the one "
        "in which SAM has the most confidence is shown first. Their orders are each model's own.",
    ),
    (
        "Refine",
        "feeds each model its own answer back as a first mask (SAM's mask_input); then click where it is "
        "wrong.",
    ),
    (
        "SAM-HQ's mask",
        "SAM-HQ adds a finer mask output to SAM and leaves everything else as it is. "
        "The HQ output corrects SAM's mask, which suits pictures of many objects, or is taken alone "
        "(hq_token_only), which its authors advise for a single one.",
    ),
)


# What, whose, address, license.
_SOURCES = (
    ("Paper", "SAM: Segment Anything (2023)", _SAM, ""),
    ("Paper", "SAM-HQ: Segment Anything in High Quality (2023)", _SAM_HQ, ""),
    ("Code", "SAM", "https://github.com/facebookresearch/segment-anything", "Apache-2.0"),
    ("Code", "SAM-HQ", "https://github.com/SysCV/sam-hq", "Apache-2.0"),
    ("Weights", "SAM: base", "https://huggingface.co/facebook/sam-vit-base", "Apache-2.0"),
    ("Weights", "SAM: large", "https://huggingface.co/facebook/sam-vit-large", "Apache-2.0"),
    ("Weights", "SAM: huge", "https://huggingface.co/facebook/sam-vit-huge", "Apache-2.0"),
    ("Paper", "TinyViT, the encoder of light (2022)", "https://arxiv.org/abs/2207.10666", ""),
    ("Paper", "MobileSAM, the SAM of light (2023)", "https://arxiv.org/abs/2306.14289", ""),
    ("Weights", "SAM-HQ and SAM: light", "https://huggingface.co/lkeab/hq-sam", "Apache-2.0"),
    ("Weights", "SAM-HQ: base", "https://huggingface.co/syscv-community/sam-hq-vit-base", "Apache-2.0"),
    ("Weights", "SAM-HQ: large", "https://huggingface.co/syscv-community/sam-hq-vit-large", "Apache-2.0"),
    ("Weights", "SAM-HQ: huge", "https://huggingface.co/syscv-community/sam-hq-vit-huge", "Apache-2.0"),
    ("Weights", "tiny: trained by this project, comes with it", "", "Apache-2.0"),
)
# In an example's source and license: [text](address), an address, or `code`.
_MARKED = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)|(https?://[^\s;,]+)|`([^`]+)`")


def waiting(before: int) -> str:
    """Where somebody stands in line: `before` others come first, those among them who are served now."""
    return NEXT if before == 1 else BEFORE_YOU.format(count=before)


def lead_html() -> str:
    """The page's name, what one does here, and both models' names in full with their papers."""
    text = _LEAD.format(
        sam=_link("SAM (Segment Anything)", _SAM),
        sam_hq=_link("SAM-HQ (Segment Anything in High Quality)", _SAM_HQ),
        # Not in a new tab: it is on this page.
        sources=f'<a href="#sources">{escape(SOURCES)}</a>',
    )
    skip = f'<a class="skip" href="#stage">{escape(SKIP)}</a>'
    return f"{skip}<h1>{escape(TITLE)}</h1><p>{text}</p>"


def sources_html(examples: Sequence[Example]) -> str:
    """Where all that is shown comes from, and under which license; folded until `#sources` is gone to."""
    works = [
        f"<tr><td>{escape(kind)}</td><th scope='row'>{_link(name, address) if address else escape(name)}</th>"
        f"<td>{escape(license_name)}</td></tr>"
        for kind, name, address, license_name in _SOURCES
    ]
    pictures = [
        f"<tr><td>{'Photo' if example.is_photo else 'Drawing'}</td>"
        f"<th scope='row'>{escape(example.object_name)}: {_marked(example.source)}</th>"
        f"<td>{_marked(example.license)}</td></tr>"
        for example in examples
    ]
    return (
        f"<details><summary>{escape(SOURCES)}</summary><div id='sources'><table><tbody>"
        f"{''.join(works + pictures)}</tbody></table></div></details>"
    )


def _link(text: str, address: str) -> str:
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(text)}</a>'


def _marked(text: str) -> str:
    """A text with links and code, as the examples' list has them, as HTML."""
    parts, end = [], 0
    for found in _MARKED.finditer(text):
        parts.append(escape(text[end : found.start()]))
        label, address, bare, code = found.groups()
        parts.append(f"<code>{escape(code)}</code>" if code else _link(label or bare, address or bare))
        end = found.end()
    return "".join((*parts, escape(text[end:])))


def parameters(count: int) -> str:
    """A number of parameters, short: 93.7 M."""
    millions = count / 1e6
    return f"{millions:.1f} M" if millions >= 10 else f"{millions:.2f} M"


def model_choice(model: ModelDescription) -> str:
    """One line of the model menu. Where the weights are not here, how much choosing it downloads."""
    if model.available:
        return f"{model.name} ({parameters(model.parameters)} parameters)" if model.parameters else model.name
    if not model.download_bytes:
        return f"{model.name} (to download)"
    gigabytes = model.download_bytes / 1e9
    size = f"{gigabytes:.1f} GB" if gigabytes >= 0.1 else f"{1000 * gigabytes:.0f} MB"
    return f"{model.name} ({size} to download)"


def on_photos(scores: PhotoScores) -> str:
    """What the bundled checkpoint learned from, and how good it was measured to be on photos."""
    return (
        f"{FALLBACK} learned from {FALLBACK_LEARNED}; on {scores.photos} photos that it never saw its mean "
        f"IoU is {scores.click_iou:.2f} by a click, {scores.click_best_of_three_iou:.2f} with the best of "
        f"three candidates, and {scores.box_iou:.2f} by a box."
    )


def answering_html(status: ServiceStatus, scores: PhotoScores | None, *, wish: Outlook | None = None) -> str:
    """Which model answers, in a line or two, and, where that is a small one, what lies behind "More".

    Args:
        wish: of a model that was chosen and is not here, in place of what is said of the one that answers.
    """
    mood: Mood = "done" if status.ready else ("busy" if status.model else "wrong")
    if not status.is_small:
        line = escape(wish.message if wish else status.message)
        return f'<span class="mood" data-mood="{mood}" data-size="full">{line}</span>'
    measured = scores if status.model == FALLBACK else None
    line = _in_brief(status, wish, measured)
    more = [on_photos(measured) if measured else "", status.advice, _why(status, wish)]
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in more if sentence)
    summary = f"<summary>{escape(line)} <u>{MORE}</u></summary>"
    return (
        f'<details class="mood" data-mood="{mood}" data-size="small">{summary}'
        f'<div class="told">{told}</div></details>'
    )


def _in_brief(status: ServiceStatus, wish: Outlook | None, measured: PhotoScores | None) -> str:
    """What is so now, and the one figure that tells what to expect."""
    now = wish.brief if wish else status.brief
    if now == f"{status.model} answers.":
        now = f"{status.model} answers; {PREFERRED} is sharper."
    return f"{now} {FALLBACK}'s IoU on photos: {measured.click_iou:.2f} by a click." if measured else now


def _why(status: ServiceStatus, wish: Outlook | None) -> str:
    """All of what the line leaves out the reason of; empty where it leaves out nothing."""
    told = wish or status
    return told.message if told.reason else ""


def about_html(models: Sequence[ModelDescription]) -> str:
    """What the scores mean, what is kept, and the parameters of each model, as they were counted."""
    note = "".join(f"<p>{escape(sentence)}</p>" for sentence in NOTE)
    meanings = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in (*_MEANINGS, _KEPT)
    )
    rows = "".join(
        f"<tr><th scope='row'>{escape(model.name)}</th><td>{parameters(model.parameters)}</td>"
        f"<td>{parameters(model.hq_parameters)}, {model.hq_parameters / model.parameters:.1%}</td>"
        f"<td>{escape(model.source)}</td></tr>"
        for model in models
        if model.parameters
    )
    head = "<th scope='col'>Model</th><th scope='col'>Parameters</th><th scope='col'>SAM-HQ's own</th>"
    return (
        f"{note}<dl>{meanings}</dl><table><thead><tr>{head}<th scope='col'>Weights</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
