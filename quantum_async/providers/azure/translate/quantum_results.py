"""Microsoft's own formats of results: one for every gate-model target."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from quantum_async.errors import ResultError
from quantum_async.http.redact import hide
from quantum_async.providers.azure.outputs import ResultsV1, ResultsV2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from quantum_async.providers.azure.outputs import Entry

V1 = "microsoft.quantum-results.v1"
V2 = "microsoft.quantum-results.v2"

Outcome: TypeAlias = tuple[str, ...]
"""Registers as strings of bits, in the order in which the program recorded them; a qubit that was
lost is ``2`` or ``-`` in them."""

_LOST = frozenset("2-")
_PLAIN = re.compile(r"[012-]+(?: [012-]+)*")
"""Registers without brackets, such as ``01 1``."""
_NUMBER = re.compile(r"0|-?[1-9]\d*")
_NESTED = re.compile(r"[\[\](),\s012-]+")
"""What tuples and arrays of bits are displayed with."""
_LONGEST_QUOTE = 200
_LOOKED_AT = 4096


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
        raise _damaged(error, job_id) from None


def probabilities_of(document: JsonValue, job_id: str = "") -> tuple[tuple[str, float], ...]:
    """Read results of version 1: outcomes as displayed, each with its probability.

    Args:
        document: The output.
        job_id: The job, for the error.

    Raises:
        ResultError: They are damaged.
    """
    try:
        return ResultsV1.model_validate(document).histogram
    except ValidationError as error:
        raise _damaged(error, job_id) from None


def outcomes_in(written: Sequence[JsonValue]) -> list[Outcome | None]:
    """Read outcomes as shots list them or as the service displays them.

    An array of bits is a register; so is each bit of a tuple. Tuples and arrays of those are
    several registers.

    Args:
        written: The outcomes of one program.

    Returns:
        The registers of each; ``None`` where the shot ended in an error.

    Raises:
        ValueError: One is something else, such as a number.
    """
    plain = [each for each in written if isinstance(each, str) and _PLAIN.fullmatch(each)]
    numbers = [each for each in plain if len(each) > 1 and _NUMBER.fullmatch(each)]
    # ``10`` is two bits beside ``01``, and may as well be ten where nothing else is written.
    if numbers and all(_NUMBER.fullmatch(each) for each in plain):
        raise ValueError(f"{numbers[0]!r} may be a number as well as bits")
    return [_outcome(each) for each in written]


def is_lost(outcome: Outcome) -> bool:
    """Say whether a qubit was lost in a shot, so that it is no outcome."""
    return any(not _LOST.isdisjoint(bits) for bits in outcome)


def quoted(value: object) -> str:
    """Quote what was not understood, or its beginning where it is long."""
    # Hidden before it is cut: of a secret that is cut off nobody knows what it is.
    text = hide(repr(value)[:_LOOKED_AT])
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _damaged(error: ValidationError, job_id: str) -> ResultError:
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"]))
    return ResultError(
        f"the output of job {job_id} is damaged: {place + ': ' if place else ''}{found['msg']}, "
        f"not {quoted(found['input'])}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )


def _outcome(written: JsonValue) -> Outcome | None:
    if isinstance(written, dict) and set(written) == {"Error"}:
        return None
    if isinstance(written, str) and written.startswith("Error"):
        return None
    found = _displayed(written) if isinstance(written, str) else _registers(written)
    if found is None:
        raise ValueError(f"{quoted(written)} is no outcome of qubits")
    return found


def _displayed(text: str) -> Outcome | None:
    if _PLAIN.fullmatch(text):
        return tuple(text.split())
    if not _NESTED.fullmatch(text):
        return None
    try:
        return _registers(ast.literal_eval(text.replace("-", "'-'").strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _registers(value: object) -> Outcome | None:
    """Read nested bits; ``None`` where there is anything else among them."""
    if (bit := _bit(value)) is not None:
        return (bit,)
    if isinstance(value, dict):
        # So are tuples written in JSON.
        names = [f"Item{place}" for place in range(1, len(value) + 1)]
        return _several([value[name] for name in names]) if set(names) == set(value) else None
    if isinstance(value, tuple):
        return _several(value)
    if not isinstance(value, list):
        return None
    bits = [_bit(item) for item in value]
    register = "".join(bit for bit in bits if bit is not None)
    if len(register) == len(value):
        return (register,)
    # Arrays hold items of one kind.
    return _several(value) if not register else None


def _several(items: Sequence[object]) -> Outcome | None:
    found: list[str] = []
    for item in items:
        registers = _registers(item)
        if registers is None:
            return None
        found += registers
    return tuple(found) if found else None


def _bit(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) if str(value) in {"0", "1", *_LOST} else None
