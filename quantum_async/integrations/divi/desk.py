"""A blocking desk for one Qoro client: calls from any thread, each ended by an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from quantum_async.blocking._handle import Handle, unwrap
from quantum_async.errors import ConflictError
from quantum_async.integrations.divi.rows import plain_rows

if TYPE_CHECKING:
    import threading
    from collections.abc import Awaitable, Callable

    from quantum_async.integrations.divi.rows import Row
    from quantum_async.models.job import JobState
    from quantum_async.providers.qoro.client import QoroClient

    ClientHandle = Handle[QoroClient]
else:
    ClientHandle = Handle

T = TypeVar("T")

TICK = 0.02
"""Longest time in seconds until an event that was set ends a request under way."""


class EndedError(Exception):
    """The caller's event was set before the call had ended."""


class Desk(ClientHandle):
    """Do for Divi what its interface asks of a service.

    Every call may come from any thread. A call with an event ends within `TICK` of its being set,
    also in the middle of a request; the client then clears away what it was uploading.

    The client is opened by the first call and closed by `close`.
    """

    __slots__ = ()

    @classmethod
    def of(cls, client: object) -> Desk:
        """Take a client, blocking or not."""
        return cls._of(unwrap(client))

    def close(self) -> None:
        """Close the client; jobs go on."""
        self._call("close", self._async.close)

    def submit(self, event: threading.Event | None, **job: Any) -> str:
        """Submit a job; see `Jobs.submit_plain`.

        Raises:
            EndedError: The event was set; the job was cancelled if it had been opened.
        """
        return self._until("submit", event, lambda: self._async.jobs.submit_plain(**job))

    def state(self, job_id: str, event: threading.Event | None = None) -> JobState:
        """Ask where a job stands.

        Raises:
            EndedError: The event was set.
        """
        return self._until("state", event, lambda: self._async.jobs.status(job_id))

    def rows(self, job_id: str) -> list[Row]:
        """Fetch all results of a job, unpacked."""

        async def fetch() -> list[Row]:
            found = await self._async.jobs.rows(job_id)
            return await anyio.to_thread.run_sync(plain_rows, found)

        return self._until("rows", None, fetch)

    def cancel(self, job_id: str) -> object:
        """Cancel a job; one that has ended stays as it is.

        Returns:
            What the service answered, or ``None`` where the job had ended.
        """

        async def cancel() -> object:
            try:
                return await self._async.jobs.cancel(job_id)
            except ConflictError:
                return None

        return self._until("cancel", None, cancel)

    def _until(
        self, what: str, event: threading.Event | None, work: Callable[[], Awaitable[T]]
    ) -> T:
        async def opened() -> T:
            await self._async.open()
            return await unless(event, work)

        return self._call(f"QoroRunner.{what}", opened)


async def unless(event: threading.Event | None, work: Callable[[], Awaitable[T]]) -> T:
    """Await work, and cancel it as soon as an event is set.

    Raises:
        EndedError: The event was set first.
    """
    if event is None:
        return await work()
    values: list[T] = []
    failures: list[Exception] = []

    async def watch() -> None:
        # The event belongs to another thread, which tells nobody.
        while not event.is_set():  # noqa: ASYNC110
            await anyio.sleep(TICK)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            values.append(await work())
        except Exception as error:  # noqa: BLE001  raised below, and not as a group of one
            failures.append(error)
        tasks.cancel_scope.cancel()
    if values:
        return values[0]
    if failures:
        raise failures[0]
    raise EndedError
