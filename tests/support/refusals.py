"""What a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def refusal(action: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The sentence with which `action` refuses, after a look at its form."""
    with pytest.raises(ValueError) as caught:
        action(*args, **kwargs)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence
