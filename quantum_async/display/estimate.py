"""The one number that a picture shows of a result, with its error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quantum_async.models.result import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.models.result import Result

FRACTION = "excited fraction"


def main_value(result: Result) -> tuple[str, Expectation]:
    """Return the first observable where there is one, else the fraction of bits measured as 1.

    Args:
        result: What was measured.

    Returns:
        What the number is, and the number.
    """
    for name, value in result.expectation_values.items():
        return f"⟨{name}⟩", value
    bits = len(next(iter(result.counts), "").replace(" ", "")) or 1
    return FRACTION, mean(result, lambda outcome: outcome.count("1") / bits)


def mean(result: Result, value: Callable[[str], float]) -> Expectation:
    """Average a function of the outcome over the shots, with the standard error of the mean.

    Args:
        result: What was measured.
        value: The function of one outcome.
    """
    shots = sum(result.counts.values())
    if not shots:
        return Expectation(math.nan)
    values = [(value(outcome), count) for outcome, count in result.counts.items()]
    average = sum(v * count for v, count in values) / shots
    variance = sum((v - average) ** 2 * count for v, count in values) / shots
    return Expectation(average, math.sqrt(variance / shots))
