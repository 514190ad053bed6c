"""Cancelling: jobs one by one, where what has ended already counts as cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import QuantumAsyncError, RateLimitedError, RejectedRequestError
from quantum_async.providers.azure.translate.statuses import job_status

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
    refused: dict[JobRef, QuantumAsyncError] = {}
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def cancel(ref: JobRef) -> None:
        async with limit:
            if (error := await _refusal(jobs, ref.id)) is not None:
                refused[ref] = error

    async with anyio.create_task_group() as tasks:
        for ref in refs:
            tasks.start_soon(cancel, ref)
    return refused


async def _refusal(jobs: Jobs, job_id: str) -> QuantumAsyncError | None:
    """Cancel one job, and say why it goes on where it does."""
    try:
        await jobs.cancel(job_id)
    except QuantumAsyncError as error:
        may_have_ended = isinstance(error, RejectedRequestError)
        if may_have_ended and not isinstance(error, RateLimitedError):
            return None if await _has_ended(jobs, job_id) else error
        return error
    return None


async def _has_ended(jobs: Jobs, job_id: str) -> bool:
    try:
        return job_status(await jobs.get(job_id)).is_terminal
    except QuantumAsyncError:
        return False
