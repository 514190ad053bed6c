"""Results of sequences, in every shape that Pasqal's targets have written them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Expectation, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

_BITSTRINGS = "bitstrings"


def pulser_result(
    document: JsonValue,
    atoms: Sequence[str],
    metadata: Mapping[str, str | float | int | None],
    raw: str | None,
    job_id: str,
) -> Result:
    """Make a result of a sequence's output.

    Args:
        document: The output: a bare counter, or one beside Pulser's serialised results.
        atoms: The names of the atoms; the serialised results name them themselves.
        metadata: What else is known.
        raw: The output as it was.
        job_id: The job, for the error.

    Raises:
        ResultError: There are no counts, or they do not fit the atoms.
    """
    if not isinstance(document, dict):
        raise _damaged("it is no object", job_id)
    serialised = document.get("serialised_results") or document.get("serialized_results")
    written = _Written.read(serialised if isinstance(serialised, str) else None, job_id)
    counts = _counts(document)
    if written is not None:
        atoms = written.atoms or atoms
        counts = written.counts if counts is None else counts
    if counts is None and (written is None or not written.scalars):
        raise _damaged("it holds no counts", job_id)
    width = len(atoms) or len(next(iter(counts or {}), ""))
    for outcome in counts or {}:
        if len(outcome) != width or set(outcome) - {"0", "1"}:
            raise _damaged(f"outcome {outcome!r} does not fit {width} atoms", job_id)
    return Result(
        counts=counts or {},
        shots=sum((counts or {}).values()),
        bit_order=BitOrder.ATOMS,
        atoms=tuple(atoms),
        expectation_values=written.scalars if written is not None else {},
        metadata=metadata,
        raw=serialised if isinstance(serialised, str) else raw,
    )


def names_atoms(document: object) -> bool:
    """Say whether an output names the atoms of its bitstrings itself."""
    return isinstance(document, dict) and isinstance(document.get("serialised_results"), str)


def _counts(document: Mapping[str, JsonValue]) -> dict[str, int] | None:
    found = document.get("counter")
    if isinstance(found, dict):
        return _whole(found)
    if "counter" in document or "serialised_results" in document:
        return None
    return _whole(document) if document else None


def _whole(found: Mapping[str, JsonValue]) -> dict[str, int] | None:
    if not all(isinstance(count, int) for count in found.values()):
        return None
    return {outcome: int(str(count)) for outcome, count in found.items()}


class _Written:
    """What is read of Pulser's ``Results`` without Pulser: counts, atoms and numbers."""

    def __init__(self, document: dict[str, object]) -> None:
        order = document.get("atom_order")
        self.atoms = tuple(map(str, order)) if isinstance(order, list) else ()
        self.counts: dict[str, int] | None = None
        self.scalars: dict[str, Expectation] = {}
        values, tags = document.get("results"), document.get("tagmap")
        if isinstance(values, dict) and isinstance(tags, dict):
            for tag, identity in tags.items():
                series = values.get(str(identity))
                if isinstance(series, list) and series:
                    self._take(tag, series[-1])

    @classmethod
    def read(cls, text: str | None, job_id: str) -> _Written | None:
        if not text:
            return None
        try:
            document = json.loads(text)
        except ValueError as error:
            raise _damaged(f"its serialised results are no JSON: {error}", job_id) from error
        return cls(document) if isinstance(document, dict) else None

    def _take(self, tag: str, last: object) -> None:
        if tag == _BITSTRINGS and isinstance(last, dict):
            self.counts = {str(outcome): int(count) for outcome, count in last.items()}
        elif isinstance(last, dict) and isinstance(last.get("real"), int | float):
            self.scalars[tag] = Expectation(float(last["real"]))
        elif isinstance(last, int | float) and not isinstance(last, bool):
            self.scalars[tag] = Expectation(float(last))


def _damaged(why: str, job_id: str) -> ResultError:
    return ResultError(
        f"the output cannot be understood: {why}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )
