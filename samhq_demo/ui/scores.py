"""The page's pieces of HTML: scores, the status line. Everything from outside is escaped here."""

from __future__ import annotations

import json
from html import escape
from typing import Literal

from samhq_demo.comparison import Comparison, MaskPrediction
from samhq_demo.prompts import Prompt
from samhq_demo.ui import words

Mood = Literal["idle", "busy", "done", "wrong"]


def status_html(text: str, mood: Mood) -> str:
    return f'<span class="mood" data-mood="{mood}">{escape(text)}</span>'


def heading_html(title: str, *, model: Literal["sam", "sam_hq"] | None = None) -> str:
    swatch = "" if model is None else f'<i class="swatch" data-model="{model}" aria-hidden="true"></i>'
    return f"<h2>{swatch}{escape(title)}</h2>"


def prediction_html(prediction: MaskPrediction | None, *, size_wh: tuple[int, int] = (0, 0)) -> str:
    """One model's scores; with None the same boxes without values, so that nothing moves when they come."""
    predicted, stability, area = (words.NO_VALUE,) * 3
    if prediction is not None:
        share = prediction.area / max(1, size_wh[0] * size_wh[1])
        # The estimate can pass 1, which no IoU does: clamped here, and only here.
        predicted = _score(min(max(prediction.predicted_iou, 0.0), 1.0))
        stability = _score(prediction.stability)
        area = f"{prediction.area:,} px <small>{share:.1%}</small>"
    return _list(
        (words.PREDICTED_IOU, words.PREDICTED_IOU_HELP, "predicted_iou", predicted),
        (words.STABILITY, words.STABILITY_HELP, "stability", stability),
        (words.AREA, words.AREA_HELP, "area", area),
    )


def agreement_html(comparison: Comparison | None) -> str:
    """How far the models agree on the first object, what it took, and its prompt for a program to send."""
    values = dict.fromkeys(("iou", "boundary", "only_sam", "only_sam_hq", "encode", "decode"), words.NO_VALUE)
    prompt, by = Prompt(), words.NO_VALUE
    if comparison is not None:
        answer = comparison.objects[0]
        prompt, by = answer.prompt, escape(comparison.model)
        took = comparison.milliseconds
        values = {
            "iou": _score(answer.agreement.iou),
            "boundary": _score(answer.agreement.boundary_iou),
            "only_sam": f"{answer.agreement.only_sam:,} px",
            "only_sam_hq": f"{answer.agreement.only_sam_hq:,} px",
            "encode": f"{words.duration(took['encode'])} <small>{words.ENCODED[comparison.encoded]}</small>",
            "decode": words.duration(took["decode"]),
        }
    listed = _list(
        (words.AGREEMENT, words.AGREEMENT_HELP, "agreement_iou", values["iou"]),
        (words.BOUNDARY, words.BOUNDARY_HELP, "agreement_boundary_iou", values["boundary"]),
        (words.ONLY_SAM, words.ONLY_HELP, "only_sam", values["only_sam"]),
        (words.ONLY_SAM_HQ, words.ONLY_HELP, "only_sam_hq", values["only_sam_hq"]),
        (words.ENCODE, words.ENCODE_HELP, "encode", values["encode"]),
        (words.DECODE, words.DECODE_HELP, "decode", values["decode"]),
        (words.ANSWERED_BY, "", "model", by),
    )
    written = "" if comparison is None else escape(json.dumps(prompt.to_json()))
    return (
        f'{listed}<p class="fine">{escape(words.ESTIMATE)}</p>'
        f'<p class="fine">{escape(words.PROMPT)}: <code data-key="prompt">{written}</code></p>'
    )


def _list(*rows: tuple[str, str, str, str]) -> str:
    """A description list of (name, help, key, value as HTML) rows."""
    items = "".join(
        f'<div title="{escape(explained)}"><dt>{escape(name)}</dt><dd data-key="{key}">{value}</dd></div>'
        for name, explained, key, value in rows
    )
    return f'<dl class="scores">{items}</dl>'


def _score(value: float) -> str:
    return f"{value:.3f}"
