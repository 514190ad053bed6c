"""Lanes: how many requests may be under way at once, apart for data and for control."""

from __future__ import annotations

from typing import Literal

import anyio

from quantum_async.errors import NotSentError

LaneName = Literal["data", "control"]
"""``"control"`` for polls, cancellation and closing; ``"data"`` for everything else.

Each lane has connections of its own, so that a thousand downloads cannot hold up a poll.
"""


class Lane:
    """A number of requests that may be under way at once; others wait in order.

    Args:
        name: For messages.
        limit: How many at once.
    """

    def __init__(self, name: LaneName, limit: int) -> None:
        self.name = name
        self._slots = anyio.Semaphore(limit, fast_acquire=True)

    def enters(self) -> bool:
        """Take a place if one is free, and say whether it was."""
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            return False
        return True

    async def wait(self, patience: float | None) -> None:
        """Take a place as soon as one is free.

        Args:
            patience: The longest wait in seconds.

        Raises:
            NotSentError: No place came free in time.
        """
        with anyio.move_on_after(patience):
            await self._slots.acquire()
            return
        raise NotSentError(
            f"no connection of the {self.name} lane came free in {patience:g} s",
            remedy="Allow more connections, or a longer pool timeout.",
        )

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()
