"""What the service's words for a status mean."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.http.redact import hide
from quantum_async.models.batch import BatchState, BatchStatus
from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus, job_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.providers.pasqal.wire import JobGlance, PasqalBatch, PasqalJob

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

TERMINAL_BATCH = frozenset(
    {
        PasqalBatchStatus.ERROR,
        PasqalBatchStatus.CANCELED,
        PasqalBatchStatus.TIMED_OUT,
        PasqalBatchStatus.DONE,
    }
)
"""The words after which a batch does not change any more."""


_ENDED_BATCHES = {
    PasqalBatchStatus.ERROR: BatchStatus.FAILED,
    PasqalBatchStatus.CANCELED: BatchStatus.CANCELLED,
    PasqalBatchStatus.TIMED_OUT: BatchStatus.TIMED_OUT,
}


def batch_state(batch: PasqalBatch) -> BatchState:
    """Say where a batch stands."""
    otherwise = BatchStatus.OPEN if batch.is_open else BatchStatus.CLOSED
    return BatchState(_ENDED_BATCHES.get(batch.state, otherwise), batch.status)


def job_status(word: PasqalJobStatus) -> JobStatus:
    """Say what a word for a job means."""
    return JOB_STATUSES[word]


def job_state(job: PasqalJob) -> JobState:
    """Say where a job stands."""
    if not job.errors and (going := _going(job.status)) is not None:
        return going
    return _state(job.status, job.errors, job.start_timestamp, job.end_timestamp)


def glanced_state(job: JobGlance) -> JobState:
    """Say where a job stands of which a poll tells."""
    word, errors = job.get("status", ""), job.get("errors", ())
    if not errors and (going := _going(word)) is not None:
        return going
    return _state(word, errors, job.get("start_timestamp"), job.get("end_timestamp"))


@lru_cache(maxsize=64)
def _going(word: str) -> JobState | None:
    """Share the state of all jobs that have not ended: most answers to a poll say no more."""
    status = JOB_STATUSES[job_word(word)]
    return None if status.is_terminal else JobState(status, reported=word)


def _state(word: str, errors: Sequence[str], start: str | None, end: str | None) -> JobState:
    state, message = job_word(word), hide("; ".join(errors))
    if state is PasqalJobStatus.TIMED_OUT and not message:
        message = "the provider gave up on it"
    status = job_status(state)
    run_time = _seconds(start, end) if status.is_terminal else None
    return JobState(status, message, run_time=run_time, reported=word)


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
    return all(job_status(job_word(word)).is_terminal for word, n in counts.items() if n)


def _seconds(start: str | None, end: str | None) -> float | None:
    began, ended = _moment(start), _moment(end)
    return None if began is None or ended is None else max(0.0, ended - began)


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    # Some answers hold seconds since the epoch; trying those on a date would take twice as long.
    for read in (_date, float) if "-" in text else (float, _date):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _date(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
