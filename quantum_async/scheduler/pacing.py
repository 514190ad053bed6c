"""Pacing: at most so many submissions in a second, evenly spread."""

from __future__ import annotations

import anyio


class Pace:
    """Let through one caller after another at a fixed rate.

    Args:
        per_second: How many in one second, or ``None`` for no limit.

    Attributes:
        is_waited_for: Whether a caller waits for its turn.
    """

    __slots__ = ("_gap", "_next", "is_waited_for")

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0
        self.is_waited_for: bool = False

    @property
    def is_limiting(self) -> bool:
        """Whether there is a limit."""
        return self._gap > 0.0

    async def wait(self) -> None:
        """Wait for this caller's turn."""
        if not self.is_limiting:
            return
        turn = max(anyio.current_time(), self._next)
        self._next = turn + self._gap
        self.is_waited_for = True
        try:
            await anyio.sleep_until(turn)
        finally:
            self.is_waited_for = False
