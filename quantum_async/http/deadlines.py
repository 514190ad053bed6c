"""Deadlines of requests: one timer that tears off the connections of all that take too long."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection

    from quantum_async.http.timeouts import Timeouts


class Deadlines:
    """Stops requests whose time is over; made on the event loop that it serves.

    Almost no deadline is ever reached. A timer of the loop for each costs a tenth of a request;
    the one here goes off once in a while and looks after all of them. It is asyncio's own timer,
    because aiohttp runs on nothing else and a task would have to belong to somebody.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.now: Callable[[], float] = self._loop.time
        """The loop's clock, in seconds."""
        self._ends: dict[Waiting, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = inf

    def set(self, waiting: Waiting, end: float) -> None:
        """Stop a request at a time, unless it is forgotten or given another time before.

        Args:
            waiting: The request.
            end: The time on the loop's clock; infinite for never.
        """
        self._ends[waiting] = end
        if end < self._wakes_at:
            self._wake_at(end)

    def forget(self, waiting: Waiting) -> None:
        """Let go of a request, whether or not it has a deadline."""
        self._ends.pop(waiting, None)

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
        for waiting in [waiting for waiting, end in self._ends.items() if end <= now]:
            self.forget(waiting)
            waiting.stop()
        next_end = min(self._ends.values(), default=inf)
        if next_end < inf:
            self._wake_at(next_end)


class Waiting:
    """A request that waits for its answer, no longer than its limits allow.

    Args:
        deadlines: What keeps watch.
        timeouts: The limits.
    """

    __slots__ = ("_connection", "_deadlines", "_end", "_silence", "is_too_long")

    def __init__(self, deadlines: Deadlines, timeouts: Timeouts) -> None:
        self.is_too_long: bool = False
        """Whether its time was over before it had its answer, which is not complete then."""
        self._connection: Connection | None = None
        self._deadlines = deadlines
        self._silence = timeouts.read or inf
        self._end = deadlines.now() + (timeouts.total or inf)

    def connected(self, connection: Connection) -> None:
        """Begin to count: until now connecting had a limit of its own.

        Args:
            connection: What the request is sent on.
        """
        self._connection = connection
        self.heard()

    def ends_within(self, seconds: float) -> None:
        """Give the whole no more time than this from now on."""
        self._end = min(self._end, self._deadlines.now() + seconds)

    def heard(self) -> None:
        """Begin to count the server's silence anew."""
        self._deadlines.set(self, min(self._deadlines.now() + self._silence, self._end))

    def stop(self) -> None:
        """Tear off the connection: whoever reads from it or writes to it learns of it at once."""
        connection = self._connection
        # Without a transport the answer is complete, and the connection somebody else's already.
        if connection is not None and (transport := connection.transport) is not None:
            self.is_too_long = True
            transport.abort()

    def over(self) -> None:
        """Wait no more."""
        self._deadlines.forget(self)
