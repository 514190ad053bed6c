"""Requests to one workspace: where it listens, API versions, requests and pages of lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import parse_qsl

import anyio
from pydantic import BaseModel

from quantum_async.errors import (
    ConfigurationError,
    InvalidOptionError,
    NotFoundError,
    ProtocolError,
)
from quantum_async.http.encode import json_body
from quantum_async.http.session import Session
from quantum_async.models.advice import Advice, Setting
from quantum_async.providers.api import Api, Wording, read_answer
from quantum_async.providers.azure.auth import DATA_SCOPE, MANAGEMENT_SCOPE
from quantum_async.providers.azure.wire import GraphAnswer, WorkspaceAnswer
from quantum_async.providers.azure.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AsyncExitStack

    from quantum_async.http.address import Query
    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.encode import Body
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.providers.azure.auth import Login
    from quantum_async.providers.azure.wire import Paged


CURRENT = "2026-01-15-preview"
ARM = "2025-12-15-preview"
RESOURCE_GRAPH = "2021-03-01"

_CANCEL_VERB = "2025-12-01"
_UPDATE_IN_PLACE = "2026-01-15"


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version of the data plane; versions are dates and compare as such.

    Args:
        name: Such as ``"2026-01-15-preview"``.

    Raises:
        ConfigurationError: It is no date.
    """

    name: str = CURRENT

    def __post_init__(self) -> None:
        date = self.name[:10]
        if len(date) != 10 or not date.replace("-", "").isdigit():
            raise ConfigurationError(
                f"{self.name!r} is not an API version",
                provider="azure",
                remedy=f"Write it as a date: {CURRENT}.",
            )

    @property
    def can_delete(self) -> bool:
        """Whether DELETE deletes a job; in older versions it cancels it."""
        return self.name[:10] >= _CANCEL_VERB

    @property
    def updates_in_place(self) -> bool:
        """Whether a job is updated where it is; before, there was a route of its own."""
        return self.name[:10] >= _UPDATE_IN_PLACE


