"""Round numbers along an axis."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Choose round numbers between two limits.

    Args:
        low: The lower limit.
        high: The upper limit, above the lower one.
        most: How many numbers at most.
    """
    span = high - low
    rough = span / max(1, most - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(s for s in _STEPS if s * magnitude >= rough * (1 - 1e-9)) * magnitude
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def label(value: float) -> str:
    """Write a number as short as an axis needs it."""
    return f"{0.0 if abs(value) < 1e-12 else value:.4g}"


def limits(values: list[float]) -> tuple[float, float]:
    """Return the smallest and the largest value, apart even where they are equal."""
    low, high = min(values), max(values)
    if low == high:
        margin = abs(low) / 2 or 0.5
        return low - margin, high + margin
    return low, high
