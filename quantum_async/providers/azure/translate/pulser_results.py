"""Results of sequences, in every shape that Pasqal's targets have written them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Result
from quantum_async.providers.pulser_results import WrittenResults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue


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
    text = serialised if isinstance(serialised, str) else None
    written = WrittenResults.read(text, provider="azure", job_id=job_id)
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
        raw=raw if text is None else text,
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


def _damaged(why: str, job_id: str) -> ResultError:
    return ResultError(
        f"the output cannot be understood: {why}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )
