"""Batches: every operation that the service has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError
from quantum_async.http.encode import json_body
from quantum_async.models.program import Program
from quantum_async.providers.pasqal.cloud import BATCH
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.filters import BatchFilters, CancelFilters, RebatchFilters
from quantum_async.providers.pasqal.gateway import parse
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.pasqal.pages import Page, PageOf, every
from quantum_async.providers.pasqal.submission import (
    KEY_PREFIX,
    NewBatch,
    NewJob,
)
from quantum_async.providers.pasqal.translate.statuses import is_over
from quantum_async.providers.pasqal.wire import (
    BatchProgress,
    CancelledBatches,
    CancelledJobs,
    Envelope,
    PasqalBatch,
    PasqalJob,
)
from quantum_async.providers.waiting import wait_until_over
from quantum_async.providers.wording import about_batch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from quantum_async.models.submission import WrittenByPulser
    from quantum_async.providers.pasqal.cloud import Cloud
    from quantum_async.providers.pasqal.emulators import EmulatorConfig


_BATCH_PROGRESS = Envelope[BatchProgress]
_CANCELLED_BATCHES = Envelope[CancelledBatches]
_CANCELLED_JOBS = Envelope[CancelledJobs]


class Batches:
    """The batches of an account: `PasqalClient.batches`.

    A scheduler does what most programs need of this, and closes what it opens. Here is the
    service as it is.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._gateway = cloud.gateway

    async def create(
        self,
        sequence: Program | str | None,
        jobs: Sequence[NewJob] = (),
        *,
        open: bool = False,
        device_type: str | None = None,
        tags: Sequence[str] = (),
        emulation: str | WrittenByPulser | None = None,
        configuration: EmulatorConfig | None = None,
        webhook: str | None = None,
        key: str | None = None,
    ) -> PasqalBatch:
        """Create a batch. Sent once: if the answer is lost, nobody knows whether it exists.

        Billed: running its jobs is; an open batch reserves the device until it is closed.

        Args:
            sequence: What its jobs share, or ``None`` where each brings its own.
            jobs: Its jobs; an open batch may do without.
            open: Whether further jobs can be added; close it then.
            device_type: Where it runs; by default on the device inside the sequence.
            tags: Free words.
            emulation: Pulser's ``EmulationConfig``, or what it writes down.
            configuration: The legacy configuration of EMU_FREE or EMU_TN.
            webhook: Address that the service calls; the client's own by default.
            key: Put into the tags, so that a batch whose answer was lost can be found again with
                `PasqalClient.find` or `PasqalClient.find_batch`.

        Raises:
            InvalidInputError: The batch contradicts itself; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: It may exist or not.
            QuantumAsyncError: It was refused.
        """
        batch = NewBatch(
            jobs=tuple(jobs),
            sequence=sequence.text if isinstance(sequence, Program) else sequence,
            is_open=open,
            device_type=device_type,
            tags=(*tags, *([KEY_PREFIX + key] if key else [])),
            emulation=PasqalOptions(emulation=emulation).emulation_text,
            configuration=configuration,
            webhook=webhook or self._cloud.webhook,
            project_id=self._cloud.billed_project,
        )
        return await self._cloud.create_batch(batch)

    async def get(self, batch_id: str) -> PasqalBatch:
        """Look a batch up, with its sequence and without its jobs."""
        return await self._cloud.batch(batch_id)

    async def page(
        self, filters: BatchFilters | None = None, page: Page | None = None
    ) -> PageOf[PasqalBatch]:
        """Read one page of the list of batches.

        Args:
            filters: Which batches.
            page: Which part of the list; the first 100 by default.
        """
        filters, page = filters or BatchFilters(), page or Page()
        if filters.selects_nothing:
            return PageOf((), page.offset, 0, page.offset)
        return await self._cloud.batches(page, filters.query())

    def list(self, filters: BatchFilters | None = None) -> AsyncIterator[PasqalBatch]:
        """Iterate over all batches, the newest first.

        Args:
            filters: Which batches.

        Raises:
            ProtocolError: The list does not go on although it has not ended.
        """
        return every(lambda page: self.page(filters, page))

    async def status(self, batch_id: str) -> BatchProgress:
        """Say where a batch and its jobs stand, in the smallest answer that the service has."""
        response = await self._gateway.read(Route.BATCH_STATUS, batch_id, lane="control")
        return parse(_BATCH_PROGRESS, response).data

    async def wait(
        self,
        batch_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  its error says more
    ) -> BatchProgress:
        """Wait until every job of a batch has ended, or the batch itself has.

        Args:
            batch_id: The batch.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the batch goes on.
        """
        return await wait_until_over(
            lambda: self.status(batch_id),
            lambda seen: is_over(seen.jobs_count_per_status, seen.state),
            what=f"batch {batch_id}",
            provider="pasqal",
            timeout=timeout,
        )

    def jobs(self, batch_id: str) -> AsyncIterator[PasqalJob]:
        """Iterate over a batch's jobs in the order in which they were created."""
        return self._cloud.jobs_in(batch_id)

    async def add_jobs(self, batch_id: str, jobs: Sequence[NewJob]) -> PasqalBatch:
        """Add jobs to an open batch. Sent once; billed like the batch's own.

        Args:
            batch_id: The batch.
            jobs: What to add.

        Returns:
            The batch with all its jobs, the new ones last.

        Raises:
            ConflictError: The batch is closed.
            LostAnswerError, ServerError, ProtocolError: The jobs may have been added or not.
        """
        if not jobs:
            raise InvalidInputError(
                "there are no jobs to add", provider="pasqal", remedy="Pass at least one NewJob."
            )
        body = await json_body([job.document() for job in jobs], compression="large")
        response = await self._gateway.create(Route.ADD_JOBS, batch_id, body=body)
        return parse(BATCH, response).data

    async def close(self, batch_id: str) -> PasqalBatch:
        """Close an open batch: its jobs go on, no more can be added."""
        with about_batch(provider="pasqal"):
            return parse(BATCH, await self._gateway.write(Route.CLOSE_BATCH, batch_id)).data

    async def cancel(self, batch_id: str) -> PasqalBatch:
        """Cancel a batch with its unfinished jobs; an open one is closed by it."""
        with about_batch(provider="pasqal"):
            return parse(BATCH, await self._gateway.write(Route.CANCEL_BATCH, batch_id)).data

    async def cancel_many(self, batch_ids: Sequence[str]) -> CancelledBatches:
        """Cancel several batches in one request.

        Returns:
            Those that were cancelled, and why the others were not.
        """
        if not batch_ids:
            return CancelledBatches()
        body = await json_body({"batch_ids": [*batch_ids]})
        with about_batch(provider="pasqal"):
            response = await self._gateway.write(Route.CANCEL_BATCHES, body=body)
            return parse(_CANCELLED_BATCHES, response).data

    async def cancel_jobs(
        self, batch_id: str, filters: CancelFilters | None = None
    ) -> CancelledJobs:
        """Cancel jobs of a batch in one request.

        Args:
            batch_id: The batch.
            filters: Which of its jobs; all that are unfinished by default.

        Returns:
            Those that were cancelled, and why others were not.
        """
        filters = filters or CancelFilters()
        if filters.selects_nothing:
            return CancelledJobs()
        query = filters.query()
        with about_batch(provider="pasqal"):
            response = await self._gateway.write(Route.CANCEL_JOBS, batch_id, query=query)
            return parse(_CANCELLED_JOBS, response).data

    async def set_tags(self, batch_id: str, tags: Sequence[str]) -> PasqalBatch:
        """Replace a batch's tags. A scheduler finds its own batches by theirs: keep those."""
        body = await json_body([*dict.fromkeys(tags)])
        return parse(BATCH, await self._gateway.write(Route.SET_TAGS, batch_id, body=body)).data

    async def rebatch(self, batch_id: str, filters: RebatchFilters | None = None) -> PasqalBatch:
        """Run jobs of a closed batch again, in a new batch. Sent once; billed.

        Args:
            batch_id: The closed batch.
            filters: Which of its jobs; all of them by default.

        Raises:
            InvalidInputError: The filters select nothing.
            LostAnswerError, ServerError, ProtocolError: The new batch may exist or not.
        """
        filters = filters or RebatchFilters()
        if filters.selects_nothing:
            raise InvalidInputError(
                "the filters select no job", provider="pasqal", remedy="Leave out empty lists."
            )
        response = await self._gateway.create(Route.REBATCH, batch_id, query=filters.query())
        return parse(BATCH, response).data
