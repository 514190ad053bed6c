"""Results that are awaited: all of them, those that are there, or each as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio

from quantum_async.errors import QuantumAsyncError, WaitTimeoutError
from quantum_async.integrations.pulser.convert import to_results
from quantum_async.integrations.pulser.outcomes import Outcome, all_results
from quantum_async.integrations.pulser.statuses import pulser_batch_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping, Sequence

    from pulser.backend import Results
    from pulser.backend.remote import BatchStatus, JobStatus as PulserJobStatus

    from quantum_async.integrations.pulser.link import Link
    from quantum_async.models.job import JobRef
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.scheduler import Scheduler


class Source(Protocol):
    """Where the outcomes of some jobs come from."""

    @property
    def job_ids(self) -> Sequence[str]:
        """The provider's ids of the jobs, in order."""
        ...

    async def outcomes(self) -> list[Outcome]:
        """Sum up the jobs as they are now."""
        ...

    async def wait(self) -> list[Outcome]:
        """Wait until every job is over."""
        ...

    def as_completed(self) -> AsyncIterator[Outcome]:
        """Yield each outcome once it is over."""
        ...

    async def batch_status(self) -> BatchStatus:
        """Say where the batch stands."""
        ...

    async def cancel(self) -> None:
        """Cancel the jobs."""
        ...


class LinkSource:
    """Jobs that are followed by asking their provider.

    Args:
        link: The provider.
        batch_id: Their batch.
        job_ids: Their ids, in order.
    """

    def __init__(self, link: Link, batch_id: str, job_ids: Sequence[str]) -> None:
        self._link = link
        self._batch_id = batch_id
        self._job_ids = job_ids

    @property
    def job_ids(self) -> Sequence[str]:
        """The provider's ids of the jobs, in order."""
        return self._job_ids

    async def outcomes(self) -> list[Outcome]:
        """Ask where the jobs stand, and fetch the results that are there."""
        return await self._link.watcher.outcomes(await self._refs())

    async def wait(self) -> list[Outcome]:
        """Ask until every job is over."""
        return await self._link.watcher.wait(await self._refs())

    async def as_completed(self) -> AsyncIterator[Outcome]:
        """Ask until every job is over, and yield each as soon as it is."""
        async for outcome in self._link.watcher.as_completed(await self._refs()):
            yield outcome

    async def batch_status(self) -> BatchStatus:
        """Ask where the batch stands."""
        return await self._link.batch_status(self._batch_id)

    async def cancel(self) -> None:
        """Cancel the jobs."""
        failures = await self._link.client.cancel(await self._refs())
        for error in failures.values():
            raise error

    async def _refs(self) -> list[JobRef]:
        return await self._link.job_refs(self._batch_id, self._job_ids)


class SchedulerSource:
    """Jobs that a scheduler follows; nothing more is asked for them.

    Args:
        scheduler: The scheduler.
        jobs: Its jobs, in order.
    """

    def __init__(self, scheduler: Scheduler, jobs: Sequence[Job]) -> None:
        self._scheduler = scheduler
        self._jobs = jobs

    @property
    def job_ids(self) -> Sequence[str]:
        """The provider's ids of the jobs, in order."""
        return [job.ref.id for job in self._jobs]

    async def outcomes(self) -> list[Outcome]:
        """Sum up what the scheduler knows."""
        return [await _outcome(job) for job in self._jobs]

    async def wait(self) -> list[Outcome]:
        """Wait until every job is over."""
        async for _ in self._scheduler.as_completed(self._jobs):
            pass
        return await self.outcomes()

    async def as_completed(self) -> AsyncIterator[Outcome]:
        """Yield each outcome as soon as the scheduler has it."""
        async for job in self._scheduler.as_completed(self._jobs):
            yield await _outcome(job)

    async def batch_status(self) -> BatchStatus:
        """Say where the jobs stand, taken together."""
        return pulser_batch_status("", [job.state.status for job in self._jobs])

    async def cancel(self) -> None:
        """Cancel the jobs; one that cannot be cancelled holds up no other."""
        failures: list[QuantumAsyncError] = []
        for job in self._jobs:
            try:
                await job.cancel()
            except QuantumAsyncError as error:
                failures.append(error)
        if failures:
            raise failures[0]


