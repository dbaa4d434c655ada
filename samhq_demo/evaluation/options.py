"""How a set is evaluated: what is asked for each object, and which objects count."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any, Literal, get_args

PromptKind = Literal["box", "clicks", "interactive"]
MOST_CLICKS = 20
THRESHOLDS = (0.85, 0.90, 0.95)


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What is asked and of which objects.

    Raises ValueError for what does not go together.

    Attributes:
        prompt: "box": the tight box of the truth, one mask, as in the paper. "clicks": `clicks` pixels of the
            object, drawn at random. "interactive": the deepest pixel of the object, then, for each branch,
            the deepest pixel of its errors, until the IoU reaches the last of THRESHOLDS or there are
            `clicks` of them.
        clicks: 1 by default, 20 of an interactive session.
        seed: what random clicks are drawn from, together with the names of picture and object.
        hq_token_only: the HQ mask alone, instead of added to SAM-HQ's inner SAM mask.
        least_share, largest_share: of the picture, for an object to count.
    """

    prompt: PromptKind = "box"
    _: KW_ONLY
    clicks: int | None = None
    seed: int = 0
    hq_token_only: bool = False
    least_share: float = 0.0
    largest_share: float = 1.0

    def __post_init__(self) -> None:
        if self.prompt not in get_args(PromptKind):
            kinds = ", ".join(get_args(PromptKind))
            raise ValueError(f"There is no kind of prompt {self.prompt!r}; there are {kinds}.")
        if self.prompt == "box" and self.clicks is not None:
            raise ValueError(
                "A box goes without clicks: ask for clicks or interactive, or leave the number out."
            )
        if self.clicks is None:
            object.__setattr__(self, "clicks", {"box": 0, "clicks": 1}.get(self.prompt, MOST_CLICKS))
        elif not 1 <= self.clicks <= MOST_CLICKS:
            raise ValueError(f"The number of clicks must be from 1 to {MOST_CLICKS}, not {self.clicks}.")
        if not 0 <= self.least_share <= self.largest_share <= 1:
            raise ValueError(
                "The shares must be from 0 to 1, the least not over the largest, "
                f"not {self.least_share:g} and {self.largest_share:g}."
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def asked(self) -> str:
        """What is asked, for a title."""
        if self.prompt == "box":
            return "box of the truth, one mask"
        if self.prompt == "interactive":
            return f"up to {self.clicks} clicks, each in the largest error"
        return "one random click" if self.clicks == 1 else f"{self.clicks} random clicks"
