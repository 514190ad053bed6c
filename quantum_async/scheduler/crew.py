"""A crew: a few tasks that share a great many small pieces of work."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, TypeVarTuple

import anyio

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
        self._most = most
        self._queue: deque[Piece] = deque()
        self._idle: list[anyio.Event] = []
        self._size = 0
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
        if self._idle:
            self._idle.pop().set()
        elif self._hire is not None and self._size < self._most:
            self._size += 1
            self._hire(self._toil)

    async def _toil(self) -> None:
        while True:
            while self._queue:
                await self._queue.popleft()()
            called = anyio.Event()
            self._idle.append(called)
            await called.wait()
