"""The service's words for where a job stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.http.redact import hide
from quantum_async.models.job import JobState, JobStatus

if TYPE_CHECKING:
    from quantum_async.providers.qoro.wire import JobProgress

STATUSES = {
    "PENDING": JobStatus.QUEUED,
    "SCHEDULED": JobStatus.QUEUED,
    "PAUSED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.SUCCEEDED,
    "FAILED": JobStatus.FAILED,
    "TIMED_OUT": JobStatus.FAILED,
    "INSUFFICIENT_CREDITS": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
"""Every word that the service's own clients know."""

_REASONS = {
    "TIMED_OUT": "the service gave up because the job ran too long",
    "INSUFFICIENT_CREDITS": "the account has not enough credits",
}


def job_status(word: str) -> JobStatus:
    """Translate a word; one that is new means that the job has not ended as far as we know."""
    return STATUSES.get(word.strip().upper(), JobStatus.UNKNOWN)


def job_state(progress: JobProgress) -> JobState:
    """Translate where a job stands."""
    said = hide(progress.message or progress.error or "")
    return JobState(
        job_status(progress.status),
        message=said or _REASONS.get(progress.status.strip().upper(), ""),
        run_time=progress.run_time,
        reported=progress.status,
    )
