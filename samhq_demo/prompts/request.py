"""A request about one picture, as one value: made at the edge and handed whole to the models."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from samhq_demo.masks.runs import Runs
from samhq_demo.parsing import short_repr
from samhq_demo.prompts.prompt import MAX_OBJECTS, Prompt
from samhq_demo.prompts.refinement import RefineStep, check_step_count, steps_within


@dataclass(frozen=True, slots=True)
class Request:
    """Prompts, each for one object, and how they are to be answered: `Request((prompt,))` at the least.

    Sequences are stored as tuples. Raises ValueError (one sentence) for what is of the wrong number or type,
    or does not go together. What depends on the picture's size is checked by `within`.

    Attributes:
        prompts: 1 to MAX_OBJECTS, in picture pixels.
        refine_from: up to 16 earlier prompts of a single prompt's object, oldest first. The first starts from
            the mask prompt, each other one and the prompt from the logits of the answer before.
        model: a model's name; None is the one that answers now.
        multimask_output: None asks for candidates exactly where a prompt is a single point.
        hq_token_only: the HQ mask alone, instead of added to SAM-HQ's inner SAM mask.
        mask_prompt: a rough mask to start from; for a single prompt.
        ground_truth: the true mask; the predictions then carry their true scores.
        void: the pixels that the true scores leave out, as the true mask does not say whose they are.
    """

    prompts: tuple[Prompt, ...]
    _: KW_ONLY
    refine_from: tuple[RefineStep, ...] = ()
    model: str | None = None
    multimask_output: bool | None = None
    hq_token_only: bool = False
    mask_prompt: Runs | None = None
    ground_truth: Runs | None = None
    void: Runs | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", tuple(self.prompts))
        object.__setattr__(self, "refine_from", tuple(self.refine_from))
        count = len(self.prompts)
        if not 1 <= count <= MAX_OBJECTS:
            raise ValueError(f"There are {count} objects; give 1 to {MAX_OBJECTS}.")
        if self.mask_prompt is not None and count != 1:
            raise ValueError(f"A mask prompt goes with one object, not with {count}.")
        if self.refine_from and count != 1:
            raise ValueError(f"refine_from goes with one object, not with {count}.")
        check_step_count(self.refine_from)
        _check_settings(self.model, self.multimask_output, self.hq_token_only)

    def within(self, size_wh: tuple[int, int]) -> Request:
        """This request fitted to a picture of `size_wh` pixels: boxes that reach over the edge are clipped.

        Raises ValueError for masks of another size, and for prompts that ask for nothing or lie outside.
        """
        masks = {"mask prompt": self.mask_prompt, "ground truth": self.ground_truth, "void": self.void}
        for role, mask in masks.items():
            if mask is not None and mask.size_hw != size_wh[::-1]:
                raise ValueError(
                    f"The {role} is {mask.size_hw[1]}x{mask.size_hw[0]}, the picture "
                    f"{size_wh[0]}x{size_wh[1]}; they must be of one size."
                )
        steps = steps_within(
            self.refine_from,
            size_wh,
            multimask_output=self.multimask_output,
            has_mask_prompt=self.mask_prompt is not None,
        )
        prompts = (prompt.within(size_wh, has_mask_prompt=self.has_mask_input) for prompt in self.prompts)
        return replace(self, prompts=tuple(prompts), refine_from=steps)

    @property
    def prompt(self) -> Prompt:
        """The only prompt of a request for one object."""
        (prompt,) = self.prompts
        return prompt

    @property
    def has_mask_input(self) -> bool:
        """Whether the prompt starts from something: the rough mask, or an earlier answer's logits."""
        return self.mask_prompt is not None or bool(self.refine_from)

    def has_candidates(self, prompt: Prompt) -> bool:
        """Whether one of its prompts is answered with candidates."""
        return prompt.has_candidates(self.multimask_output, has_mask_input=self.has_mask_input)


def _check_settings(model: Any, multimask_output: Any, hq_token_only: Any) -> None:
    """What comes from outside need not be of its type; names in messages are the API's."""
    if not (model is None or isinstance(model, str)):
        raise ValueError(f"model must be a name that /models lists, or null, not {short_repr(model)}.")
    if not (multimask_output is None or isinstance(multimask_output, bool)):
        raise ValueError(f"multimask must be true, false or null, not {short_repr(multimask_output)}.")
    if not isinstance(hq_token_only, bool):
        raise ValueError(f"hq_token_only must be true or false, not {short_repr(hq_token_only)}.")
