"""What is asked of one picture, checked against it before any model is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samhq_demo.masks.runs import Runs
from samhq_demo.pictures import Picture
from samhq_demo.prompts.prompt import MAX_OBJECTS, Prompt
from samhq_demo.prompts.refinement import RefineStep, steps_within


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Prompts, each for one object, and how they are to be answered; see `CompareService.compare`.

    prompts, steps: fitted to the picture. mask_prompt, truth: of the picture's size, or None.
    """

    prompts: tuple[Prompt, ...]
    steps: tuple[RefineStep, ...]
    multimask: bool | None
    hq_token_only: bool
    mask_prompt: Runs | None
    truth: Runs | None

    @classmethod
    def of(
        cls,
        picture: Picture,
        prompts: Sequence[Prompt],
        *,
        multimask: bool | None,
        hq_token_only: bool,
        mask_prompt: Runs | None,
        ground_truth: Runs | None,
        refine_from: Sequence[RefineStep],
    ) -> Request:
        """Raises ValueError (one sentence) for what does not fit the picture, or does not go together."""
        if not 1 <= len(prompts) <= MAX_OBJECTS:
            raise ValueError(f"There are {len(prompts)} objects; give 1 to {MAX_OBJECTS}.")
        if mask_prompt is not None and len(prompts) != 1:
            raise ValueError(f"A mask prompt goes with one object, not with {len(prompts)}.")
        if refine_from and len(prompts) != 1:
            raise ValueError(f"refine_from goes with one object, not with {len(prompts)}.")
        for role, mask in (("mask prompt", mask_prompt), ("ground truth", ground_truth)):
            if mask is not None and mask.size_hw != picture.pixels.shape[:2]:
                raise ValueError(
                    f"The {role} is {mask.size_hw[1]}x{mask.size_hw[0]}, the picture "
                    f"{picture.width}x{picture.height}; they must be of one size."
                )
        steps = steps_within(
            refine_from, picture.size_wh, multimask=multimask, has_mask_prompt=mask_prompt is not None
        )
        has_mask_input = mask_prompt is not None or bool(steps)
        return cls(
            prompts=tuple(p.within(picture.size_wh, has_mask_prompt=has_mask_input) for p in prompts),
            steps=steps,
            multimask=multimask,
            hq_token_only=hq_token_only,
            mask_prompt=mask_prompt,
            truth=ground_truth,
        )

    def has_candidates(self, prompt: Prompt) -> bool:
        """Whether one of its prompts is answered with candidates."""
        has_mask_input = self.mask_prompt is not None or bool(self.steps)
        return prompt.has_candidates(self.multimask, has_mask_input=has_mask_input)
