"""Statuses in Pulser's words; both tables are total."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pulser.backend.remote import BatchStatus, JobStatus as PulserJobStatus

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from quantum_async.models.job import JobState

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
