"""The app's own settings, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

AUTO = "auto"
ALL = "all"
DEVICES = ("cpu", "cuda", "mps")
DTYPES = ("float32", "bfloat16", "float16")
DEFAULT_CACHE_MB = 1024


def on_zero_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space on ZeroGPU, told as the `spaces` package tells it."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


def on_space(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space on the Hugging Face Hub, where strangers ask."""
    return bool(environ.get("SPACE_ID")) or on_zero_gpu(environ)


def check_compute(*, device: str | None, dtype: str | None) -> None:
    """ValueError for a device or a precision that is none; None is the best that is there."""
    for variable, value, allowed in (("SAMHQ_DEVICE", device, DEVICES), ("SAMHQ_DTYPE", dtype, DTYPES)):
        if value is not None and value not in allowed:
            raise ValueError(f"{variable} is {value!r}: it must be one of {', '.join(allowed)}.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person who starts the app decided.

    Raises ValueError naming the environment variable, its value and what would be right.

    Attributes:
        model: a catalog name, a Hub repository id, a local folder, or "auto".
        baseline: the SAM to compare with, a repository id or local folder; None: the one that fits the model.
        device, dtype: one of DEVICES and DTYPES; None: the best that this machine has.
        cache_mb: memory for image embeddings in megabytes; 0 keeps none.
        models: the names that visitors may ask for, or ("all",); None: all, but on a Space only what is
            there from its start.
        revisions: owner/name@revision for each repository of which not the newest is wanted.
        metrics: whether /metrics is shown to whoever asks for it.
    """

    model: str = AUTO
    baseline: str | None = None
    device: str | None = None
    dtype: str | None = None
    cache_mb: int = DEFAULT_CACHE_MB
    models: tuple[str, ...] | None = None
    revisions: tuple[str, ...] = ()
    metrics: bool = True

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError(
                "SAMHQ_MODEL is empty: name a model (such as tiny), a Hub repository or a local folder."
            )
        check_compute(device=self.device, dtype=self.dtype)
        if self.cache_mb < 0:
            raise ValueError(f"SAMHQ_CACHE_MB is {self.cache_mb}: {_CACHE_MB_RULE}")
        if self.models is not None and (not self.models or (ALL in self.models and len(self.models) > 1)):
            raise ValueError(f"SAMHQ_MODELS is {','.join(self.models)!r}: {_MODELS_RULE}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the SAMHQ_* variables; one that is unset or blank takes its default."""
        device, dtype = _text(environ, "SAMHQ_DEVICE"), _text(environ, "SAMHQ_DTYPE")
        return cls(
            model=_text(environ, "SAMHQ_MODEL") or AUTO,
            baseline=_text(environ, "SAMHQ_BASELINE"),
            device=device and device.lower(),
            dtype=dtype and dtype.lower(),
            cache_mb=_cache_mb(_text(environ, "SAMHQ_CACHE_MB")),
            models=_names(_text(environ, "SAMHQ_MODELS")),
            revisions=_list(_text(environ, "SAMHQ_REVISIONS") or ""),
            metrics=_metrics(_text(environ, "SAMHQ_METRICS"), default=not on_space(environ)),
        )


_CACHE_MB_RULE = f"it must be a whole number of megabytes, 0 or more (such as {DEFAULT_CACHE_MB})."

_MODELS_RULE = "it must be all, or the names that visitors may ask for (such as tiny,base)."


def _text(environ: Mapping[str, str], variable: str) -> str | None:
    return environ.get(variable, "").strip() or None


def _cache_mb(text: str | None) -> int:
    if text is None:
        return DEFAULT_CACHE_MB
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"SAMHQ_CACHE_MB is {text!r}: {_CACHE_MB_RULE}") from None


def _names(text: str | None) -> tuple[str, ...] | None:
    """The names in a list that commas separate, each once, in their order."""
    if text is None:
        return None
    names = _list(text)
    return (ALL,) if [name.lower() for name in names] == [ALL] else names


def _list(text: str) -> tuple[str, ...]:
    """What commas separate, each once, in its order."""
    return tuple(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))


def _metrics(text: str | None, *, default: bool) -> bool:
    if text is None:
        return default
    if text.lower() not in {"on", "off"}:
        raise ValueError(f"SAMHQ_METRICS is {text!r}: it must be on or off.")
    return text.lower() == "on"
