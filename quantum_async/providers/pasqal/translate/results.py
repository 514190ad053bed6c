"""Results of a job from what the service stores."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import ValidationError

from quantum_async.errors import ProtocolError, ResultError
from quantum_async.http.redact import beginning
from quantum_async.http.response import decoding
from quantum_async.models.result import BitOrder, Result
from quantum_async.providers.api import first_finding
from quantum_async.providers.pasqal.wire import PasqalResults
from quantum_async.providers.pulser_results import WrittenResults, check_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.job import JobRef


def read_results(content: bytes | str) -> PasqalResults:
    """Read the results of a job as they are stored.

    Raises:
        ProtocolError: They are something else.
    """
    with decoding(content, "the stored results", provider="pasqal", accepted="yes"):
        try:
            return PasqalResults.model_validate_json(content)
        except ValidationError as error:
            raise ProtocolError(
                f"the stored results cannot be read: {first_finding(error)}, "
                f"not {beginning(str(error.errors()[0]['input']))!r}",
                provider="pasqal",
                accepted="yes",
                remedy="A gateway may have answered instead of the storage: try again.",
            ) from None


def result_of(stored: PasqalResults, atoms: Sequence[str], job: JobRef) -> Result:
    """Make a result of what is stored.

    Args:
        stored: What the service stores.
        atoms: The names of the job's atoms, in the order of the sequence's register.
        job: The job.

    Raises:
        ResultError: There is nothing, or it contradicts itself or the atoms.
    """
    written = WrittenResults.read(stored.serialised_results, provider="pasqal", job_id=job.id)
    if written is not None:
        atoms = written.atoms or atoms
    elif stored.counter is None and stored.raw is None:
        raise ResultError(
            "the stored results hold no counts and no observables",
            provider="pasqal",
            job_id=job.id,
            remedy="Read them as they are: client.jobs.results(job_id).",
        )
    counts = stored.counter
    if counts is None and written is not None:
        counts = written.counts
    if counts is None and stored.raw is not None:
        counts = dict(Counter(stored.raw))
    try:
        check_outcomes(counts, atoms, stored.raw)
    except ValueError as error:
        raise ResultError(
            f"the stored results cannot be understood: {error}",
            provider="pasqal",
            job_id=job.id,
            remedy="Read them as they are: client.jobs.results(job_id).",
        ) from None
    return Result(
        counts=counts or {},
        shots=sum((counts or {}).values()),
        bit_order=BitOrder.ATOMS,
        atoms=tuple(atoms),
        samples=stored.raw,
        expectation_values=written.scalars if written is not None else {},
        metadata={"device": job.target, "job_id": job.id, "batch_id": job.batch_id},
        raw=stored.serialised_results,
    )
