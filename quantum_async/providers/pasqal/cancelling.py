"""Cancelling: jobs batch by batch, where what has ended already counts as cancelled."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING

from quantum_async.errors import (
    BatchError,
    ConflictError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.providers.each import failures_of_each
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.gateway import parse
from quantum_async.providers.pasqal.pages import LARGEST
from quantum_async.providers.pasqal.states import states
from quantum_async.providers.pasqal.translate.statuses import TERMINAL_BATCH
from quantum_async.providers.pasqal.wire import CancelledJobs, Envelope
from quantum_async.providers.wording import about_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.models.batch import BatchRef
    from quantum_async.models.job import JobRef
    from quantum_async.providers.pasqal.batches import Batches
    from quantum_async.providers.pasqal.cloud import Cloud


_CANCELLED_JOBS = Envelope[CancelledJobs]
_AT_ONCE = 8


async def cancel_jobs(cloud: Cloud, jobs: Sequence[JobRef]) -> dict[JobRef, QuantumAsyncError]:
    """Cancel jobs, one request for up to a hundred of each batch.

    Returns:
        What could not be cancelled and has not ended either, and why.
    """

    async def cancel_alone(job_id: str) -> None:
        await cloud.gateway.write(Route.CANCEL_JOB, job_id)

    groups: defaultdict[str | None, list[JobRef]] = defaultdict(list)
    for job in jobs:
        groups[job.batch_id].append(job)
    refused: dict[JobRef, QuantumAsyncError] = {}
    for batch_id, members in groups.items():
        for start in range(0, len(members), LARGEST):
            part = members[start : start + LARGEST]
            if batch_id is None:
                refused |= await failures_of_each(part, cancel_alone, at_once=_AT_ONCE)
                continue
            try:
                refused |= await _together(cloud, batch_id, part)
            except QuantumAsyncError as error:
                # What fails for one batch must not leave the jobs of the others running.
                refused |= {job: _failure(job, error) for job in part}
    return await _unfinished(cloud, refused)


async def close_batch(batches: Batches, batch: BatchRef) -> None:
    """Close a batch; one that is closed already stays so."""
    try:
        await batches.close(batch.id)
    except RejectedRequestError as error:
        if isinstance(error, RateLimitedError):
            raise
        with about_batch(provider="pasqal"):
            found = await batches.get(batch.id)
        if found.is_open and found.state not in TERMINAL_BATCH:
            raise


async def cancel_batch(batches: Batches, batch: BatchRef) -> None:
    """Cancel a batch, or close it where there is nothing to cancel."""
    try:
        await batches.cancel(batch.id)
    except ConflictError:
        await close_batch(batches, batch)


async def _together(
    cloud: Cloud, batch_id: str, jobs: Sequence[JobRef]
) -> dict[JobRef, QuantumAsyncError]:
    response = await cloud.gateway.write(
        Route.CANCEL_JOBS, batch_id, query={"id": [job.id for job in jobs]}
    )
    errors = parse(_CANCELLED_JOBS, response).data.errors
    return {job: _refusal(job, errors[job.id]) for job in jobs if job.id in errors}


async def _unfinished(
    cloud: Cloud, refused: Mapping[JobRef, QuantumAsyncError]
) -> dict[JobRef, QuantumAsyncError]:
    if not refused:
        return {}
    try:
        seen = await states(cloud, list(refused))
    except QuantumAsyncError:
        # Why they were not cancelled says more.
        return dict(refused)
    return {
        job: error
        for job, error in refused.items()
        if job not in seen or not seen[job].status.is_terminal
    }


def _failure(job: JobRef, error: QuantumAsyncError) -> QuantumAsyncError:
    """Say of what happened to several jobs that it happened to one."""
    twin = copy(error)
    twin.__cause__ = error.__cause__
    return twin.concerning(job_id=job.id, accepted="yes")


def _refusal(job: JobRef, reason: str) -> BatchError:
    return BatchError(
        f"job {job.id} was not cancelled: {reason}",
        provider="pasqal",
        job_id=job.id,
        accepted="yes",
        remedy="Look at it with client.jobs.get(job_id), and cancel it again if it goes on.",
    )
