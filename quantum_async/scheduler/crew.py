"""A crew: a few tasks that share a great many small pieces of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from quantum_async.scheduler.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.scheduler.window import Window

    Piece = Callable[[], Awaitable[None]]
    Hire = Callable[[Piece], object]
    """Starts a task in the group that owns it."""

CALLED_AT_ONCE = 16
"""Tasks called in one turn of the loop: the news of one poll can be a hundred results to fetch."""


class Crew:
    """Do what there is to do with as many tasks as are busy at once.

    A task of its own for each piece would cost more than many a piece itself; here one that has
    finished takes the next, or is called when there is one.

    Args:
        window: Bounds the pieces that are under way at once.
        backlog: Tells how many pieces could begin now; too many do no harm.
        work: Takes the next piece, if there is one left, and does it.
    """

    def __init__(self, window: Window, backlog: Callable[[], int], work: Piece) -> None:
        self._backlog = backlog
        self._piece = work
        self._idle: list[anyio.Event] = []
        self._window = window
        self._signal = Signal()

    def notify(self) -> None:
        """Note that there may be more to do."""
        self._signal.notify()

    async def run(self, hire: Hire) -> None:
        """Have the work done for ever.

        Args:
            hire: Starts a task in the group that owns it.
        """
        while True:
            await self._signal.wait()
            # One turn of the loop lets what comes side by side be seen together.
            await anyio.lowlevel.checkpoint()
            while self._call(hire):
                await anyio.lowlevel.checkpoint()

    def _call(self, hire: Hire) -> int:
        """Have more at work, as far as there is work and room; returns how many."""
        count = min(self._backlog(), self._window.room, CALLED_AT_ONCE)
        for _ in range(count):
            self._window.under_way += 1
            if self._idle:
                self._idle.pop().set()
            else:
                hire(self._toil)
        return count

    async def _toil(self) -> None:
        while True:
            await self._work()
            called = anyio.Event()
            self._idle.append(called)
            self._window.under_way -= 1
            await called.wait()

    async def _work(self) -> None:
        """Take pieces while there are any, and while the window has not narrowed below them."""
        window = self._window
        while window.under_way <= window.size and self._backlog():
            await self._piece()
            await window.feel()
            if window.room and self._backlog():
                self._signal.notify()
