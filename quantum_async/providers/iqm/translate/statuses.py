"""What IQM's words for a job's status mean, in both generations."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.http.redact import hide
from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.iqm.wire import IQMJobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.iqm.wire import IQMJob

JOB_STATUSES: Mapping[IQMJobStatus, JobStatus] = MappingProxyType(
    {
        IQMJobStatus.WAITING: JobStatus.QUEUED,
        IQMJobStatus.PROCESSING: JobStatus.RUNNING,
        IQMJobStatus.COMPLETED: JobStatus.SUCCEEDED,
        IQMJobStatus.FAILED: JobStatus.FAILED,
        IQMJobStatus.CANCELLED: JobStatus.CANCELLED,
        IQMJobStatus.UNKNOWN: JobStatus.UNKNOWN,
    }
)
"""Every word of IQM Server, and what it means."""

LEGACY_STATUSES: Mapping[str, IQMJobStatus] = MappingProxyType(
    {
        "received": IQMJobStatus.WAITING,
        "accepted": IQMJobStatus.WAITING,
        "pending": IQMJobStatus.WAITING,
        "pending compilation": IQMJobStatus.WAITING,
        "processing": IQMJobStatus.PROCESSING,
        "pending execution": IQMJobStatus.PROCESSING,
        "ready": IQMJobStatus.COMPLETED,
        "failed": IQMJobStatus.FAILED,
        "aborted": IQMJobStatus.CANCELLED,
        # What is deleted has no result and never will; older clients take all three for an end.
        "pending deletion": IQMJobStatus.CANCELLED,
        "deleted": IQMJobStatus.CANCELLED,
        "deletion failed": IQMJobStatus.FAILED,
    }
)
"""Every word of the older interface, and what IQM Server would say."""


def legacy_status(word: str) -> IQMJobStatus:
    """Say what IQM Server would call a status of the older interface.

    Args:
        word: With blanks or with underscores, as versions differ.
    """
    return LEGACY_STATUSES.get(word.strip().lower().replace("_", " "), IQMJobStatus.UNKNOWN)


def job_state(job: IQMJob) -> JobState:
    """Say where a job stands."""
    return JobState(
        JOB_STATUSES[job.status],
        hide(job.words),
        queue_position=job.queue_position,
        run_time=None if job.runtime_ms is None else job.runtime_ms / 1000,
        reported=job.reported,
    )
