"""The numbers that a picture shows of a sweep's point: where it is and what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from quantum_async.errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint

FRACTION = "excited fraction"


class Mean(NamedTuple):
    """A real number and how far it may be off.

    Args:
        value: The number.
        standard_error: Its standard error, where that is known.
    """

    value: float
    standard_error: float | None = None


def main_value(result: Result) -> tuple[str, Mean]:
    """Return the first observable that is real, else the fraction of bits measured as 1.

    Args:
        result: What was measured.

    Returns:
        What the number is, and the number.
    """
    for name, found in result.expectation_values.items():
        if not isinstance(found.value, complex):
            return f"⟨{name}⟩", Mean(found.value, found.standard_error)
    bits = len(next(iter(result.counts), "").replace(" ", "")) or 1
    return FRACTION, mean(result, lambda outcome: outcome.count("1") / bits)


def mean(result: Result, value: Callable[[str], float]) -> Mean:
    """Average a function of the outcome over the shots, with the standard error of the mean.

    Args:
        result: What was measured.
        value: The function of one outcome.
    """
    shots = sum(result.counts.values())
    if not shots:
        return Mean(math.nan)
    values = [(value(outcome), count) for outcome, count in result.counts.items()]
    average = sum(v * count for v, count in values) / shots
    variance = sum((v - average) ** 2 * count for v, count in values) / shots
    return Mean(average, math.sqrt(variance / shots))


def coordinate(point: SweepPoint, name: str) -> float:
    """Return a parameter of a point as a number.

    Args:
        point: The point.
        name: The parameter.

    Raises:
        InvalidOptionError: Its value is no number.
    """
    value = point.parameters[name]
    if not isinstance(value, int | float):
        raise InvalidOptionError(
            f"{name} is not a number at point {point.index}: {value!r}",
            remedy="Plot over another parameter, or use to_pandas().",
        )
    return float(value)
