"""Waiting, in an event loop, for what happens on threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.providers.local.table import JobTable

_TICK = 1.0


class ChangeWatch:
    """Lets any number of tasks wait for a table's changes with one thread.

    The first task that waits blocks a worker thread on the table and wakes the others; when it
    leaves, one of them takes its place.

    Args:
        table: The table.
    """

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._limiter: anyio.CapacityLimiter | None = None
        self._next: anyio.Event | None = None

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds.

        Args:
            holds: Tried after every change.
            seconds: How long at most.

        Returns:
            Whether it holds.
        """
        with anyio.move_on_after(seconds):
            while True:
                version = self._table.version
                if holds():
                    return True
                await self._change(version)
        return holds()

    async def _change(self, version: int) -> None:
        if self._next is not None:
            await self._next.wait()
            return
        self._next = event = anyio.Event()
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1_000)
        try:
            await anyio.to_thread.run_sync(
                self._table.wait, version, _TICK, abandon_on_cancel=True, limiter=self._limiter
            )
        finally:
            self._next = None
            event.set()
