"""What the service's words for a status mean."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.models.batch import BatchStatus
from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.pasqal.wire import PasqalBatch, PasqalJob

JOB_STATUSES: Mapping[PasqalJobStatus, JobStatus] = MappingProxyType(
    {
        PasqalJobStatus.PENDING: JobStatus.QUEUED,
        PasqalJobStatus.RUNNING: JobStatus.RUNNING,
        PasqalJobStatus.DONE: JobStatus.SUCCEEDED,
        PasqalJobStatus.ERROR: JobStatus.FAILED,
        PasqalJobStatus.CANCELED: JobStatus.CANCELLED,
        PasqalJobStatus.CANCELING: JobStatus.CANCELLING,
        # A paused job goes on when its device does.
        PasqalJobStatus.PAUSED: JobStatus.QUEUED,
        PasqalJobStatus.TIMED_OUT: JobStatus.FAILED,
        PasqalJobStatus.UNKNOWN: JobStatus.UNKNOWN,
    }
)
"""Every word for a job, and what it means."""

_ENDED = {
    PasqalBatchStatus.ERROR: BatchStatus.FAILED,
    PasqalBatchStatus.CANCELED: BatchStatus.CANCELLED,
    PasqalBatchStatus.TIMED_OUT: BatchStatus.TIMED_OUT,
    PasqalBatchStatus.DONE: BatchStatus.CLOSED,
}

TERMINAL_BATCH = frozenset(_ENDED)
"""The words after which a batch does not change any more."""


def job_status(word: PasqalJobStatus) -> JobStatus:
    """Say what a word for a job means."""
    return JOB_STATUSES[word]


def job_state(job: PasqalJob) -> JobState:
    """Say where a job stands."""
    message = "; ".join(job.errors)
    if job.state is PasqalJobStatus.TIMED_OUT and not message:
        message = "the provider gave up on it"
    return JobState(job_status(job.state), message, run_time=_run_time(job), reported=job.status)


def batch_status(batch: PasqalBatch) -> BatchStatus:
    """Say where a batch stands: whether it takes jobs, and how it ended if it has."""
    if batch.state in _ENDED:
        return _ENDED[batch.state]
    if batch.state is PasqalBatchStatus.UNKNOWN:
        return BatchStatus.UNKNOWN
    return BatchStatus.OPEN if batch.is_open else BatchStatus.CLOSED


def is_over(counts: Mapping[str, int] | None, status: PasqalBatchStatus) -> bool:
    """Say whether every job of a batch has ended, by what its status answer tells.

    Args:
        counts: How many jobs have each status; where the answer lacks it, the status decides.
        status: The batch's.
    """
    if status in TERMINAL_BATCH:
        return True
    if not counts or not sum(counts.values()):
        return False
    return all(_is_ended(word) for word, count in counts.items() if count)


def _is_ended(word: str) -> bool:
    try:
        return JOB_STATUSES[PasqalJobStatus(word.upper())].is_terminal
    except ValueError:
        return False


def _run_time(job: PasqalJob) -> float | None:
    start, end = _moment(job.start_timestamp), _moment(job.end_timestamp)
    if start is None or end is None or not JOB_STATUSES[job.state].is_terminal:
        return None
    return max(0.0, end - start)


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)  # some answers hold seconds since the epoch
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
