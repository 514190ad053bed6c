"""Results: how each job of a batch ended or stands, and those that are awaited."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import anyio
from pulser.backend.remote import BatchStatus, JobStatus as PulserJobStatus, RemoteResultsError

from quantum_async.errors import (
    QuantumAsyncError,
    ResultError,
    ResultPendingError,
    WaitTimeoutError,
)
from quantum_async.models.job import JobStatus
from quantum_async.models.result import BitOrder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Generator, Mapping, Sequence

    from pulser.backend import Results

    from quantum_async.integrations.pulser.link import Link
    from quantum_async.models.job import JobState
    from quantum_async.models.result import Result


_MARK = '"atom_order"'


def to_results(result: Result) -> Results:
    """Convert the result of a sequence to Pulser's `Results`.

    Where Pulser's own results were kept in ``result.raw`` (emulations with observables), they are
    read back whole; else the bitstrings are the only observable.

    Args:
        result: The result of a Pulser sequence.

    Raises:
        ResultError: This is the result of a circuit, which has no atoms.
    """
    from pulser.backend import Results

    if result.bit_order is not BitOrder.ATOMS:
        raise ResultError(
            "the result of a circuit has no atoms",
            remedy="Use result.to_qiskit() for circuits.",
        )
    if result.raw is not None and _MARK in result.raw:
        return Results.from_abstract_repr(result.raw)
    duration = result.metadata.get("duration")
    return Results.from_final_bitstrings(
        atom_order=result.atoms or tuple(f"q{i}" for i in range(result.width)),
        total_duration=int(duration) if isinstance(duration, int | float) else 0,
        final_bitstrings=dict(result.counts),
    )


JOB_STATUSES: Mapping[JobStatus, PulserJobStatus] = MappingProxyType(
    {
        JobStatus.QUEUED: PulserJobStatus.PENDING,
        JobStatus.RUNNING: PulserJobStatus.RUNNING,
        JobStatus.SUCCEEDED: PulserJobStatus.DONE,
        JobStatus.FAILED: PulserJobStatus.ERROR,
        # It runs until it has stopped.
        JobStatus.CANCELLING: PulserJobStatus.RUNNING,
        JobStatus.CANCELLED: PulserJobStatus.CANCELED,
        # Pulser has no word for what is not known, and this one promises the least.
        JobStatus.UNKNOWN: PulserJobStatus.PENDING,
    }
)
"""What Pulser calls each status of a job."""

_WORDS = {
    **BatchStatus.__members__,
    "CANCELING": BatchStatus.RUNNING,
    "WAITING": BatchStatus.PENDING,
    "EXECUTING": BatchStatus.RUNNING,
    "SUCCEEDED": BatchStatus.DONE,
    "FAILED": BatchStatus.ERROR,
    # Not an end: some job has failed, and the session goes on taking jobs.
    "FAILURE(S)": BatchStatus.RUNNING,
    "TIMEDOUT": BatchStatus.TIMED_OUT,
    "CANCELLED": BatchStatus.CANCELED,
}
_ENDED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})


def pulser_job_status(state: JobState) -> PulserJobStatus:
    """Say where a job stands."""
    if state.status is JobStatus.QUEUED and state.reported.upper() == "PAUSED":
        return PulserJobStatus.PAUSED
    return JOB_STATUSES[state.status]


def pulser_batch_status(word: str, jobs: Collection[JobStatus]) -> BatchStatus:
    """Say where a batch stands.

    Args:
        word: The provider's own word; empty where it has none.
        jobs: Where the batch's jobs stand, for a word that is not known.
    """
    known = _WORDS.get(word.upper())
    return known if known is not None else _by_jobs(set(jobs))


def _by_jobs(statuses: set[JobStatus]) -> BatchStatus:
    if statuses <= {JobStatus.QUEUED, JobStatus.UNKNOWN}:
        return BatchStatus.PENDING
    if not statuses <= _ENDED:
        return BatchStatus.RUNNING
    if statuses == {JobStatus.CANCELLED}:
        return BatchStatus.CANCELED
    return BatchStatus.ERROR if JobStatus.FAILED in statuses else BatchStatus.DONE


class ResultsMissingError(ResultError, RemoteResultsError):
    """Not every job has a result; what there is, is available. Pulser knows this error too."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job ended, or where it stands.

    Args:
        job_id: The provider's id of the job.
        state: Where it stands.
        result: What it measured, once that is here.
        error: Why there is no result and none will come, or ``None``.
    """

    job_id: str
    state: JobState
    result: Result | None = None
    error: QuantumAsyncError | None = None

    @property
    def is_over(self) -> bool:
        """Whether the result is here, or none will come."""
        return self.result is not None or self.error is not None

    @property
    def status(self) -> PulserJobStatus:
        """Where it stands, in Pulser's words."""
        return pulser_job_status(self.state)

    @property
    def results(self) -> Results | None:
        """What it measured, as Pulser's ``Results``; ``None`` where there is nothing."""
        return to_results(self.result) if self.result is not None else None


