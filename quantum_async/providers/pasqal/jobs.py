"""Jobs: every operation that the service has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError
from quantum_async.providers.api import wait_until_over
from quantum_async.providers.pasqal.api import JOB, parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.filters import JobFilters
from quantum_async.providers.pasqal.pages import Page, PageOf, every
from quantum_async.providers.pasqal.submission import NewJob
from quantum_async.providers.pasqal.translate.statuses import job_status
from quantum_async.providers.pasqal.wire import Envelope, JobProgress, PasqalJob

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.providers.pasqal.api import Cloud
    from quantum_async.providers.pasqal.batches import Batches
    from quantum_async.providers.pasqal.results import Downloads
    from quantum_async.providers.pasqal.wire import PasqalBatch, PasqalResults


_JOB_PROGRESS = Envelope[JobProgress]


class Jobs:
    """The jobs of an account: `PasqalClient.jobs`.

    Args:
        cloud: What the client's parts share.
        batches: The account's batches.
        downloads: Gets stored results.
    """

    def __init__(self, cloud: Cloud, batches: Batches, downloads: Downloads) -> None:
        self._cloud = cloud
        self._gateway = cloud.gateway
        self._batches = batches
        self._downloads = downloads

    async def get(self, job_id: str) -> PasqalJob:
        """Look a job up, with its sequence."""
        return await self._cloud.job(job_id)

    async def page(
        self, filters: JobFilters | None = None, page: Page | None = None
    ) -> PageOf[PasqalJob]:
        """Read one page of the list of jobs.

        Args:
            filters: Which jobs.
            page: Which part of the list; the first 100 by default.
        """
        filters, page = filters or JobFilters(), page or Page()
        if filters.selects_nothing:
            return PageOf((), page.offset, 0, page.offset)
        return await self._cloud.jobs(page, filters.query())

    def list(self, filters: JobFilters | None = None) -> AsyncIterator[PasqalJob]:
        """Iterate over all jobs, the newest first.

        Args:
            filters: Which jobs.

        Raises:
            ProtocolError: The list does not go on although it has not ended.
        """
        return every(lambda page: self.page(filters, page))

    async def status(self, job_id: str) -> JobProgress:
        """Say where a job stands, in the smallest answer that the service has."""
        response = await self._gateway.read(Route.JOB_STATUS, job_id, lane="control")
        return parse(_JOB_PROGRESS, response, job_id).data

    async def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  its error says more
    ) -> JobProgress:
        """Wait until a job has ended, however it ends.

        Args:
            job_id: The job.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the job goes on.
        """
        return await wait_until_over(
            lambda: self.status(job_id),
            lambda seen: job_status(seen.state).is_terminal,
            what=f"job {job_id}",
            provider="pasqal",
            timeout=timeout,
        )

    async def cancel(self, job_id: str) -> PasqalJob:
        """Cancel a job; one that runs takes a while to stop. What did not run is not billed."""
        return parse(JOB, await self._gateway.write(Route.CANCEL_JOB, job_id), job_id).data

    async def results(self, job_id: str) -> PasqalResults:
        """Download the results of a job as they are stored.

        `PasqalClient.fetch` gives the same as a `Result` with the names of its atoms.

        Raises:
            ResultPendingError: There are none yet.
        """
        return await self._downloads.one(job_id)

    async def retry(self, job_id: str) -> PasqalBatch:
        """Run a job once more, in the same open batch. Sent once; billed.

        Args:
            job_id: A job of a batch that is open; for a closed one there is `Batches.rebatch`.

        Returns:
            The batch with all its jobs, the new one last.
        """
        job = await self._cloud.job(job_id)
        if not job.batch_id:
            raise InvalidInputError(
                f"job {job_id} belongs to no batch",
                provider="pasqal",
                job_id=job_id,
                remedy="Create a batch of it: client.batches.create(sequence, jobs).",
            )
        # A look-up shows the batch's sequence as the job's; only one of its own goes along.
        own = job.sequence
        if own is not None and own == (await self._cloud.batch(job.batch_id)).sequence_builder:
            own = None
        variables = job.variables if own is None else None
        # What the service gives back are values: it was sent them.
        again = NewJob(runs=job.runs, variables=variables, sequence=own)  # type: ignore[arg-type]
        return await self._batches.add_jobs(job.batch_id, [again])
