"""Microsoft's own formats of results: one for every gate-model target."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from quantum_async.errors import ResultError
from quantum_async.providers.azure.outputs import ResultsV1, ResultsV2

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.providers.azure.outputs import Entry

V1 = "microsoft.quantum-results.v1"
V2 = "microsoft.quantum-results.v2"

Outcome: TypeAlias = tuple[str, ...]
"""Registers as strings of bits, in the order in which the program recorded them."""


def entries_of(format: str, document: JsonValue, job_id: str = "") -> tuple[Entry, ...]:
    """Read results of version 2.

    Args:
        format: How the output is written down.
        document: The output.
        job_id: The job, for the error.

    Raises:
        ResultError: It is written down otherwise, or damaged.
    """
    declared = document.get("DataFormat") if isinstance(document, dict) else None
    if V2 not in (format, declared):
        raise ResultError(
            f"an output of the format {format or 'unknown'} lists no shots",
            provider="azure",
            job_id=job_id,
            remedy="Use client.fetch, or read the output as it is.",
        )
    try:
        return ResultsV2.model_validate(document).results
    except ValidationError as error:
        raise _damaged(error, job_id) from error


def probabilities_of(document: JsonValue, job_id: str = "") -> dict[str, float]:
    """Read results of version 1: outcomes as displayed, and their probabilities.

    Args:
        document: The output.
        job_id: The job, for the error.

    Raises:
        ResultError: They are damaged.
    """
    try:
        return dict(ResultsV1.model_validate(document).histogram)
    except ValidationError as error:
        raise _damaged(error, job_id) from error


def registers_in(outcome: JsonValue) -> Outcome | None:
    """Read an outcome: an array is one register, a tuple is several.

    Returns:
        The registers; ``None`` where the shot ended in an error or is no bits at all.
    """
    if isinstance(outcome, str):
        return _displayed(outcome)
    if isinstance(outcome, dict):
        return _of_tuple(outcome)
    if isinstance(outcome, list):
        if outcome and all(isinstance(part, list | dict) for part in outcome):
            return _joined(outcome)
        return ("".join(map(str, outcome)),)
    return (str(outcome),) if isinstance(outcome, int) else None


def is_lost(outcome: Outcome) -> bool:
    """Say whether a qubit was lost in a shot, so that it is no outcome."""
    return any(set(bits) - {"0", "1"} for bits in outcome)


def _damaged(error: ValidationError, job_id: str) -> ResultError:
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"]))
    return ResultError(
        f"the output of job {job_id} is damaged: {place + ': ' if place else ''}{found['msg']}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )


def _of_tuple(outcome: dict[str, JsonValue]) -> Outcome | None:
    if "Error" in outcome:
        return None
    names = sorted(outcome, key=lambda name: int(name.removeprefix("Item") or 0))
    return _joined([outcome[name] for name in names])


def _joined(parts: list[JsonValue]) -> Outcome | None:
    found: list[str] = []
    for part in parts:
        registers = registers_in(part)
        if registers is None:
            return None
        found += registers
    # Bits of their own, without an array around them, are one register.
    if parts and not any(isinstance(part, list | dict) for part in parts):
        return ("".join(found),)
    return tuple(found)


def _displayed(text: str) -> Outcome | None:
    if text.startswith("Error"):
        return None
    if text.replace(" ", "").replace("-", "").isdigit():
        return tuple(text.split())
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return _literal(found)


def _literal(found: object) -> Outcome | None:
    if isinstance(found, tuple):
        parts = [_literal(part) for part in found]
        return tuple(bits for part in parts if part is not None for bits in part)
    if isinstance(found, list):
        return ("".join(map(str, found)),)
    return (str(found),) if isinstance(found, int) else None