async def _outcome(job: Job) -> Outcome:
    if not job.is_settled:
        state = job.state
        return Outcome(job.ref.id, state)
    try:
        result = await job
    except QuantumAsyncError as error:
        return Outcome(job.ref.id, job.state, error=error)
    return Outcome(job.ref.id, job.state, result)


class AsyncResults:
    """The results of one call of `QPUBackend.run`: what Pulser's ``RemoteResults`` is, awaited.

    ``await results`` waits for all of them; ``async for outcome in results`` yields each job as it
    ends, with its results or its error.

    Args:
        batch_id: The provider's id of the batch.
        source: Where the outcomes come from.
    """

    def __init__(self, batch_id: str, source: Source) -> None:
        self._batch_id = batch_id
        self._source = source

    def __repr__(self) -> str:
        return f"<AsyncResults of {len(self.job_ids)} jobs, batch {self._batch_id}>"

    def __len__(self) -> int:
        return len(self.job_ids)

    @property
    def batch_id(self) -> str:
        """The provider's id of the batch."""
        return self._batch_id

    @property
    def job_ids(self) -> list[str]:
        """The provider's ids of the jobs, in the order of their parameters."""
        return list(self._source.job_ids)

    async def get_batch_status(self) -> BatchStatus:
        """Say where the batch stands, in Pulser's words."""
        return await self._source.batch_status()

    async def get_job_statuses(self) -> dict[str, PulserJobStatus]:
        """Say where each job stands, in Pulser's words."""
        return {outcome.job_id: outcome.status for outcome in await self._source.outcomes()}

    async def get_available_results(self) -> dict[str, Results]:
        """Give the results that are there, by the ids of their jobs."""
        found = await self._source.outcomes()
        return {each.job_id: to_results(each.result) for each in found if each.result is not None}

    async def outcomes(self) -> Mapping[str, Outcome]:
        """Say how each job ended or where it stands, failed ones included."""
        return {outcome.job_id: outcome for outcome in await self._source.outcomes()}

    async def wait(self, timeout: float | None = None) -> Mapping[str, Outcome]:  # noqa: ASYNC109
        """Wait until every job is over, however it ended.

        Cancelled or timed out: only the waiting ends; the jobs go on.

        Args:
            timeout: Longest wait in seconds; no limit by default.

        Raises:
            WaitTimeoutError: The time is up.
        """
        start = anyio.current_time()
        with anyio.move_on_after(timeout):
            return {outcome.job_id: outcome for outcome in await self._source.wait()}
        error = WaitTimeoutError(
            f"batch {self._batch_id} was not over after {timeout:g} s",
            remedy="Its jobs go on: wait again, or cancel them with cancel().",
        )
        error.elapsed = anyio.current_time() - start
        raise error

    async def results(self) -> tuple[Results, ...]:
        """Wait for the results of all jobs, in the order of their parameters.

        Raises:
            JobFailedError: One job failed.
            JobCancelledError: One job was cancelled.
            ResultError: The result of one job is of no use.
            ExceptionGroup: Several jobs have no result. `get_available_results` gives the others.
        """
        return tuple(map(to_results, all_results(await self._source.wait())))

    def __await__(self) -> Generator[object, None, tuple[Results, ...]]:
        return self.results().__await__()

    def __aiter__(self) -> AsyncIterator[Outcome]:
        return self._source.as_completed()

    async def cancel(self) -> None:
        """Cancel the jobs that have not ended.

        Raises:
            QuantumAsyncError: The provider refused.
        """
        await self._source.cancel()