def all_results(outcomes: list[Outcome]) -> tuple[Result, ...]:
    """Give the results of all jobs.

    Raises:
        QuantumAsyncError: One job has none, and why.
        ExceptionGroup: Several jobs have none.
    """
    errors = [outcome.error or _pending(outcome) for outcome in outcomes if outcome.result is None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(outcomes)} jobs have no result", errors)
    return tuple(outcome.result for outcome in outcomes if outcome.result is not None)


def missing(outcomes: list[Outcome]) -> ResultsMissingError | None:
    """Say which jobs have no result, as the error that Pulser expects."""
    lacking = [outcome for outcome in outcomes if outcome.result is None]
    if not lacking:
        return None
    # A job that failed may be why others were cancelled.
    first = next((one for one in lacking if one.state.status is JobStatus.FAILED), lacking[0])
    error = ResultsMissingError(
        f"{len(lacking)} of {len(outcomes)} jobs have no result; "
        f"job {first.job_id} is {first.state.status}",
        job_id=first.job_id,
        remedy="get_available_results() gives those that are there.",
    )
    error.__cause__ = first.error
    return error


def _pending(outcome: Outcome) -> ResultPendingError:
    return ResultPendingError(
        f"job {outcome.job_id} is {outcome.state.status}", job_id=outcome.job_id
    )


class AsyncResults:
    """The results of one call of `QPUBackend.run`: what Pulser's ``RemoteResults`` is, awaited.

    ``await results`` waits for all of them; ``async for outcome in results`` yields each job as it
    ends, with its results or its error.

    Args:
        link: The provider.
        batch_id: The provider's id of the batch.
        job_ids: Those of the jobs, in order.
    """

    def __init__(self, link: Link, batch_id: str, job_ids: Sequence[str]) -> None:
        self._link = link
        self._batch_id = batch_id
        self._job_ids = job_ids

    def __repr__(self) -> str:
        return f"<AsyncResults of {len(self.job_ids)} jobs, batch {self._batch_id}>"

    def __len__(self) -> int:
        return len(self.job_ids)

    @property
    def batch_id(self) -> str:
        """The provider's id of the batch."""
        return self._batch_id

    @property
    def job_ids(self) -> list[str]:
        """The provider's ids of the jobs, in the order of their parameters."""
        return list(self._job_ids)

    async def get_batch_status(self) -> BatchStatus:
        """Say where the batch stands, in Pulser's words."""
        return await self._link.batch_status(self._batch_id)

    async def get_job_statuses(self) -> dict[str, PulserJobStatus]:
        """Say where each job stands, in Pulser's words."""
        return {outcome.job_id: outcome.status for outcome in await self._now()}

    async def get_available_results(self) -> dict[str, Results]:
        """Give the results that are there, by the ids of their jobs."""
        found = await self._now()
        return {each.job_id: to_results(each.result) for each in found if each.result is not None}

    async def outcomes(self) -> Mapping[str, Outcome]:
        """Say how each job ended or where it stands, failed ones included."""
        return {outcome.job_id: outcome for outcome in await self._now()}

    async def wait(self, timeout: float | None = None) -> Mapping[str, Outcome]:  # noqa: ASYNC109
        """Wait until every job is over, however it ended.

        Cancelled or timed out: only the waiting ends; the jobs go on.

        Args:
            timeout: Longest wait in seconds; no limit by default.

        Raises:
            WaitTimeoutError: The time is up.
        """
        start = anyio.current_time()
        with anyio.move_on_after(timeout):
            return {
                outcome.job_id: outcome
                for outcome in await self._link.wait(self._batch_id, self._job_ids)
            }
        error = WaitTimeoutError(
            f"batch {self._batch_id} was not over after {timeout:g} s",
            remedy="Its jobs go on: wait again, or cancel them with cancel().",
        )
        error.elapsed = anyio.current_time() - start
        raise error

    async def results(self) -> tuple[Results, ...]:
        """Wait for the results of all jobs, in the order of their parameters.

        Raises:
            JobFailedError: One job failed.
            JobCancelledError: One job was cancelled.
            ResultError: The result of one job is of no use.
            ExceptionGroup: Several jobs have no result. `get_available_results` gives the others.
        """
        return tuple(
            map(to_results, all_results(await self._link.wait(self._batch_id, self._job_ids)))
        )

    def __await__(self) -> Generator[object, None, tuple[Results, ...]]:
        return self.results().__await__()

    def __aiter__(self) -> AsyncIterator[Outcome]:
        return self._link.as_completed(self._batch_id, self._job_ids)

    async def cancel(self) -> None:
        """Cancel the jobs that have not ended.

        Raises:
            QuantumAsyncError: The provider refused.
        """
        await self._link.cancel(self._batch_id, self._job_ids)

    async def _now(self) -> list[Outcome]:
        return await self._link.outcomes(self._batch_id, self._job_ids)
