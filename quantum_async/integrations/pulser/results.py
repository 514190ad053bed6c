"""Results that are awaited: all of them, those that are there, or each as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import WaitTimeoutError
from quantum_async.integrations.pulser.convert import to_results
from quantum_async.integrations.pulser.outcomes import all_results

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping, Sequence

    from pulser.backend import Results
    from pulser.backend.remote import BatchStatus, JobStatus as PulserJobStatus

    from quantum_async.integrations.pulser.link import Link
    from quantum_async.integrations.pulser.outcomes import Outcome


class AsyncResults:
    """The results of one call of `QPUBackend.run`: what Pulser's ``RemoteResults`` is, awaited.

    ``await results`` waits for all of them; ``async for outcome in results`` yields each job as it
    ends, with its results or its error.

    Args:
        link: The provider.
        batch_id: The provider's id of the batch.
        job_ids: Those of the jobs, in order.
    """

    def __init__(self, link: Link, batch_id: str, job_ids: Sequence[str]) -> None:
        self._link = link
        self._batch_id = batch_id
        self._job_ids = job_ids

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
        return list(self._job_ids)

    async def get_batch_status(self) -> BatchStatus:
        """Say where the batch stands, in Pulser's words."""
        return await self._link.batch_status(self._batch_id)

    async def get_job_statuses(self) -> dict[str, PulserJobStatus]:
        """Say where each job stands, in Pulser's words."""
        return {outcome.job_id: outcome.status for outcome in await self._now()}

    async def get_available_results(self) -> dict[str, Results]:
        """Give the results that are there, by the ids of their jobs."""
        found = await self._now()
        return {each.job_id: to_results(each.result) for each in found if each.result is not None}

    async def outcomes(self) -> Mapping[str, Outcome]:
        """Say how each job ended or where it stands, failed ones included."""
        return {outcome.job_id: outcome for outcome in await self._now()}

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
            return {
                outcome.job_id: outcome
                for outcome in await self._link.wait(self._batch_id, self._job_ids)
            }
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
        return tuple(
            map(to_results, all_results(await self._link.wait(self._batch_id, self._job_ids)))
        )

    def __await__(self) -> Generator[object, None, tuple[Results, ...]]:
        return self.results().__await__()

    def __aiter__(self) -> AsyncIterator[Outcome]:
        return self._link.as_completed(self._batch_id, self._job_ids)

    async def cancel(self) -> None:
        """Cancel the jobs that have not ended.

        Raises:
            QuantumAsyncError: The provider refused.
        """
        await self._link.cancel(self._batch_id, self._job_ids)

    async def _now(self) -> list[Outcome]:
        return await self._link.outcomes(self._batch_id, self._job_ids)
