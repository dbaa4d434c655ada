"""Converts samples of any type to 8 bits, by what the file says about them.

Where a file says nothing, the values speak for themselves: cameras, microscopes and depth sensors put 10,
12 or 14 bits into 16, so the fewest of those that hold the largest value are the scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from samhq_demo.pictures.png import PngFacts

# Bits that devices have, the fewest first; 15 are those of a signed 16-bit number.
_DEPTHS = (8, 10, 12, 14, 16)
_SIGNED_DEPTHS = (8, 10, 12, 14, 15)
_MAX_16_BIT = 65535
# What programs write where there is no value and leave unsaid. Taken for that only where no other value is
# near.
_MOST = float(np.finfo(np.float32).max)
_FILLS = (-9999.0, -99999.0, -32768.0, -32767.0, 1e20, _MOST, -_MOST)
# Floats up to 255 are on the scale of 8 bits, unless they stay as far below as ratios and lengths do.
_LEAST_OF_255 = 128

_PHOTOMETRIC, _BITS_PER_SAMPLE, _SAMPLE_FORMAT = 262, 258, 339
_LEAST_VALUE, _MOST_VALUE, _GDAL_NODATA = 340, 341, 42113
_UNSIGNED, _SIGNED = 1, 2


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """What a file says of its samples.

    Attributes:
        bits: significant ones, of `container_bits`; None where not stated.
        is_signed: two's complement.
        white_is_zero: and Pillow has not turned it.
        nodata: the value that stands for none.
        limits: the values of black and white; None where not stated.
    """

    bits: int | None = None
    container_bits: int = 8
    is_signed: bool = False
    white_is_zero: bool = False
    nodata: float | None = None
    limits: tuple[float, float] | None = None


def png_samples(png: PngFacts | None) -> SampleFacts:
    """What a PNG says; nothing for another format."""
    return SampleFacts() if png is None else SampleFacts(bits=png.significant_bits, container_bits=png.depth)


def tiff_samples(image: Image.Image) -> SampleFacts:
    """What a TIFF's tags say. They may be damaged, and then say nothing."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    bits, sample_format = _first(tags, _BITS_PER_SAMPLE, 1), _first(tags, _SAMPLE_FORMAT, _UNSIGNED)
    is_wide = image.mode in ("I", "F") or image.mode.startswith("I;16")
    low, high = _first(tags, _LEAST_VALUE, None), _first(tags, _MOST_VALUE, None)
    return SampleFacts(
        # 16 and more are what fits into memory well; fewer are said on purpose.
        bits=int(bits) if is_wide and bits in range(9, 16) else None,
        container_bits=int(bits),
        is_signed=sample_format == _SIGNED,
        # Pillow turns 1 to 8 bits, and leaves more as they are.
        white_is_zero=is_wide and tags.get(_PHOTOMETRIC) == 0,
        nodata=_nodata(tags.get(_GDAL_NODATA)),
        limits=(low, high) if low is not None and high is not None and low < high else None,
    )


def _first(tags: Any, tag: int, default: Any) -> Any:
    value = tags.get(tag, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, (int, float)) else default


def _nodata(text: object) -> float | None:
    """GDAL writes the number as text, with a zero byte at its end."""
    if isinstance(text, bytes):
        text = text.decode("ascii", "ignore")
    try:
        return float(str(text).strip(" \0"))
    except ValueError:
        return None


def samples_of(
    image: Image.Image, facts: SampleFacts, *, low_bytes: Image.Image | None = None
) -> NDArray[Any]:
    """An image's samples in their own type: (H, W) or (H, W, C).

    Args:
        low_bytes: of 16-bit channels, whose high bytes are in `image`.
    """
    values: NDArray[Any] = np.asarray(image)
    if low_bytes is not None:
        return values.astype(np.uint16) << 8 | np.asarray(low_bytes)
    if image.mode == "L" and facts.is_signed and facts.container_bits == 8:
        return values.view(np.int8)
    if image.mode == "I" and facts.container_bits == 32 and not facts.is_signed:
        return values.view(np.uint32)
    return values


