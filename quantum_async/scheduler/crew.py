"""A crew: a few tasks that share a great many small pieces of work."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, TypeVarTuple

import anyio

from quantum_async.scheduler.window import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Piece = Callable[[], Awaitable[None]]
    Hire = Callable[[Piece], object]
    """Starts a task in the group that owns it."""

Args = TypeVarTuple("Args")


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
        self._hire: Hire | None = None

    def start(self, hire: Hire) -> None:
        """Begin with what is waiting.

        Args:
            hire: Starts a task in the group that owns it.
        """
        self._hire = hire
        for _ in self._queue:
            self._call()

    def put(self, work: Callable[[*Args], Awaitable[None]], *args: *Args) -> None:
        """Add a piece of work: what to call, and with what."""
        self._queue.append(partial(work, *args))
        self._call()

    def _call(self) -> None:
        """Have one more at work, if there is room."""
        if self._hire is None or not self._window.has_room:
            return
        self._window.under_way += 1
        if self._idle:
            self._idle.pop().set()
        else:
            self._hire(self._toil)

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
            if self._queue:
                self._call()
