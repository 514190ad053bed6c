"""JSON documents with stable keys, one per verb."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import JobCancelledError
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint

    Document: TypeAlias = dict[str, object]


def dump(document: Document) -> str:
    """Write a document down: one line per entry of its lists, so that people can read it too.

    Args:
        document: Plain values only.
    """
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def measured(result: Result | None) -> Document:
    """Write down what was measured; without a result the keys are there, and ``null``.

    Args:
        result: The result, or ``None`` where there is none.
    """
    if result is None:
        return {"counts": None, "excited_fraction": None, "expectation_values": None}
    return {
        "counts": dict(result.most_common()),
        "excited_fraction": result.excited_fraction() if result.counts else None,
        "expectation_values": {
            name: {"value": _value(value.value), "standard_error": _number(value.standard_error)}
            for name, value in result.expectation_values.items()
        },
        "bit_order": str(result.bit_order),
    }


def _value(
    value: float | complex,  # noqa: PYI041  # a type checker takes the two for different
) -> float | Mapping[str, float | None] | None:
    if isinstance(value, complex):
        return {"real": _number(value.real), "imag": _number(value.imag)}
    return _number(value)


def _number(value: float | None) -> float | None:
    """Write down a number; one that is not finite has no place in JSON."""
    return value if value is not None and math.isfinite(value) else None


def failure(error: BaseException | None) -> Mapping[str, str] | None:
    """Write down why there is no result.

    Args:
        error: The error, or ``None``.
    """
    if error is None:
        return None
    return {"type": type(error).__name__, "message": str(error)}


def point_document(
    point: SweepPoint, *, shots: int | None = None, goes_on: bool = False
) -> Document:
    """Write down one point of a sweep.

    Args:
        point: The point.
        shots: How many shots were asked for; those of the result by default.
        goes_on: Whether what has not ended was left running.
    """
    result = point.result
    return {
        "index": point.index,
        "parameters": dict(point.parameters),
        "status": str(status_of(point, goes_on=goes_on)),
        "job_id": point.ref.id if point.ref else None,
        "shots": result.shots if result is not None else shots,
        **measured(result),
        "error": failure(point.error),
    }


def status_of(point: SweepPoint | None, *, goes_on: bool = False) -> JobStatus:
    """Say what became of a point.

    Args:
        point: The point; ``None`` where it was not even begun.
        goes_on: Whether what has not ended was left running.
    """
    if point is not None and point.result is not None:
        return JobStatus.SUCCEEDED
    if point is not None and point.error is not None:
        is_cancelled = isinstance(point.error, JobCancelledError)
        return JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
    is_there = goes_on and point is not None and point.ref is not None
    return JobStatus.QUEUED if is_there else JobStatus.CANCELLED
