"""A clock that leaps: where everything waits, the next thing is due at once, and exactly on time."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anyio import CapacityLimiter


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing can be done.

    However busy the machine is, a second of this clock holds all the work that was due in it, and no
    test on it takes longer for what it waits for.

    Attributes:
        threads: Counts the worker threads that are busy; time stands still for them.
    """

    def __init__(self) -> None:
        self._now = 1_000.0
        self.threads: CapacityLimiter | None = None
        super().__init__(_Leaping(self))

    def time(self) -> float:
        """Seconds on the clock that leaps."""
        return self._now

    def leap(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class _Leaping(selectors.DefaultSelector):
    """Waits for descriptors alone; where a time to wait is given, it is over already."""

    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Leap, unless something has happened or may still happen."""
        threads = self._loop.threads
        if timeout is None or (timeout > 0 and threads is not None and threads.borrowed_tokens):
            return super().select(None)
        found = super().select(0)
        if not found:
            self._loop.leap(max(0.0, timeout))
        return found
