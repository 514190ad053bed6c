"""What the service's words for a status mean."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus, job_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.pasqal.wire import JobGlance, PasqalJob

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


def job_status(word: PasqalJobStatus) -> JobStatus:
    """Say what a word for a job means."""
    return JOB_STATUSES[word]


def job_state(job: PasqalJob | JobGlance) -> JobState:
    """Say where a job stands."""
    going = None if job.errors else _going(job.status)
    if going is not None:
        return going
    state, message = job.state, "; ".join(job.errors)
    if state is PasqalJobStatus.TIMED_OUT and not message:
        message = "the provider gave up on it"
    return JobState(job_status(state), message, run_time=_run_time(job), reported=job.status)


@lru_cache(maxsize=64)
def _going(word: str) -> JobState | None:
    """Share the state of all jobs that have not ended: most answers to a poll say no more."""
    status = JOB_STATUSES[job_word(word)]
    return None if status.is_terminal else JobState(status, reported=word)


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


def _run_time(job: PasqalJob | JobGlance) -> float | None:
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
