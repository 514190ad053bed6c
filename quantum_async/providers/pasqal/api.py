"""Requests to Pasqal Cloud, and which of the jobs that it has are which of ours."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel

from quantum_async.errors import LostAnswerError, QuantumAsyncError
from quantum_async.http import encode
from quantum_async.http.encode import LARGE, Body, CompressedPrefix, json_bytes
from quantum_async.http.session import Session
from quantum_async.providers.api import Api, Wording, read_answer
from quantum_async.providers.pasqal.auth import Login, no_credentials, no_project
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, Route
from quantum_async.providers.pasqal.pages import HasId, Page, PageOf, every
from quantum_async.providers.pasqal.wire import (
    Answer,
    BatchReceipt,
    Envelope,
    JobReceipt,
    PasqalBatch,
    PasqalJob,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from contextlib import AsyncExitStack

    from pydantic import JsonValue

    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth
    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.providers.pasqal.auth import Credentials
    from quantum_async.providers.pasqal.submission import NewBatch, NewJob


Data = TypeVar("Data")
Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item", bound=HasId)

_HEADERS = {"Content-Type": "application/json"}


class Gateway(Api):
    """Requests to one installation of Pasqal Cloud.

    Args:
        endpoints: Where it listens.
        credentials: What proves who is asking.
        options: What the user chose of connections.
        prompt: Asks a person for a missing password.

    Raises:
        ConfigurationError: An address is malformed, or secrets would travel in the clear.
    """

    def __init__(
        self,
        endpoints: PasqalEndpoints,
        credentials: Credentials,
        options: SessionOptions,
        prompt: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self.endpoints = endpoints
        self._login = Login(endpoints.token, options)
        self.auth: Auth | None = credentials.auth(self._login, prompt)
        core, account = (
            Session(url, provider="pasqal", auth=self.auth, headers=_HEADERS, options=options)
            for url in (endpoints.core, endpoints.account)
        )
        self._core, self._account = core, account
        # Public routes and results links must not be shown the token.
        self._public = Session(endpoints.core, provider="pasqal", options=options)

    @property
    def is_anonymous(self) -> bool:
        """Whether there are no credentials."""
        return self.auth is None

    async def _enter(self, stack: AsyncExitStack) -> None:
        for session in (self._login.session, self._core, self._account, self._public):
            await stack.enter_async_context(session)

    async def read(
        self,
        route: Route,
        *ids: str,
        query: Query | None = None,
        lane: LaneName = "data",
    ) -> Response:
        """Ask for something; repeated if it fails.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        session, path = self._session(route), self.endpoints.path(route, *ids)
        with _wording(route, ids, exists=route.is_about_a_job):
            return await session.read(path, query=query, lane=lane)

    async def write(
        self,
        route: Route,
        *ids: str,
        query: Query | None = None,
        body: Body | None = None,
    ) -> Response:
        """Change something in a way that may be done twice; repeated if it fails.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        session, path = self._session(route), self.endpoints.path(route, *ids)
        with _wording(route, ids, exists=True):
            return await session.write(path, method=route.method, query=query, body=body)

    async def create(
        self,
        route: Route,
        *ids: str,
        query: Query | None = None,
        body: Body | None = None,
    ) -> Response:
        """Make something that must not be made twice; sent once.

        Raises:
            QuantumAsyncError: It was refused, or nobody knows; see `Session.create`.
        """
        session, path = self._session(route), self.endpoints.path(route, *ids)
        with _wording(route, ids):
            return await session.create(path, query=query, body=body)

    async def download(self, link: str) -> Response:
        """Read what a presigned link leads to, without credentials; repeated if it fails."""
        return await self._public.fetch_url(link)

    async def page(
        self,
        kind: type[Envelope[tuple[Item, ...]]],
        route: Route,
        page: Page,
        query: Query | None = None,
        *,
        lane: LaneName = "data",
        spells_out_first: bool = True,
    ) -> PageOf[Item]:
        """Read one page of a list.

        Args:
            kind: What the list holds.
            route: The list.
            page: Which part of it.
            query: Further parameters.
            lane: ``"control"`` for polls.
            spells_out_first: Whether the first page is asked for by its numbers.
        """
        numbers = page.query() if spells_out_first or page != Page() else {}
        asked = {**(query or {}), **numbers}
        envelope = parse(kind, await self.read(route, query=asked, lane=lane))
        pagination = envelope.pagination
        total = pagination.total if pagination is not None else None
        end = pagination.end if pagination is not None else None
        return PageOf(envelope.data, page.offset, total, end)

    def _session(self, route: Route) -> Session:
        if route is Route.PUBLIC_SPECS:
            return self._public
        if self.auth is None:
            raise no_credentials()
        return self._account if route is Route.LIST_PROJECTS else self._core


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned, where the service has it.

    Raises:
        ProtocolError: It is something else.
    """
    return read_answer(kind, response, provider="pasqal", job_id=job_id)


def _wording(route: Route, ids: tuple[str, ...], *, exists: bool = False) -> Wording:
    job_id = ids[0] if ids and route.is_about_a_job else None
    words = " ".join((route.title, *ids))
    return Wording(words, provider="pasqal", job_id=job_id, exists=exists)


CreatedJob: TypeAlias = PasqalJob | JobReceipt
"""What is read of a job that was created, in whichever answer it stands."""

Created = TypeVar("Created", bound=CreatedJob)


def in_order(jobs: Iterable[Created]) -> list[Created]:
    """Sort jobs by when the service created them, where it tells; else leave them as they are."""
    listed = list(jobs)
    if any(job.creation_order is None for job in listed):
        return listed
    return sorted(listed, key=lambda job: job.creation_order or 0)


def matched(sent: Sequence[NewJob], found: Sequence[Created]) -> list[Created] | None:
    """Pick for each job that was sent one that was found, with equal shots and variables.

    Args:
        sent: What was sent, in order.
        found: What the service has, in the order of creation.

    Returns:
        One for each, or ``None`` where for one of them there is none.
    """
    left = list(found)
    picked = []
    for job in sent:
        for place, other in enumerate(left):
            if _is_same(job, other):
                picked.append(left.pop(place))
                break
        else:
            return None
    return picked


def candidates(sent: Sequence[NewJob], found: Sequence[Created]) -> list[Created]:
    """List those found that are equal to any that was sent."""
    return [other for other in found if any(_is_same(job, other) for job in sent)]


def _is_same(job: NewJob, other: CreatedJob) -> bool:
    if job.runs is not None and job.runs != other.runs:
        return False
    # Nearly all are equal as they are.
    return job.variables == other.variables or (
        _plain(job.document().get("variables")) == _plain(dict(other.variables or {}))
    )


def _plain(value: JsonValue) -> JsonValue:
    # An array of one number and the number itself are the same value of a variable, and no
    # variables are the same as an empty set of them.
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()} or None
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


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
            return in_order(batch.jobs)
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
