"""A crew: a few tasks that share a great many small pieces of work."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, TypeVarTuple

import anyio
import anyio.lowlevel

from quantum_async.scheduler.signal import Signal
from quantum_async.scheduler.window import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Piece = Callable[[], Awaitable[None]]
    Hire = Callable[[Piece], object]
    """Starts a task in the group that owns it."""

Args = TypeVarTuple("Args")


CALLED_AT_ONCE = 16
"""Pieces begun in one turn of the loop: the news of one poll can be a hundred results to fetch."""


class Crew:
    """Work off a queue with as many tasks as are busy at once.

    A task of its own for each piece would cost more than many a piece itself; here one that has
    finished takes the next, or is woken up when there is one.

    Args:
        most: Most pieces under way at once.
    """

    def __init__(self, most: int) -> None:
        self._queue: deque[Piece] = deque()
        self._idle: list[anyio.Event] = []
        self._window = Window(most)
        self._signal = Signal()

    def put(self, work: Callable[[*Args], Awaitable[None]], *args: *Args) -> None:
        """Add a piece of work: what to call, and with what."""
        self._queue.append(partial(work, *args))
        self._signal.notify()

    async def run(self, hire: Hire) -> None:
        """Have the queue worked off for ever.

        Args:
            hire: Starts a task in the group that owns it.
        """
        while True:
            await self._signal.wait()
            while self._call(hire, CALLED_AT_ONCE):
                await anyio.lowlevel.checkpoint()

    def _call(self, hire: Hire, most: int) -> int:
        """Have more at work, as far as there is work and room; returns how many."""
        count = min(len(self._queue), self._window.room, most)
        for _ in range(count):
            self._window.under_way += 1
            if self._idle:
                self._idle.pop().set()
            else:
                hire(self._toil)
        return max(count, 0)

    async def _toil(self) -> None:
        while True:
            await self._work()
            called = anyio.Event()
            self._idle.append(called)
            self._window.leave()
            await called.wait()

    async def _work(self) -> None:
        """Take pieces while there are any, and while the window has not narrowed below them."""
        window = self._window
        while self._queue and window.under_way <= window.size:
            await self._queue.popleft()()
            await window.feel()
            if self._queue and window.has_room:
                self._signal.notify()
