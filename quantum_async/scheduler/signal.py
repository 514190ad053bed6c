"""What tasks wait for: that something has changed, or that a caller has had enough."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Signal:
    """Wake a waiting loop; raised while nobody waits, it is remembered once."""

    __slots__ = ("_event", "_raised")

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._raised = False

    def notify(self) -> None:
        """Wake the waiter, or the next one to come."""
        if self._event is None:
            self._raised = True
        else:
            self._event.set()

    async def wait(self) -> None:
        """Wait until `notify` is called; return at once if it was called since the last wait."""
        if not self._raised:
            self._event = anyio.Event()
            try:
                await self._event.wait()
            finally:
                self._event = None
        self._raised = False

    async def wait_until(self, deadline: float) -> None:
        """Wait for `notify`, at most until a time on the loop's clock, in seconds."""
        with anyio.move_on_at(deadline) if deadline != float("inf") else anyio.CancelScope():
            await self.wait()


class Broadcast:
    """Tell every task that waits at this moment that something has changed."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        """Wake everyone who waits."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for the next `notify`."""
        self._event = self._event or anyio.Event()
        await self._event.wait()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until a condition holds; it is looked at after each change."""
        while not is_so():
            await self.wait()


CancelEvent: TypeAlias = anyio.Event | threading.Event

TICK = 0.05
"""How often a `threading.Event` is looked at, in seconds: waiting for it would cost a thread."""


async def act_on(event: CancelEvent, action: Callable[[], Awaitable[None]]) -> None:
    """Wait for an event, then act."""
    if isinstance(event, threading.Event):
        while not event.is_set():  # noqa: ASYNC110 -- a threading.Event cannot be awaited
            await anyio.sleep(TICK)
    else:
        await event.wait()
    await action()
