"""The clock of the world: monotonic, shared by every part, and it can be stopped."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """World time in seconds, with a fixed relation to the wall clock unless paused.

    Args:
        monotonic: What it follows, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._wall = time.time() - monotonic()
        self._lost = 0.0
        self._paused_at: float | None = None

    def now(self) -> float:
        """Read the world time; it is what it follows less the time spent paused."""
        real = self._monotonic() if self._paused_at is None else self._paused_at
        return real - self._lost

    @property
    def is_paused(self) -> bool:
        """Whether the clock stands still."""
        return self._paused_at is not None

    def pause(self) -> None:
        """Stop the clock: no job starts, runs on or ends."""
        if self._paused_at is None:
            self._paused_at = self._monotonic()

    def resume(self) -> None:
        """Let the clock go on from where it stood."""
        if self._paused_at is not None:
            self._lost += self._monotonic() - self._paused_at
            self._paused_at = None

    def epoch(self, moment: float) -> float:
        """Convert world time to seconds since the epoch."""
        return moment + self._wall

    def iso(self, moment: float) -> str:
        """Write world time as ISO 8601 in UTC."""
        # The same few moments of each job are told again with every poll.
        return _written(moment + self._wall)

    def moment(self, epoch: float) -> float:
        """Convert seconds since the epoch to world time."""
        return epoch - self._wall


@lru_cache(maxsize=65_536)
def _written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="microseconds")
