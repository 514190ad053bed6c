"""Ending what a journal holds and nobody answers for, without following it to its end."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from quantum_async.errors import JobCancelledError, QuantumAsyncError
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from quantum_async.journal.records import Claim, StoredBatch, StoredSubmission
    from quantum_async.journal.sql import SqlJournal
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient


class Canceller:
    """Ends what a claim of the journal holds; what fails does not keep the rest from being ended.

    Args:
        journal: Where outcomes are recorded.
        clients: The providers' open clients, by name.
    """

    def __init__(self, journal: SqlJournal, clients: Mapping[str, ProviderClient]) -> None:
        self._journal = journal
        self._clients = clients
        self._errors: list[QuantumAsyncError] = []

    async def cancel(self, claim: Claim) -> None:
        """Cancel jobs, drop what was never sent, and close batches.

        Raises:
            ExceptionGroup: Something could not be ended; the rest was.
        """
        accepted = {job.ref: job.spec.key for job in claim.jobs if job.ref is not None}
        for submission in claim.submissions:
            with self._collected():
                accepted |= await self._accepted(submission)
        for name, client in self._clients.items():
            with self._collected():
                await self._end(
                    client, {ref: key for ref, key in accepted.items() if ref.provider == name}
                )
        for batch in claim.batches:
            with self._collected():
                await _close(self._journal, self._clients[batch.ref.provider], batch)
        if self._errors:
            raise ExceptionGroup("not everything could be ended", self._errors)

    @contextmanager
    def _collected(self) -> Generator[None]:
        try:
            yield
        except QuantumAsyncError as error:
            self._errors.append(error)

    async def _accepted(self, submission: StoredSubmission) -> dict[JobRef, str]:
        """Find the jobs of what may have been sent, and never send what was not."""
        client = self._clients[submission.jobs[0].provider]
        if submission.state is SendState.INTENDED or not client.capabilities.outlives:
            found = []
        elif client.capabilities.grade is SubmissionGrade.AT_MOST_ONCE:
            return {}
        else:
            found = await client.find(submission.key)
        if not found:
            error = JobCancelledError("cancelled by quantum-async doctor before it was sent")
            self._journal.rejected(submission.key, error)
            return {}
        # What is found is in the request's order; the keys of jobs are not on the wire.
        pairs = zip(found, submission.jobs, strict=True)
        refs = [replace(ref, key=job.spec.key) for ref, job in pairs]
        await self._journal.accepted(submission.key, refs)
        return {ref: ref.key for ref in refs}

    async def _end(self, client: ProviderClient, keys: Mapping[JobRef, str]) -> None:
        """Cancel jobs; one that had succeeded before is left: its result is paid for."""
        if not keys:
            return
        refused = await client.cancel(list(keys))
        done = await _succeeded(client, list(keys))
        for ref, key in keys.items():
            if ref not in refused and ref not in done:
                error = JobCancelledError("cancelled by quantum-async doctor")
                self._journal.ended(key, WorkState.CANCELLED, error)


async def _succeeded(client: ProviderClient, refs: Sequence[JobRef]) -> set[JobRef]:
    if not client.capabilities.outlives:
        return set()
    found: set[JobRef] = set()
    size = client.capabilities.jobs_per_poll
    for start in range(0, len(refs), size):
        states = await client.poll(refs[start : start + size])
        found |= {ref for ref, state in states.items() if state.status is JobStatus.SUCCEEDED}
    return found


async def _close(journal: SqlJournal, client: ProviderClient, batch: StoredBatch) -> None:
    ref = batch.ref
    if batch.state is BatchState.OPENING and client.capabilities.outlives:
        found = await client.find_batch(ref.key)
        if found is None:
            if client.capabilities.grade is not SubmissionGrade.AT_MOST_ONCE:
                journal.batch_closed(ref.key)
            return
        ref = found
    if client.capabilities.outlives:
        try:
            await client.cancel_batch(ref)
        except QuantumAsyncError as error:
            error.add_note(f"Batch {ref} may still be open.")
            raise
    journal.batch_closed(batch.ref.key)
