"""Batches: opening, closing and cancelling them, and where their jobs stand."""

from __future__ import annotations

import random
from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING

from quantum_async.errors import (
    BatchError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.http.encode import json_body
from quantum_async.models.job import JobState
from quantum_async.models.program import Program
from quantum_async.providers.api import about_batch, failures_of_each, wait_until_over
from quantum_async.providers.pasqal.api import BATCH, parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.filters import BatchFilters, CancelFilters, RebatchFilters
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.pasqal.pages import LARGEST, Page, PageOf, every
from quantum_async.providers.pasqal.submission import KEY_PREFIX, NewBatch, NewJob
from quantum_async.providers.pasqal.translate.statuses import (
    TERMINAL_BATCH,
    glanced_state,
    is_over,
    job_state,
    job_status,
)
from quantum_async.providers.pasqal.wire import (
    Answer,
    BatchProgress,
    CancelledBatches,
    CancelledJobs,
    Envelope,
    JobGlance,
    JobProgress,
    PasqalBatch,
    PasqalJob,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from quantum_async.http.address import Query
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.job import JobRef
    from quantum_async.models.submission import WrittenByPulser
    from quantum_async.providers.pasqal.api import Cloud
    from quantum_async.providers.pasqal.emulators import EmulatorConfig


GLANCES = Answer[tuple[JobGlance, ...]]
PROGRESS = Answer[JobProgress]

_ASKED_ALONE = 4
"""Jobs missing from a list that are asked for one by one; the others' turn comes next time."""


async def states(cloud: Cloud, jobs: Sequence[JobRef]) -> dict[JobRef, JobState]:
    """Ask where jobs stand, a hundred in each request.

    Args:
        cloud: The account.
        jobs: The jobs.

    Returns:
        What the service knows. A list may lag behind: what it lacks is asked for by its id, a
        few jobs at a time.
    """
    found: dict[JobRef, JobState] = {}
    missing: list[JobRef] = []
    for start in range(0, len(jobs), LARGEST):
        part = jobs[start : start + LARGEST]
        listed = await _listed(cloud, part)
        for job in part:
            if (glance := listed.get(job.id)) is None:
                missing.append(job)
            else:
                found[job] = glanced_state(glance)
    for job in random.sample(missing, min(len(missing), _ASKED_ALONE)):
        state = await _alone(cloud, job)
        if state is not None:
            found[job] = state
    return found


async def _listed(cloud: Cloud, jobs: Sequence[JobRef]) -> Mapping[str, JobGlance]:
    query: Query = {"id": [job.id for job in jobs], **Page().query()}
    response = await cloud.gateway.read(Route.LIST_JOBS, query=query, lane="control")
    return {glance["id"]: glance for glance in parse(GLANCES, response).data}


async def _alone(cloud: Cloud, job: JobRef) -> JobState | None:
    try:
        if cloud.gateway.endpoints.has(Route.GET_JOB):
            return job_state(await cloud.job(job.id))
        response = await cloud.gateway.read(Route.JOB_STATUS, job.id, lane="control")
    except NotFoundError:
        return None
    progress = parse(PROGRESS, response, job.id).data
    return JobState(job_status(progress.state), reported=progress.status)


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


_BATCH_PROGRESS = Envelope[BatchProgress]
_CANCELLED_BATCHES = Envelope[CancelledBatches]


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
