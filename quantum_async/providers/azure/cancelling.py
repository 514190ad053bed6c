"""Cancelling: jobs one by one, where what has ended already counts as cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import QuantumAsyncError, RateLimitedError, RejectedRequestError
from quantum_async.providers.azure.translate.statuses import job_status
from quantum_async.providers.each import failures_of_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.job import JobRef
    from quantum_async.providers.azure.jobs import Jobs

_AT_ONCE = 8


async def cancel_jobs(jobs: Jobs, refs: Sequence[JobRef]) -> dict[JobRef, QuantumAsyncError]:
    """Cancel jobs, each by a request of its own, a few at a time.

    Args:
        jobs: The workspace's jobs.
        refs: Which of them.

    Returns:
        What could not be cancelled and has not ended either, and why.
    """

    async def cancel(job_id: str) -> None:
        try:
            await jobs.cancel(job_id)
        except RateLimitedError:
            raise
        except RejectedRequestError:
            if not await _has_ended(jobs, job_id):
                raise

    return await failures_of_each(refs, cancel, at_once=_AT_ONCE)


async def _has_ended(jobs: Jobs, job_id: str) -> bool:
    try:
        return job_status(await jobs.get(job_id)).is_terminal
    except QuantumAsyncError:
        return False
