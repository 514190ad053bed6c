"""Results of sequences, in every shape that Pasqal's targets have written them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Result
from quantum_async.providers.azure.translate.quantum_results import quoted
from quantum_async.providers.pulser_results import WrittenResults, check_outcomes, checked_counts

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
        ResultError: There is nothing, or it contradicts itself or the atoms.
    """
    if not isinstance(document, dict):
        raise _damaged(f"it is no object but {quoted(document)}", job_id)
    text = _serialised(document)
    if text is not None and not isinstance(text, str):
        raise _damaged(f"its serialised results are {quoted(text)}", job_id)
    written = WrittenResults.read(text, provider="azure", job_id=job_id)
    if written is not None:
        atoms = written.atoms or atoms
    try:
        counts = _counts(document)
        if counts is None and written is not None:
            counts = written.counts
        check_outcomes(counts, atoms)
    except ValueError as error:
        raise _damaged(str(error), job_id) from None
    if counts is None and written is None:
        raise _damaged("it holds no counts and no observables", job_id)
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
    return isinstance(document, dict) and isinstance(_serialised(document), str)


def _serialised(document: Mapping[str, JsonValue]) -> JsonValue:
    """Give Pulser's own results, which the service spells the British way."""
    found = document.get("serialised_results")
    return document.get("serialized_results") if found is None else found


def _counts(document: Mapping[str, JsonValue]) -> dict[str, int] | None:
    """Read the counts; ``None`` where the output has other things only."""
    if "counter" in document:
        return None if document["counter"] is None else checked_counts(document["counter"])
    if _serialised(document) is not None or not document:
        return None
    return checked_counts(document)


def _damaged(why: str, job_id: str) -> ResultError:
    return ResultError(
        f"the output cannot be understood: {why}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )
