"""Repeating what may be repeated, bounded in attempts and in time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from quantum_async.errors import QuantumAsyncError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Judge: TypeAlias = Callable[[Exception], bool | float]
    """Whether an error is worth another attempt, or after how many seconds."""

T = TypeVar("T")

logger: logging.Logger = logging.getLogger(__name__)


@cache
def _load() -> None:
    # It warns on its own of every repetition, without saying what is repeated; we say it.
    logging.getLogger("stamina").addHandler(logging.NullHandler())
    import_module("stamina")


@dataclass(frozen=True, slots=True)
class Retry:
    """How to repeat an operation.

    Args:
        judge: Says whether an error is worth another attempt, or after how many seconds.
        attempts: Most attempts in all.
        patience: Longest time in seconds for all of them together.
        first_wait: Time in seconds before the second attempt; it grows from there, with jitter.
        longest_wait: Longest time in seconds between two attempts.
    """

    judge: Judge
    attempts: int
    patience: float
    first_wait: float = 0.1
    longest_wait: float = 30.0

    async def run(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Call an operation until it succeeds or its error is final.

        Raises:
            QuantumAsyncError: The error of the last attempt.
        """
        # Nearly every first attempt succeeds, so the machinery starts with the second.
        try:
            return await operation()
        except QuantumAsyncError as error:
            wait = self._judged(error, 1)
            if wait is False:
                raise
        # Imported off the loop, and only now: it costs as much as a first result may.
        await anyio.to_thread.run_sync(_load)
        await anyio.sleep(self.first_wait if wait is True else wait)
        from stamina import retry_context

        numbers = count(2)
        retries = retry_context(
            on=lambda error: self._judged(error, next(numbers)),
            attempts=self.attempts - 1,
            timeout=self.patience,
            wait_initial=2 * self.first_wait,
            wait_max=self.longest_wait,
        )
        async for attempt in retries:
            with attempt:
                return await operation()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _judged(self, error: Exception, attempt: int) -> bool | float:
        wait = self.judge(error)
        if wait is not False:
            # Being asked to slow down is nothing to worry about.
            level = logging.INFO if isinstance(error, RateLimitedError) else logging.WARNING
            who = getattr(error, "provider", None) or "a provider"
            what = "%s: attempt %d of at most %d failed: %s"
            logger.log(level, what, who, attempt, self.attempts, error)
        return wait
