"""The gateway: sends what is asked to the right address, and reads what comes back."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from quantum_async.http.session import Session
from quantum_async.providers import parsing
from quantum_async.providers.pasqal.auth import Login, no_credentials
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, Route
from quantum_async.providers.pasqal.pages import Page, PageOf
from quantum_async.providers.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth
    from quantum_async.http.encode import Body
    from quantum_async.http.lanes import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.providers.pasqal.auth import Credentials
    from quantum_async.providers.pasqal.pages import HasId
    from quantum_async.providers.pasqal.wire import Envelope

Data = TypeVar("Data")
Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item", bound="HasId")

_HEADERS = {"Content-Type": "application/json"}


class Gateway:
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
        self._open: AsyncExitStack | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._open is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether there are no credentials."""
        return self.auth is None

    async def open(self) -> None:
        """Make connection pools. Sends nothing."""
        if self._open is not None:
            return
        async with AsyncExitStack() as stack:
            for session in (self._login.session, self._core, self._account, self._public):
                await stack.enter_async_context(session)
            self._open = stack.pop_all()

    async def close(self) -> None:
        """Close every connection."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened.aclose()

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
    return parsing.parse(kind, response, provider="pasqal", job_id=job_id)


def _wording(route: Route, ids: tuple[str, ...], *, exists: bool = False) -> Wording:
    job_id = ids[0] if ids and route.is_about_a_job else None
    words = " ".join((route.title, *ids))
    return Wording(words, provider="pasqal", job_id=job_id, exists=exists)
