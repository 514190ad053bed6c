"""Outcomes: how each job of a batch ended, or where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pulser.backend.remote import BatchStatus, JobStatus as PulserJobStatus, RemoteResultsError

from quantum_async.errors import QuantumAsyncError, ResultError, ResultPendingError
from quantum_async.integrations.pulser.convert import to_results
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pulser.backend import Results

    from quantum_async.models.job import JobState
    from quantum_async.models.result import Result


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
