"""What the service's words for a status mean."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.http.redact import hide
from quantum_async.models.batch import BatchStatus
from quantum_async.models.cost import Cost
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.azure.wire import AzureJobStatus, AzureSessionStatus, moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quantum_async.providers.azure.states import JobGlance
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
    return _status(job.status, is_cancelling=job.is_cancelling)


def job_state(job: AzureJob) -> JobState:
    """Say where a job stands, and what is known of it besides."""
    status = job_status(job)
    return JobState(
        status,
        hide(str(job.error_data)) if job.error_data is not None else "",
        run_time=_run_time(job.begin_execution_time, job.end_execution_time, status),
        reported=job.status,
        cost=cost_of(job),
    )


def glanced_state(job: JobGlance) -> JobState:
    """Say where a job stands of which a poll tells, and what is known of it besides."""
    word, error, cost = job.get("status") or "", job.get("error_data"), job.get("cost_estimate")
    is_cancelling = bool(job.get("is_cancelling"))
    if error is None and cost is None and not is_cancelling:
        going = _going(word)
        if going is not None:
            return going
    status = _status(word, is_cancelling=is_cancelling)
    begin, end = job.get("begin_execution_time"), job.get("end_execution_time")
    return JobState(
        status,
        hide(str(error)) if error is not None else "",
        run_time=_run_time(moment(begin), moment(end), status),
        reported=word,
        cost=_cost(cost.get("estimated_total"), cost.get("currency_code"))
        if cost is not None
        else None,
    )


@lru_cache(maxsize=64)
def _going(word: str) -> JobState | None:
    """Share the state of all jobs that have not ended: most answers to a poll say no more."""
    status = _status(word, is_cancelling=False)
    return None if status.is_terminal else JobState(status, reported=word)


def _status(word: str, *, is_cancelling: bool) -> JobStatus:
    status = JOB_STATUSES[AzureJobStatus.read(word)]
    # Services without words for it say only by a flag that a job is being cancelled.
    return JobStatus.CANCELLING if is_cancelling and not status.is_terminal else status


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
    return _cost(estimate.estimated_total, estimate.currency_code)


def _cost(total: float | None, currency: str | None) -> Cost:
    return Cost(total or 0.0, currency or "USD", is_estimate=True)


_OVER = frozenset({BatchStatus.CLOSED, BatchStatus.FAILED, BatchStatus.TIMED_OUT})


def _run_time(begin: datetime | None, end: datetime | None, status: JobStatus) -> float | None:
    if begin is None or end is None or not status.is_terminal:
        return None
    return max(0.0, (end - begin).total_seconds())
