"""Requests to one workspace's data plane."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import anyio

from quantum_async.http.session import Session
from quantum_async.providers.azure.auth import DATA_SCOPE
from quantum_async.providers.azure.discovery import Discovery
from quantum_async.providers.wording import Wording

if TYPE_CHECKING:
    from quantum_async.http.address import Query
    from quantum_async.http.encode import Body
    from quantum_async.http.lanes import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.providers.azure.auth import Login
    from quantum_async.providers.azure.versions import ApiVersion
    from quantum_async.providers.azure.workspace import Workspace

Below = Literal["workspace", "subscription"]
"""Below what a path is: most are below the workspace, offers below its whole subscription."""

ACCEPT = {"Accept": "application/json"}


class Gateway:
    """Requests to one workspace; where it listens is found out with the first of them.

    Args:
        workspace: Which one.
        login: What proves who is asking.
        version: The API version that is spoken.
        management: Where the management listens.
        options: What the user chose of connections.
        headers: Sent with every request.

    Raises:
        ConfigurationError: An address is malformed, or secrets would travel in the clear.
    """

    def __init__(
        self,
        workspace: Workspace,
        login: Login,
        *,
        version: ApiVersion,
        management: str,
        options: SessionOptions,
        headers: dict[str, str],
    ) -> None:
        self.workspace: Workspace = workspace
        self.version = version
        self._login = login
        self._options = options
        self._headers = {**ACCEPT, **headers}
        self._auth = login.auth(DATA_SCOPE)
        self._discovery = Discovery(management, login, options)
        self._data = self._session() if self._is_known else None
        # Signed addresses go to the storage and must not be shown the credentials.
        self.storage: Session = Session(management, provider="azure", options=options)
        self._open: AsyncExitStack | None = None
        self._finding = anyio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._open is not None

    @property
    def place(self) -> str:
        """Where the workspace is, for people."""
        known = self.workspace
        return f"{known.name or '?'} at {known.endpoint or 'an endpoint not looked up yet'}"

    @property
    def address(self) -> str:
        """Where the workspace listens, or who knows it."""
        return self.workspace.endpoint or str(self._discovery.session.base_url)

    async def open(self) -> None:
        """Make connection pools. Sends nothing."""
        if self._open is not None:
            return
        async with AsyncExitStack() as stack:
            for session in (self._discovery.session, self.storage, self._data):
                if session is not None:
                    await stack.enter_async_context(session)
            stack.push_async_callback(self._login.close)
            self._open = stack.pop_all()

    async def close(self) -> None:
        """Close every connection, and the credential that was made here."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened.aclose()

    async def find(self) -> Workspace:
        """Find out where the workspace listens, unless that is known.

        Raises:
            ConfigurationError: There is no such workspace.
        """
        async with self._finding:
            if self._data is None or not self._is_known:
                self.workspace = await self._discovery.complete(self.workspace)
                self._data = self._session()
                if self._open is not None:
                    await self._open.enter_async_context(self._data)
        return self.workspace

    async def read(
        self,
        path: str,
        *,
        wanted: str,
        method: str = "GET",
        query: Query | None = None,
        body: Body | None = None,
        lane: LaneName = "data",
        job_id: str | None = None,
        below: Below = "workspace",
    ) -> Response:
        """Ask for something; repeated if it fails.

        Args:
            path: Below the workspace, or what is meant instead.
            wanted: What is asked for, for the error.
            method: ``"POST"`` where the question needs a body.
            query: Parameters beside the API version.
            body: The question.
            lane: ``"control"`` for polls.
            job_id: The job concerned.
            below: Below what the path is.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        exists = job_id is not None
        with Wording(wanted, provider="azure", job_id=job_id, exists=exists):
            session = await self._ready()
            place = self._path(path, below)
            return await session.read(
                place, method=method, query=self._query(query), body=body, lane=lane
            )

    async def write(
        self,
        path: str,
        *,
        wanted: str,
        method: str = "POST",
        body: Body | None = None,
        job_id: str | None = None,
    ) -> Response:
        """Change something in a way that may be done twice; repeated if it fails.

        Takes and raises what `read` does.
        """
        with Wording(wanted, provider="azure", job_id=job_id, exists=True):
            session = await self._ready()
            return await session.write(
                self._path(path), method=method, query=self._query(None), body=body
            )

    async def create(
        self, path: str, *, wanted: str, body: Body, job_id: str | None = None
    ) -> Response:
        """Make something under an id of ours; sent once.

        Raises:
            QuantumAsyncError: It was refused, or nobody knows; see `Session.create`.
        """
        with Wording(wanted, provider="azure", job_id=job_id):
            session = await self._ready()
            return await session.create(
                self._path(path), method="PUT", query=self._query(None), body=body
            )

    @property
    def _is_known(self) -> bool:
        return bool(self.workspace.endpoint and self.workspace.is_complete)

    async def _ready(self) -> Session:
        if self._data is None:
            await self.find()
        assert self._data is not None
        return self._data

    def _session(self) -> Session:
        return Session(
            self.workspace.endpoint,
            provider="azure",
            auth=self._auth,
            headers=self._headers,
            options=self._options,
        )

    def _path(self, path: str, below: Below = "workspace") -> str:
        if below == "subscription":
            return f"/subscriptions/{self.workspace.subscription_id}{path}"
        return self.workspace.path + path

    def _query(self, query: Query | None) -> Query:
        return {**(query or {}), "api-version": self.version.name}