Model = TypeVar("Model", bound=BaseModel)


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned, where the service has it.

    Raises:
        ProtocolError: It is something else.
    """
    return read_answer(kind, response, provider="azure", job_id=job_id)


MANAGEMENT = "https://management.azure.com"

_WORD = re.compile(r"[\w().-]+")


class Discovery:
    """Look workspaces up.

    Args:
        address: Where the management listens.
        login: What proves who is asking.
        options: What the user chose of connections.
    """

    def __init__(self, address: str, login: Login, options: SessionOptions) -> None:
        self._login = login
        self.session: Session = Session(
            address, provider="azure", auth=login.auth(MANAGEMENT_SCOPE), options=options
        )

    async def complete(self, workspace: Workspace) -> Workspace:
        """Find out what is not known of a workspace.

        Raises:
            ConfigurationError: There is no such workspace, or there are several, or it does not
                say where it listens.
            ProtocolError: It listens where nothing may be sent: not by https.
        """
        if workspace.endpoint and workspace.is_complete:
            return workspace
        if self._login.has_key:
            raise ConfigurationError(
                "with an API key, a workspace's endpoint cannot be looked up",
                provider="azure",
                remedy="Pass endpoint= as well, or the whole connection string.",
            )
        if not workspace.is_complete:
            return await self._by_name(workspace)
        return await self._by_id(workspace)

    async def _by_id(self, workspace: Workspace) -> Workspace:
        try:
            response = await self.session.read(workspace.path, query={"api-version": ARM})
        except NotFoundError as error:
            raise ConfigurationError(
                f"there is no workspace {workspace.name} in {workspace.resource_group}",
                provider="azure",
                request_id=error.request_id,
                remedy="Check the resource id, and that the account may see it.",
            ) from error
        answer = parse(WorkspaceAnswer, response)
        endpoint = answer.properties.endpoint_uri
        if not endpoint:
            raise _not_ready(workspace)
        self.session.check_link(endpoint)
        return workspace.filled(Workspace(location=answer.location or "", endpoint=endpoint))

    async def _by_name(self, workspace: Workspace) -> Workspace:
        if not workspace.name:
            raise ConfigurationError(
                "nothing says which workspace is meant",
                provider="azure",
                remedy=Advice(
                    "Set ",
                    Setting("connection_string", variable="AZURE_QUANTUM_CONNECTION_STRING"),
                    "; or ",
                    Setting("name", variable="AZURE_QUANTUM_WORKSPACE_NAME"),
                    "; or ",
                    Setting("resource_id", variable="PULSER_AZURE_RESOURCE_ID"),
                    ".",
                ),
            )
        asked: dict[str, object] = {"query": _query(workspace)}
        if workspace.subscription_id:
            asked["subscriptions"] = [workspace.subscription_id]
        response = await self.session.read(
            "/providers/Microsoft.ResourceGraph/resources",
            method="POST",
            query={"api-version": RESOURCE_GRAPH},
            body=await json_body(asked),
        )
        rows = parse(GraphAnswer, response).data
        if len(rows) != 1:
            found = ", ".join(row.resource_group for row in rows)
            raise ConfigurationError(
                f"there are {len(rows)} workspaces called {workspace.name}"
                + (f", in the resource groups {found}" if rows else ""),
                provider="azure",
                remedy="Pass the resource id, or resource_group= and subscription_id= as well.",
            )
        row = rows[0]
        if not row.endpoint_uri:
            raise _not_ready(workspace)
        self.session.check_link(row.endpoint_uri)
        return Workspace(
            row.subscription_id, row.resource_group, row.name, row.location, row.endpoint_uri
        )


def _query(workspace: Workspace) -> str:
    lines = [
        "Resources",
        "| where type =~ 'microsoft.quantum/workspaces'",
        f"| where name =~ '{_word(workspace.name)}'",
    ]
    if workspace.resource_group:
        lines.append(f"| where resourceGroup =~ '{_word(workspace.resource_group)}'")
    if workspace.location:
        lines.append(f"| where location =~ '{_word(workspace.location)}'")
    lines += [
        "| extend endpointUri = tostring(properties.endpointUri)",
        "| extend workspaceKind = tostring(properties.workspaceKind)",
        "| project name, subscriptionId, resourceGroup, location, endpointUri, workspaceKind",
    ]
    return "\n".join(lines)


def _word(value: str) -> str:
    if _WORD.fullmatch(value) is None:
        raise ConfigurationError(
            f"{value!r} cannot be searched for",
            provider="azure",
            remedy="Pass the resource id, which needs no search.",
        )
    return value


def _not_ready(workspace: Workspace) -> ConfigurationError:
    return ConfigurationError(
        f"workspace {workspace.name} does not say where it listens",
        provider="azure",
        remedy="Check in the portal that it was provisioned.",
    )


Below = Literal["workspace", "subscription"]
"""Below what a path is: most are below the workspace, offers below its whole subscription."""

ACCEPT = {"Accept": "application/json"}


class Gateway(Api):
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
        super().__init__()
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
        self._finding = anyio.Lock()

    @property
    def place(self) -> str:
        """Where the workspace is, for people."""
        known = self.workspace
        return f"{known.name or '?'} at {known.endpoint or 'an endpoint not looked up yet'}"

    @property
    def address(self) -> str:
        """Where the workspace listens, or who knows it."""
        return self.workspace.endpoint or str(self._discovery.session.base_url)

    async def _enter(self, stack: AsyncExitStack) -> None:
        for session in (self._discovery.session, self.storage, self._data):
            if session is not None:
                await stack.enter_async_context(session)
        stack.push_async_callback(self._login.close)

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


LARGEST = 100
"""Most items of one page."""

Item = TypeVar("Item")


async def pages(
    gateway: Gateway,
    kind: type[Paged[Item]],
    path: str,
    query: Mapping[str, str | int],
    *,
    wanted: str,
    lane: LaneName = "data",
    below: Below = "workspace",
) -> AsyncIterator[tuple[Item, ...]]:
    """Iterate over a list's pages.

    Args:
        gateway: The workspace.
        kind: What the list holds.
        path: The list.
        query: Parameters of the first page.
        wanted: What is asked for, for the error.
        lane: ``"control"`` for polls.
        below: Below what the path is.

    Raises:
        ProtocolError: The list does not go on although it has not ended.
    """
    asked: dict[str, str | int] | None = dict(query)
    before: dict[str, str | int] | None = None
    while asked is not None:
        if asked == before:
            raise ProtocolError(
                f"{wanted}: the list does not go on", provider="azure", remedy="Ask again later."
            )
        response = await gateway.read(path, wanted=wanted, query=asked, lane=lane, below=below)
        found = parse(kind, response)
        yield found.value or ()
        # Only the parameters of a link are followed, so that nobody can send us elsewhere.
        before, asked = asked, _following(found.next_link)


async def items(
    gateway: Gateway,
    kind: type[Paged[Item]],
    path: str,
    query: Mapping[str, str | int],
    *,
    wanted: str,
    below: Below = "workspace",
) -> AsyncIterator[Item]:
    """Iterate over a list, page by page; takes what `pages` does."""
    async for page in pages(gateway, kind, path, query, wanted=wanted, below=below):
        for item in page:
            yield item


async def first(
    limit: int | None, listed: AsyncIterator[Item], keeps: Callable[[Item], bool]
) -> AsyncIterator[Item]:
    """Iterate over the first items that are kept, and read no page beyond them.

    Args:
        limit: How many at most; all of them where it is ``None``.
        listed: The items.
        keeps: Says whether one is kept.
    """
    left = float("inf") if limit is None else limit
    if left <= 0:
        return
    async for item in listed:
        if keeps(item):
            yield item
            left -= 1
            if left <= 0:
                return


def first_page(skip: int = 0, top: int = LARGEST) -> dict[str, str | int]:
    """Return the parameters of a first page.

    Args:
        skip: How many items to leave out.
        top: How many items a page has, from 1 to 100.

    Raises:
        InvalidOptionError: A number is out of range.
    """
    if skip < 0 or not 1 <= top <= LARGEST:
        raise InvalidOptionError(
            f"a page of {top} items from {skip} on",
            provider="azure",
            remedy=f"Leave out 0 or more, and ask for 1 to {LARGEST} at a time.",
        )
    return {"skip": skip, "top": top}


def _following(link: str | None) -> dict[str, str | int] | None:
    if not link:
        return None
    # What is not followed need not be readable: its query begins with the first question mark.
    query = link.partition("#")[0].partition("?")[2]
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name: value for name, value in pairs if name.lower() != "api-version"}
