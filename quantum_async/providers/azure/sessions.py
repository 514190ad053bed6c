"""Sessions, and top-level items: sessions and jobs that belong to none."""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING

from quantum_async.errors import (
    ConflictError,
    InvalidOptionError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.http.address import segment
from quantum_async.http.encode import json_body
from quantum_async.models.batch import FailurePolicy
from quantum_async.providers.api import about_batch, wait_until_over
from quantum_async.providers.azure.api import first, first_page, items, parse
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.submission import provider_of
from quantum_async.providers.azure.translate.statuses import is_over
from quantum_async.providers.azure.wire import (
    AzureJob,
    AzureJobStatus,
    AzureSession,
    AzureSessionStatus,
    Paged,
    WorkspaceItem,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from quantum_async.providers.azure.api import Gateway
    from quantum_async.providers.azure.wire import Priority


PAGE = Paged[AzureSession]
JOBS = Paged[AzureJob]

POLICIES = {FailurePolicy.ABORT: "Abort", FailurePolicy.CONTINUE: "Continue"}


class Sessions:
    """The sessions of a workspace: `AzureClient.sessions`.

    A scheduler's ``open_batch`` opens one, and closes it whatever happens.

    Args:
        gateway: The workspace.
        new_id: Makes ids.
    """

    def __init__(
        self, gateway: Gateway, new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    ) -> None:
        self._gateway = gateway
        self._new_id = new_id

    async def open(
        self,
        target: str,
        *,
        name: str = "",
        provider: str = "",
        on_failure: FailurePolicy | str | None = None,
        priority: Priority | str | None = None,
        tags: Sequence[str] = (),
        id: str | None = None,
    ) -> AzureSession:
        """Open a session. Billed: it may reserve the target until it is closed.

        Args:
            target: Where its jobs run.
            name: What people call it.
            provider: The provider; what comes before the first dot of the target, by default.
            on_failure: What a failed job does to the rest, also as ``"Abort"`` or ``"Continue"``;
                the service's own way is to end the session.
            priority: How urgent its jobs are, where the workspace has priorities.
            tags: Free words.
            id: Its id; a new one by default. Opening one that is there changes nothing.

        Raises:
            InvalidOptionError: There is no such failure policy.
            LostAnswerError, ServerError, ProtocolError: It may be open or not; `get` tells.
        """
        session_id = id or self._new_id()
        document: dict[str, object] = {
            "itemType": "Session",
            "name": name or f"session-{session_id}",
            "providerId": provider or provider_of(target),
            "target": target,
        }
        if on_failure is not None:
            document["jobFailurePolicy"] = _policy(on_failure)
        if priority is not None:
            document["priority"] = priority
        if tags:
            document["tags"] = list(tags)
        body = await json_body(document)
        try:
            response = await self._gateway.create(
                self._path(session_id), wanted=f"open session {session_id}", body=body
            )
        except ConflictError:
            return await self.get(session_id)
        return parse(AzureSession, response)

    async def get(self, id: str) -> AzureSession:
        """Look a session up.

        Raises:
            NotFoundError: There is none.
        """
        response = await self._gateway.read(self._path(id), wanted=f"get session {id}")
        return parse(AzureSession, response)

    async def close(self, id: str) -> AzureSession:
        """Close a session: its jobs go on, no more can be added. Closing twice is harmless."""
        with about_batch(provider="azure"):
            try:
                response = await self._gateway.write(
                    f"{self._path(id)}:close", wanted=f"close session {id}"
                )
            except RejectedRequestError as error:
                if isinstance(error, RateLimitedError):
                    raise
                session = await self.get(id)
                if not is_over(session):
                    raise
                return session
            return parse(AzureSession, response)

    async def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> AsyncIterator[AzureSession]:
        """Iterate over sessions, the oldest first unless the filters say otherwise.

        Args:
            filters: Which sessions.
            skip: How many to leave out.
            limit: How many at most; all of them by default.
        """
        filters = filters or ItemFilters()
        query = {**filters.query(), **first_page(skip)}
        listed = items(self._gateway, PAGE, "/sessions", query, wanted="list sessions")
        async for session in first(limit, listed, filters.keeps):
            yield session

    async def jobs(
        self,
        id: str,
        filters: ItemFilters | None = None,
        *,
        skip: int = 0,
        limit: int | None = None,
    ) -> AsyncIterator[AzureJob]:
        """Iterate over a session's jobs, in the order in which they were created.

        Args:
            id: The session.
            filters: Which of its jobs.
            skip: How many to leave out.
            limit: How many at most; all of them by default.
        """
        # Without an order, the service lists them now upwards and now downwards.
        filters = filters or ItemFilters(order=ItemOrder.CREATION_TIME)
        query = {**filters.query(), **first_page(skip)}
        wanted = f"list the jobs of session {id}"
        listed = items(self._gateway, JOBS, f"{self._path(id)}/jobs", query, wanted=wanted)
        async for job in first(limit, listed, filters.keeps):
            yield job

    async def wait(
        self,
        id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  its error says more
    ) -> AzureSession:
        """Wait until a session that was closed is over with all its jobs.

        Args:
            id: The session.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the session goes on.
        """
        return await wait_until_over(
            lambda: self.get(id),
            is_over,
            what=f"session {id}",
            provider="azure",
            timeout=timeout,
        )

    async def why_over(self, session: AzureSession) -> str:
        """Say in words why a session has ended.

        Args:
            session: The session.
        """
        if session.state is AzureSessionStatus.TIMED_OUT:
            return "it was idle for too long and timed out"
        if session.state is not AzureSessionStatus.FAILED:
            return f"it was closed ({session.status})"
        failed = ItemFilters(statuses=(AzureJobStatus.FAILED,), order=ItemOrder.CREATION_TIME)
        async for job in self.jobs(session.id, failed, limit=1):
            why = f": {job.error_data}" if job.error_data is not None else ""
            policy = session.job_failure_policy or "Abort"
            return f"job {job.id} failed{why} (failure policy {policy})"
        return f"it failed: {session.error_data or 'the service does not say why'}"

    @staticmethod
    def _path(id: str) -> str:
        return f"/sessions/{segment(id)}"


def _policy(wanted: FailurePolicy | str) -> str:
    word = wanted.value if isinstance(wanted, Enum) else wanted
    for policy, name in POLICIES.items():
        if word.lower() in (policy.value, name.lower()):
            return name
    raise InvalidOptionError(
        f"{word!r} is not a failure policy",
        provider="azure",
        remedy=f"There are: {', '.join(POLICIES.values())}.",
    )


ITEMS_PAGE = Paged[WorkspaceItem]


class TopLevelItems:
    """Sessions, and jobs that belong to none: `AzureClient.top_level_items`.

    Args:
        gateway: The workspace.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> AsyncIterator[AzureJob | AzureSession]:
        """Iterate over jobs and sessions, the oldest first unless the filters say otherwise.

        Args:
            filters: Which of them.
            skip: How many to leave out.
            limit: How many at most; all of them by default.
        """
        filters = filters or ItemFilters()
        query = {**filters.query(), **first_page(skip)}
        listed = items(self._gateway, ITEMS_PAGE, "/topLevelItems", query, wanted="list items")
        async for item in first(limit, listed, filters.keeps):
            yield _whole(item)


def _whole(item: WorkspaceItem) -> AzureJob | AzureSession:
    kind = AzureSession if item.item_type.lower() == "session" else AzureJob
    return kind.model_validate(item.document())
