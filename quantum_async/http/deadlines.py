"""Deadlines: whatever is waited for, ended in time by one timer for all of it."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.http.timeouts import Timeouts


class Deadlines:
    """Cancels scopes whose time is over; made on the event loop that it serves.

    Almost no deadline is ever reached. A timer of the loop for each costs a tenth of a request;
    the one here goes off once in a while and looks after all of them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.now: Callable[[], float] = self._loop.time
        """The loop's clock, in seconds."""
        self._ends: dict[anyio.CancelScope, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = inf

    def set(self, scope: anyio.CancelScope, end: float) -> None:
        """Cancel a scope at a time, unless it is forgotten or given another time before.

        Args:
            scope: What is cancelled.
            end: The time on the loop's clock; infinite for never.
        """
        self._ends[scope] = end
        if end < self._wakes_at:
            self._wake_at(end)

    def forget(self, scope: anyio.CancelScope) -> None:
        """Let go of a scope."""
        self._ends.pop(scope, None)

    def close(self) -> None:
        """Stop the timer. What is still waited for has no deadline any more."""
        self._ends.clear()
        self._stop()

    def _wake_at(self, time: float) -> None:
        self._stop()
        self._timer = self._loop.call_at(time, self._look)
        self._wakes_at = time

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._wakes_at = None, inf

    def _look(self) -> None:
        # The loop may call early, by as much as its clock can resolve.
        now = max(self._wakes_at, self.now())
        self._timer, self._wakes_at = None, inf
        for scope, end in self._ends.items():
            if end <= now:
                scope.cancel()
        next_end = min((end for end in self._ends.values() if end > now), default=inf)
        if next_end < inf:
            self._wake_at(next_end)


class Waiting:
    """A request that waits for its answer, no longer than its limits allow.

    Args:
        deadlines: What keeps watch.
        timeouts: The limits.
    """

    __slots__ = ("_deadlines", "_end", "_silence", "is_connected", "scope")

    def __init__(self, deadlines: Deadlines, timeouts: Timeouts) -> None:
        self.scope = anyio.CancelScope()
        self.is_connected = False
        self._deadlines = deadlines
        self._silence = timeouts.read or inf
        self._end = deadlines.now() + (timeouts.total or inf)
        deadlines.set(self.scope, self._end)

    def connected(self) -> None:
        """Begin to count the server's silence."""
        self.is_connected = True
        self.heard()

    def heard(self) -> None:
        """Begin to count the server's silence anew."""
        self._deadlines.set(self.scope, min(self._deadlines.now() + self._silence, self._end))

    def over(self) -> None:
        """Wait no more."""
        self._deadlines.forget(self.scope)
