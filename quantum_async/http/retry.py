"""Repetition: when something that failed is done again, how often and how long after.

`repeat` is the one function that does something again because it failed: requests, fetches,
submissions and the closing of batches all go through it. It may be called within itself; then an
error is repeated by the outermost call that wants to, and by no other, so that attempts never
multiply.
"""

from __future__ import annotations

import logging
import random
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import (
    InvalidOptionError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    Judge = Callable[[QuantumAsyncError], bool]
    """Says whether an error may pass, so that another attempt can help."""

T = TypeVar("T")

_PASSING = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_SHOWN = 120
"""Characters of an answer that make no sense which a log line shows."""

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often something is tried, and when. Creates are never repeated by a client itself.

    The wait before attempt *n* is drawn between half of ``first * 2**(n-2)`` and all of it, at
    most `longest`; a longer ``Retry-After`` wins.

    Args:
        attempts: How often it is tried at most. 1 never repeats.
        total: Seconds after which no further attempt is begun, waits included.
        first: Seconds before the second attempt.
        longest: Seconds between attempts at most, unless the provider asks for more.
        random: Source of jitter between 0 and 1.
        spread: Whether the attempts are spread over all of `total`: the second comes after
            `first`, the others less and less often, and the last at the end. `longest` then does
            not count.

    Raises:
        InvalidOptionError: A number is out of range.
    """

    attempts: int = 5
    total: float = 120.0
    first: float = 0.5
    longest: float = 20.0
    random: Callable[[], float] = random.random
    spread: bool = False

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
        if self.spread:
            step = self._begins(attempt + 1) - self._begins(attempt)
        else:
            step = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        drawn = step * (0.5 + 0.5 * self.random())
        return max(drawn, _asked(error) or 0.0)

    def seconds_until_next(
        self, attempt: int, error: QuantumAsyncError, elapsed: float
    ) -> float | None:
        """Return the seconds until the next attempt, or ``None`` where there is none.

        Args:
            attempt: Which attempt failed, from 1.
            error: How it failed.
            elapsed: Seconds since the first one began.
        """
        if attempt >= self.attempts:
            return None
        left, wait = self.total - elapsed, self.pause(attempt, error)
        if self.spread and (_asked(error) or 0.0) <= left:
            is_last = attempt + 1 == self.attempts
            wait = left if is_last else min(wait, left)
            return wait if left > 0.0 else None
        return wait if wait <= left else None

    def _begins(self, attempt: int) -> float:
        """Say after how many seconds an attempt begins, where they are spread."""
        if attempt == 1:
            return 0.0
        gaps = max(1, self.attempts - 1)
        if self.first * gaps >= self.total or gaps == 1 or self.first == 0.0:
            return self.total * (attempt - 1) / gaps
        growth = (self.total / self.first) ** (1 / (gaps - 1))
        return float(self.first * growth ** (attempt - 2))


NO_RETRY = RetryPolicy(attempts=1)
"""For tests and for callers that repeat by themselves."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed in a way that may pass.

    Args:
        attempt: Which one, from 1.
        attempts: How many there are at most.
        error: How it failed.
        seconds: Time in seconds until the next one; ``None`` if there is none.
    """

    attempt: int
    attempts: int
    error: QuantumAsyncError
    seconds: float | None


async def warn(failure: Failure) -> None:
    """Log a failed attempt."""
    error = failure.error
    # Being asked to slow down is nothing to worry about.
    level = logging.INFO if isinstance(error, RateLimitedError) else logging.WARNING
    logger.log(
        level,
        "%s: attempt %d of at most %d failed: %s",
        error.provider or "a provider",
        failure.attempt,
        failure.attempts,
        described(error),
    )


def described(error: QuantumAsyncError) -> str:
    """Say an error in words, and how an answer begins that makes no sense."""
    body = error.body if isinstance(error, ProtocolError) else ""
    return f"{error}; the answer begins {body[:_SHOWN]!r}" if body else str(error)


def reading(error: QuantumAsyncError) -> tuple[str, str]:
    """Return what is equal for two errors that say the same of two requests."""
    body = error.body if isinstance(error, ProtocolError) else ""
    words = body or str(error).replace(error.request_id or "\0", "")
    return type(error).__name__, words


def may_pass(error: QuantumAsyncError) -> bool:
    """Say whether an error may pass by itself, wherever nothing is made by asking again."""
    return isinstance(error, (TransportError, ServerError, ProtocolError, RateLimitedError))


class _Run:
    """A repetition under way."""

    __slots__ = ("judge", "left", "outer")

    def __init__(self, judge: Judge, left: int, outer: _Run | None) -> None:
        self.judge = judge
        self.left = left
        self.outer = outer

    def wants(self, error: QuantumAsyncError) -> bool:
        """Say whether this or what is around it is going to repeat all of it."""
        return self.judge(error) or (self.outer is not None and self.outer.wants(error))

    def take(self) -> bool:
        """Count one more attempt here and in all that is around; say whether there was one left."""
        run: _Run | None = self
        while run is not None:
            if run.left <= 0:
                return False
            run = run.outer
        run = self
        while run is not None:
            run.left -= 1
            run = run.outer
        return True


_RUN: ContextVar[_Run | None] = ContextVar("quantum_async_repetition", default=None)


@contextmanager
def single_attempts() -> Generator[None]:
    """Let nothing in this block be repeated: whoever opens it asks again by himself."""
    token = _RUN.set(_Run(lambda _: True, 0, None))
    try:
        yield
    finally:
        _RUN.reset(token)


@contextmanager
def own_attempts() -> Generator[None]:
    """Let what is done in this block be repeated there: what is around does not repeat its errors."""
    token = _RUN.set(None)
    try:
        yield
    finally:
        _RUN.reset(token)


async def repeat(
    operation: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    judge: Judge = may_pass,
    *,
    told: Callable[[Failure], Awaitable[None]] = warn,
    is_part: bool = False,
    clock: Callable[[], float] = anyio.current_time,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> T:
    """Do something until it succeeds, its error is final, or the policy ends.

    Within another repetition, an error that the outer one repeats is left to it. What is repeated
    here all the same counts there as well.

    Args:
        operation: One attempt.
        policy: How often, and when.
        judge: Says whether an error may pass; it is asked several times.
        told: Told of each attempt that failed in such a way, also of the last.
        is_part: Whether this is a part of something long, which would have to be done again as a
            whole: then it is repeated here first.
        clock: Monotonic time in seconds.
        sleep: How to wait.

    Raises:
        QuantumAsyncError: The error of the last attempt.
    """
    outer = _RUN.get()
    run = _Run(judge, policy.attempts - 1, outer)
    started = clock()
    attempt = 1
    while True:
        token = _RUN.set(run)
        try:
            return await operation()
        except QuantumAsyncError as error:
            if not judge(error) or (outer is not None and not is_part and outer.wants(error)):
                raise
            seconds = policy.seconds_until_next(attempt, error, clock() - started)
            if seconds is not None and not run.take():
                seconds = None
            await told(Failure(attempt, policy.attempts, error, seconds))
            if seconds is None:
                raise
        finally:
            _RUN.reset(token)
        await sleep(seconds)
        attempt += 1


def _asked(error: QuantumAsyncError) -> float | None:
    return error.retry_after if isinstance(error, RateLimitedError | ServerError) else None
