"""The earlier prompts that a prompt refines: the logits of each answer are the next one's mask input.

The official predictors do it by hand: they return low-resolution logits (`low_res_masks`), which the caller
gives back as `mask_input`. Here the caller names the prompts, and their answers are computed anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from samhq_demo.parsing import errors_of, items_of, parse_each, short_repr
from samhq_demo.prompts.prompt import Prompt, PromptJson

MAX_REFINE_STEPS = 16
CANDIDATES = 3

_STEP = "Step {} of refine_from"
_PROMPT_KEYS = ("points", "labels", "box")
_CANDIDATE_KEYS = ("sam_candidate", "sam_hq_candidate")


class RefineStepJson(PromptJson):
    """An earlier prompt as it leaves Python; what comes in may leave out any key."""

    sam_candidate: int
    sam_hq_candidate: int


@dataclass(frozen=True, slots=True)
class RefineStep:
    """An earlier prompt, and which of each model's candidates goes on, counted from the best: 0, 1 or 2.

    Raises ValueError (one sentence) for another candidate. Whether there are candidates to choose from
    depends on what goes before: see `within`.
    """

    prompt: Prompt
    sam_candidate: int = 0
    sam_hq_candidate: int = 0

    def __post_init__(self) -> None:
        for key in _CANDIDATE_KEYS:
            object.__setattr__(self, key, _candidate(getattr(self, key), key))

    def within(
        self, size_wh: tuple[int, int], *, multimask_output: bool | None, has_mask_input: bool
    ) -> "RefineStep":
        """This step fitted to a picture of `size_wh` pixels, as its prompt is by `Prompt.within`.

        Raises ValueError where the prompt does not fit, and for a candidate other than 0 of a single mask.
        """
        prompt = self.prompt.within(size_wh, has_mask_prompt=has_mask_input)
        if not prompt.has_candidates(multimask_output, has_mask_input=has_mask_input):
            for key in _CANDIDATE_KEYS:
                if getattr(self, key):
                    raise ValueError(
                        f"{key} is {getattr(self, key)}, but the answer is a single mask: "
                        "leave it out or set multimask to true."
                    )
        return replace(self, prompt=prompt)

    def to_json(self) -> RefineStepJson:
        return {
            **self.prompt.to_json(),
            "sam_candidate": self.sam_candidate,
            "sam_hq_candidate": self.sam_hq_candidate,
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> "RefineStep":
        """Read the form that `to_json` writes, in which each key may be absent or None."""
        if not isinstance(mapping, Mapping):
            raise ValueError(
                f"A step must be an object with the keys of a prompt, not {short_repr(mapping)}."
            )
        unknown = [key for key in mapping if key not in (*_PROMPT_KEYS, *_CANDIDATE_KEYS)]
        if unknown:
            raise ValueError(
                f"A step has no key {short_repr(unknown[0])}: its keys are "
                f"{', '.join((*_PROMPT_KEYS, _CANDIDATE_KEYS[0]))} and {_CANDIDATE_KEYS[1]}."
            )
        chosen = {key: mapping[key] for key in _CANDIDATE_KEYS if mapping.get(key) is not None}
        return cls(Prompt.from_json({key: mapping.get(key) for key in _PROMPT_KEYS}), **chosen)


def parse_refine_steps(value: Any) -> tuple[RefineStep, ...]:
    """Read up to MAX_REFINE_STEPS steps in their JSON form, oldest first; None is none.

    ValueError says which one is wrong.
    """
    if value is None:
        return ()
    items = items_of(value, rule="refine_from must be a list of earlier prompts, oldest first")
    check_step_count(items)
    return parse_each(items, RefineStep.from_json, name=_STEP)


def steps_within(
    steps: Sequence[RefineStep],
    size_wh: tuple[int, int],
    *,
    multimask_output: bool | None,
    has_mask_prompt: bool,
) -> tuple[RefineStep, ...]:
    """A whole chain fitted to a picture: every step but the first starts from the one before.

    Args:
        has_mask_prompt: whether the first step starts from a rough mask.

    Raises ValueError, which says which one does not fit.
    """
    fitted = []
    for number, step in enumerate(steps, start=1):
        with errors_of(_STEP.format(number)):
            has_mask_input = has_mask_prompt or number > 1
            fitted.append(
                step.within(size_wh, multimask_output=multimask_output, has_mask_input=has_mask_input)
            )
    return tuple(fitted)


def check_step_count(steps: Sequence[object]) -> None:
    """ValueError for more than MAX_REFINE_STEPS."""
    if len(steps) > MAX_REFINE_STEPS:
        raise ValueError(
            f"There are {len(steps)} steps in refine_from: a prompt refines at most {MAX_REFINE_STEPS}."
        )


def _candidate(value: Any, key: str) -> int:
    if not isinstance(value, bool) and isinstance(value, Real) and value in range(CANDIDATES):
        return int(float(value))
    raise ValueError(f"{key} must be 0, the best, 1 or 2, not {short_repr(value)}.")
