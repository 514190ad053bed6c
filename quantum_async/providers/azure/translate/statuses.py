"""What the service's words for a status mean."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.models.batch import BatchStatus
from quantum_async.models.cost import Cost
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.azure.wire import AzureJobStatus, AzureSessionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.azure.wire import AzureJob, AzureSession

JOB_STATUSES: Mapping[AzureJobStatus, JobStatus] = MappingProxyType(
    {
        AzureJobStatus.QUEUED: JobStatus.QUEUED,
        AzureJobStatus.WAITING: JobStatus.QUEUED,
        AzureJobStatus.EXECUTING: JobStatus.RUNNING,
        AzureJobStatus.FINISHING: JobStatus.RUNNING,
        AzureJobStatus.CANCELLATION_REQUESTED: JobStatus.CANCELLING,
        AzureJobStatus.CANCELLING: JobStatus.CANCELLING,
        AzureJobStatus.COMPLETED: JobStatus.SUCCEEDED,
        AzureJobStatus.SUCCEEDED: JobStatus.SUCCEEDED,
        AzureJobStatus.FAILED: JobStatus.FAILED,
        AzureJobStatus.CANCELLED: JobStatus.CANCELLED,
        AzureJobStatus.UNKNOWN: JobStatus.UNKNOWN,
    }
)
"""Every word for a job, and what it means."""

SESSION_STATUSES: Mapping[AzureSessionStatus, BatchStatus] = MappingProxyType(
    {
        AzureSessionStatus.WAITING: BatchStatus.OPEN,
        AzureSessionStatus.EXECUTING: BatchStatus.OPEN,
        # Not an end: the session goes on taking jobs.
        AzureSessionStatus.FAILURES: BatchStatus.OPEN,
        AzureSessionStatus.SUCCEEDED: BatchStatus.CLOSED,
        AzureSessionStatus.FAILED: BatchStatus.FAILED,
        AzureSessionStatus.TIMED_OUT: BatchStatus.TIMED_OUT,
        AzureSessionStatus.UNKNOWN: BatchStatus.UNKNOWN,
    }
)
"""Every word for a session, and what it means."""

AVAILABILITIES: Mapping[str, DeviceStatus] = MappingProxyType(
    {
        "available": DeviceStatus.AVAILABLE,
        "degraded": DeviceStatus.DEGRADED,
        "unavailable": DeviceStatus.UNAVAILABLE,
    }
)
"""Every word for a target's availability, in lower case."""


def job_status(job: AzureJob) -> JobStatus:
    """Say where a job stands."""
    status = JOB_STATUSES[job.state]
    # Services without words for it say only by a flag that a job is being cancelled.
    if job.is_cancelling and not status.is_terminal:
        return JobStatus.CANCELLING
    return status


def job_state(job: AzureJob) -> JobState:
    """Say where a job stands, and what is known of it besides."""
    status = job_status(job)
    return JobState(
        status,
        str(job.error_data) if job.error_data is not None else "",
        run_time=_run_time(job) if status.is_terminal else None,
        reported=job.status,
        cost=cost_of(job),
    )


def batch_status(session: AzureSession) -> BatchStatus:
    """Say where a session stands."""
    return SESSION_STATUSES[session.state]


def is_over(session: AzureSession) -> bool:
    """Say whether a session takes no more jobs for certain."""
    return batch_status(session) in _OVER


def device_status(word: str) -> DeviceStatus:
    """Say whether a target takes jobs."""
    return AVAILABILITIES.get(word.lower(), DeviceStatus.UNKNOWN)


def cost_of(item: AzureJob | AzureSession) -> Cost | None:
    """Say what a job or a session costs, once the service tells."""
    estimate = item.cost_estimate
    if estimate is None:
        return None
    return Cost(estimate.estimated_total, estimate.currency_code or "USD", is_estimate=True)


_OVER = frozenset({BatchStatus.CLOSED, BatchStatus.FAILED, BatchStatus.TIMED_OUT})


def _run_time(job: AzureJob) -> float | None:
    start, end = job.begin_execution_time, job.end_execution_time
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())
