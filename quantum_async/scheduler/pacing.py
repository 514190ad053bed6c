"""Pacing: at most so many submissions in a second, evenly spread."""

from __future__ import annotations

import anyio


class Pace:
    """Let through one caller after another at a fixed rate.

    Args:
        per_second: How many in one second, or ``None`` for no limit.
    """

    __slots__ = ("_gap", "_next")

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for this caller's turn."""
        if not self._gap:
            return
        turn = max(anyio.current_time(), self._next)
        self._next = turn + self._gap
        await anyio.sleep_until(turn)
