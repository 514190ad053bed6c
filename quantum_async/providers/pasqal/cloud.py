"""What all parts of one Pasqal client share: the gateway, the project, and what was learned."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import LostAnswerError, QuantumAsyncError
from quantum_async.http import encode
from quantum_async.http.encode import LARGE, Body, CompressedPrefix, json_bytes
from quantum_async.providers.pasqal.auth import no_project
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.gateway import parse
from quantum_async.providers.pasqal.matching import in_order
from quantum_async.providers.pasqal.pages import every
from quantum_async.providers.pasqal.wire import (
    Answer,
    BatchReceipt,
    Envelope,
    PasqalBatch,
    PasqalJob,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from quantum_async.http.address import Query
    from quantum_async.http.lanes import LaneName
    from quantum_async.http.response import Response
    from quantum_async.providers.pasqal.gateway import Gateway
    from quantum_async.providers.pasqal.matching import CreatedJob
    from quantum_async.providers.pasqal.pages import Page, PageOf
    from quantum_async.providers.pasqal.submission import NewBatch


_KEPT = 8


class Prefixes:
    """Remember how the bodies of the sequences used last begin.

    Most of a new batch is its sequence, and a sweep sends the same one with every batch: only
    the jobs behind it are written down and compressed anew.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[str, bytes | CompressedPrefix] = OrderedDict()
        self._making = anyio.Lock()

    async def body(self, batch: NewBatch, digest: str | None = None) -> Body:
        """Return the body of a new batch.

        Args:
            batch: The batch.
            digest: What tells its sequence from others, where that is known.
        """
        rest = json_bytes(batch.rest())
        if batch.sequence is None:
            return await encode.body(b'{"sequence_builder":null,' + rest[1:])
        prefix = await self._prefix(batch.sequence, digest)
        if isinstance(prefix, CompressedPrefix):
            return Body(prefix.finish(rest[1:]), encoding="gzip")
        return await encode.body(prefix + rest[1:])

    async def _prefix(self, sequence: str, digest: str | None) -> bytes | CompressedPrefix:
        key = digest or hashlib.sha256(sequence.encode()).hexdigest()
        # Before the lock, which is held for a turn of the loop at least: a thousand submissions
        # would follow each other one turn at a time.
        if (known := self._known(key)) is not None:
            return known
        # One at a time: whoever waits for the same sequence then finds it made.
        async with self._making:
            if (known := self._known(key)) is not None:
                return known
            made = self._made[key] = await _make(sequence)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            return made

    def _known(self, key: str) -> bytes | CompressedPrefix | None:
        if key in self._made:
            self._made.move_to_end(key)
        return self._made.get(key)


async def _make(sequence: str) -> bytes | CompressedPrefix:
    if len(sequence) < LARGE:
        return _start(sequence)
    start = await anyio.to_thread.run_sync(_start, sequence)
    return await CompressedPrefix.make(start)


def _start(sequence: str) -> bytes:
    return b'{"sequence_builder":' + json_bytes(sequence) + b","


IN_ORDER = {"order_by": "creation_order", "order_by_direction": "ASC"}
"""Parameters that list a batch's jobs in the order in which they were created."""

BATCH = Envelope[PasqalBatch]
_RECEIPT = Answer[BatchReceipt]
BATCHES = Envelope[tuple[PasqalBatch, ...]]
JOB = Envelope[PasqalJob]
JOBS = Envelope[tuple[PasqalJob, ...]]


class Cloud:
    """One account at one installation of Pasqal Cloud.

    Args:
        gateway: Sends requests.
        project_id: Whose credits are used, or ``None`` until a project is chosen.
        webhook: Address that the service calls about new batches.
    """

    def __init__(self, gateway: Gateway, project_id: str | None, webhook: str | None) -> None:
        self.gateway = gateway
        self.project_id = project_id
        self.webhook = webhook
        self.specifications: dict[str, str] = {}
        """Specifications of devices by their type, as far as they were read."""
        self._prefixes = Prefixes()

    @property
    def is_ovh(self) -> bool:
        """Whether this is OVH's access."""
        return self.gateway.endpoints.is_ovh

    @property
    def billed_project(self) -> str:
        """The project of what is submitted.

        Raises:
            InvalidInputError: None was chosen.
        """
        if self.is_ovh:
            return ""
        if self.project_id is None:
            raise no_project()
        return self.project_id

    async def create_batch(self, batch: NewBatch) -> PasqalBatch:
        """Create a batch; sent once."""
        return parse(BATCH, await self._sent(batch, None)).data

    async def submit_batch(self, batch: NewBatch, digest: str | None) -> BatchReceipt:
        """Create a batch of which little is to be known; sent once.

        Args:
            batch: What to create.
            digest: What tells its sequence from others, where that is known.
        """
        return parse(_RECEIPT, await self._sent(batch, digest)).data

    async def _sent(self, batch: NewBatch, digest: str | None) -> Response:
        body = await self._prefixes.body(batch, digest)
        return await self.gateway.create(Route.CREATE_BATCH, body=body)

    async def batch(self, batch_id: str) -> PasqalBatch:
        """Look a batch up."""
        return parse(BATCH, await self.gateway.read(Route.GET_BATCH, batch_id)).data

    async def job(self, job_id: str) -> PasqalJob:
        """Look a job up."""
        return parse(JOB, await self.gateway.read(Route.GET_JOB, job_id), job_id).data

    async def batches(self, page: Page, query: Query | None = None) -> PageOf[PasqalBatch]:
        """Read one page of a list of batches."""
        return await self.gateway.page(BATCHES, Route.LIST_BATCHES, page, query)

    async def jobs(
        self, page: Page, query: Query | None = None, *, lane: LaneName = "data"
    ) -> PageOf[PasqalJob]:
        """Read one page of a list of jobs."""
        return await self.gateway.page(JOBS, Route.LIST_JOBS, page, query, lane=lane)

    def jobs_in(self, batch_id: str) -> AsyncIterator[PasqalJob]:
        """Iterate over all jobs of a batch in the order in which they were created."""
        query: Query = {"batch_id": batch_id, **IN_ORDER}

        async def fetch(page: Page) -> PageOf[PasqalJob]:
            return await self.gateway.page(
                JOBS, Route.LIST_JOBS, page, query, spells_out_first=False
            )

        return every(fetch)

    async def jobs_of(self, batch_id: str) -> list[PasqalJob]:
        """List all jobs of a batch in the order in which they were created."""
        return in_order([job async for job in self.jobs_in(batch_id)])

    async def jobs_in_answer(self, batch: PasqalBatch | BatchReceipt) -> Sequence[CreatedJob]:
        """List all jobs of a batch that the service has just taken some for.

        Raises:
            LostAnswerError: The answer does not hold them, and they cannot be listed either.
        """
        if batch.jobs:
            created: Sequence[CreatedJob] = batch.jobs
            return in_order(created)
        try:
            return await self.jobs_of(batch.id)
        except QuantumAsyncError as error:
            # As it is, it would say of the jobs that they were not sent, or refused.
            raise LostAnswerError(
                f"batch {batch.id} was accepted, and its jobs could not be listed: {error}",
                provider="pasqal",
                request_id=error.request_id,
                remedy="The batch is looked at before anything is sent again.",
            ) from error