def valid_samples(values: NDArray[Any], facts: SampleFacts) -> NDArray[np.bool_] | None:
    """(H, W), true where a pixel has a value; None where all of them do.

    Without one are NaN, infinite values, what the file says stands for none, and a lone fill value far off.
    """
    missing: NDArray[np.bool_] | None = ~np.isfinite(values) if values.dtype.kind == "f" else None
    if facts.nodata is not None and math.isfinite(facts.nodata):
        # In the samples' own type: as text a float has more digits than it keeps.
        named: NDArray[np.bool_] = values == (
            np.float32(facts.nodata) if values.dtype.kind == "f" else facts.nodata
        )
        missing = named if missing is None else missing | named
    if missing is not None and missing.ndim == 3:
        missing = np.asarray(missing.all(axis=2))
    if missing is not None and not missing.any():
        missing = None
    if facts.nodata is None and values.ndim == 2 and (values.dtype.kind in "fi"):
        missing = _with_fills(values, missing)
    return None if missing is None else ~missing


def _with_fills(values: NDArray[Any], missing: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    for pick in (np.min, np.max):
        present = values if missing is None else values[~missing]
        if not present.size:
            return missing
        extreme = pick(present)
        if not any(extreme == values.dtype.type(fill) for fill in _FILLS if _holds(values.dtype, fill)):
            continue
        others = present[present != extreme].astype(np.float64)
        if others.size and abs(float(extreme) - pick(others)) > others.max() - others.min():
            found = values == extreme
            missing = found if missing is None else missing | found
    return missing


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    return dtype.kind == "f" or np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def to_8_bits(
    values: NDArray[Any], facts: SampleFacts, *, valid: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    """Samples, (H, W) or (H, W, C), in 8 bits, all channels on one scale; black where there is no value."""
    present = values if valid is None else values[valid]
    if not present.size:
        return np.zeros(values.shape, np.uint8)
    low, high = scale_of(present, facts)
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        table = np.arange(np.iinfo(values.dtype).max + 1, dtype=np.float64)
        scaled: NDArray[np.uint8] = _stretched(table, low, high)[values]
    else:
        known = (
            values
            if valid is None
            else np.where(valid if values.ndim == 2 else valid[..., None], values, low)
        )
        scaled = _stretched(known, low, high)
    if facts.white_is_zero:
        scaled = 255 - scaled
    if valid is not None:
        scaled[~valid] = 0
    return scaled


def _stretched(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    if values.dtype != np.float32 or low:  # float32 has the digits for 8 bits, not for a small difference
        values = values.astype(np.float64) - low
    scaled = np.rint(values * (255 / ((high - low) or 1)))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def scale_of(present: NDArray[Any], facts: SampleFacts) -> tuple[float, float]:
    """The values that are black and white, by what the file says or by the samples that it has."""
    low, high = present.min().item(), present.max().item()
    if facts.limits is not None and facts.limits[0] <= low and high <= facts.limits[1]:
        return facts.limits
    if present.dtype.kind == "f":
        return _float_scale(present, low, high)
    if low < 0 or high > _MAX_16_BIT:
        return low, high
    bits = _stated_bits(present, high, facts)
    if bits is None:
        depths = _SIGNED_DEPTHS if facts.is_signed and facts.container_bits == 16 else _DEPTHS
        bits = next(depth for depth in depths if high < 1 << depth)
    return 0, (1 << bits) - 1


def _stated_bits(present: NDArray[Any], high: int, facts: SampleFacts) -> int | None:
    if facts.bits is None:
        return None
    spare = facts.container_bits - facts.bits
    # PNG wants samples stretched over the container, most programs leave them as they are. Stretched, one
    # without any of the high bits has none of the low ones either.
    is_stretched = high >= 1 << facts.bits or (spare > 0 and not (present & ((1 << spare) - 1)).any())
    return facts.container_bits if is_stretched else facts.bits


def _float_scale(present: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    if low < 0 or high > 255:
        return low, high
    if high <= 1:
        return 0, 1
    if high >= _LEAST_OF_255 or bool((present == np.rint(present)).all()):
        return 0, 255
    return low, high
