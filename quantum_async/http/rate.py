"""Pacing: a steady rate of requests, and pauses that a provider imposes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import InvalidOptionError, RateLimitedError
from quantum_async.http.fence import PAST_PAUSES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


_NEVER = float("-inf")
_HASTE = 1.0
"""The longest wait for the rate, in seconds, where pauses are not waited for."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a provider is sent.

    Args:
        per_second: The steady rate.
        burst: How many may go at once after a quiet time.

    Raises:
        InvalidOptionError: A number is not positive.
    """

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not self.per_second > 0 or self.burst < 1:
            raise InvalidOptionError(
                "a rate limit needs a positive rate and a burst of 1 or more",
                remedy="Below one a second, give a fraction: RateLimit(per_second=0.5).",
            )


class Pacer:
    """Lets requests to one endpoint through, no faster than its rate and not during a pause.

    Args:
        limit: The rate; `None` for no limit but what the provider imposes.
        clock: Monotonic time in seconds.
        sleep: How to wait.
    """

    def __init__(
        self,
        limit: RateLimit | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._interval = 1.0 / limit.per_second if limit else 0.0
        self._burst = limit.burst if limit else 1
        self._clock = clock
        self._sleep = sleep
        self._full_at = _NEVER
        self._paused_until = _NEVER
        self._pauses = 0

    def pause(self, seconds: float) -> None:
        """Hold every further request of this endpoint back for a time, as its provider asked."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._pauses += 1
        # Places given out before the pause are void. Afterwards there is no burst: the provider
        # has just said that it was too much.
        self._full_at = self._paused_until + (self._burst - 1) * self._interval

    @property
    def is_free(self) -> bool:
        """Whether there is neither a rate nor a pause, so that nobody waits for a turn."""
        return self._interval == 0.0 and self._paused_until == _NEVER

    async def turn(self, patience: float) -> None:
        """Wait until a request may be sent.

        Args:
            patience: The longest pause in seconds that is waited out. The rate is always waited
                for; past pauses (see `quantum_async.http.fence`) for a second at most.

        Raises:
            RateLimitedError: The provider imposed a longer pause; nothing was sent.
        """
        if self.is_free:
            return
        if PAST_PAUSES.get():
            now = self._clock()
            if self._paused_until <= now and (wait := self._take_place() - now) > 0.0:
                await self._sleep(min(wait, _HASTE))
            return
        while True:
            await self._wait_out_pause(patience)
            pauses = self._pauses
            wait = self._take_place() - self._clock()
            if wait > 0.0:
                await self._sleep(wait)
            if pauses == self._pauses:
                return

    async def _wait_out_pause(self, patience: float) -> None:
        while (left := self._paused_until - self._clock()) > 0.0:
            if left > patience:
                raise _paused(left)
            await self._sleep(left)
        self._paused_until = _NEVER

    def _take_place(self) -> float:
        # The bucket as one number: the time at which it will be full again.
        now = self._clock()
        start = max(now, self._full_at - (self._burst - 1) * self._interval)
        self._full_at = max(now, self._full_at) + self._interval
        return start


def _paused(left: float) -> RateLimitedError:
    error = RateLimitedError(
        f"the provider asked for a pause, {left:.0f} s of which are left; nothing was sent",
        status=429,
        remedy="Try again when the pause is over.",
    )
    error.retry_after = left
    return error
