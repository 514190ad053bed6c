"""When a request is repeated, how often and how long after."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import (
    InvalidOptionError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_PASSING = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How reads, and writes that may be repeated, are repeated. Creates never are.

    The wait before attempt *n* is drawn between half of ``first * 2**(n-2)`` and all of it, at
    most `longest`; a longer ``Retry-After`` wins.

    Args:
        attempts: How often a request is sent at most. 1 never repeats.
        total: Seconds after which no further attempt is begun, waits included.
        first: Seconds before the second attempt.
        longest: Seconds between attempts at most, unless the provider asks for more.
        random: Source of jitter between 0 and 1.

    Raises:
        InvalidOptionError: A number is out of range.
    """

    attempts: int = 5
    total: float = 120.0
    first: float = 0.5
    longest: float = 20.0
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.total, self.first, self.longest) < 0:
            raise InvalidOptionError(
                "a retry policy needs at least one attempt and no negative times",
                remedy="RetryPolicy(attempts=1) never repeats.",
            )

    def repeats(self, error: BaseException) -> bool:
        """Say whether an error may pass, so that repeating can help."""
        if isinstance(error, ServerError):
            return error.status in _PASSING
        return isinstance(error, TransportError | RateLimitedError)

    def pause(self, attempt: int, error: QuantumAsyncError) -> float:
        """Return the seconds to wait after a failed attempt.

        Args:
            attempt: Which attempt failed, from 1.
            error: How it failed.
        """
        step = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        drawn = step * (0.5 + 0.5 * self.random())
        asked = error.retry_after if isinstance(error, RateLimitedError | ServerError) else None
        return max(drawn, asked or 0.0)


NO_RETRY = RetryPolicy(attempts=1)
"""For tests and for callers that repeat by themselves."""
