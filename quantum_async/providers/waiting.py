"""Waiting for what a provider is doing, without a scheduler."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

from quantum_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SHORTEST = 0.2
LONGEST = 30.0
SHARE = 0.2
"""The next look comes after this share of the time waited so far."""


class HasStatus(Protocol):
    """Something that has come so far."""

    @property
    def status(self) -> str:
        """The provider's word for where it stands."""
        ...


T = TypeVar("T")
Watched = TypeVar("Watched", bound=HasStatus)


async def ask_until(
    ask: Callable[[float], Awaitable[T]],
    is_enough: Callable[[T], bool],
    *,
    seconds: float | None = None,
    is_held: bool = False,
    clock: Callable[[], float] = anyio.current_time,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Ask until an answer is enough or the time is up, and return the last answer.

    The pauses grow with the time waited.

    Args:
        ask: Asks, and is told for how many seconds the answer may be held back.
        is_enough: Whether nothing more needs to be asked.
        seconds: Longest time in seconds; ``None`` asks as long as it takes.
        is_held: Whether an answer takes long because it is held back, which counts as pause.
        clock: Monotonic time in seconds.
        sleep: How to wait.
        jitter: Numbers between 0 and 1, which keep many waits from falling together.
    """
    start = clock()
    end = math.inf if seconds is None else start + seconds
    while True:
        asked = clock()
        seen = await ask(end - asked)
        now = clock()
        if is_enough(seen) or now >= end:
            return seen
        pause = min(max(SHORTEST, SHARE * (now - start)), LONGEST) * (0.8 + 0.2 * jitter())
        after = asked if is_held else now
        if (rest := min(after + pause, end) - now) > 0.0:
            await sleep(rest)


async def wait_until_over(
    ask: Callable[[], Awaitable[Watched]],
    is_over: Callable[[Watched], bool],
    *,
    what: str,
    provider: str,
    timeout: float | None,  # noqa: ASYNC109  the error says more than a cancellation
) -> Watched:
    """Ask until something is over.

    Args:
        ask: Asks where it stands.
        is_over: Whether an answer says that it is over.
        what: What is waited for, such as ``"job 1234"``.
        provider: Registry name of the provider.
        timeout: Longest wait in seconds; ``None`` waits as long as it takes.

    Raises:
        WaitTimeoutError: The time is up; what was waited for goes on.
    """
    start = anyio.current_time()
    status = "unknown"

    async def look(_: float) -> Watched:
        nonlocal status
        seen = await ask()
        status = seen.status
        return seen

    with anyio.move_on_after(timeout):
        return await ask_until(look, is_over)
    elapsed = anyio.current_time() - start
    error = WaitTimeoutError(
        f"{what} has not ended after {elapsed:.1f} s; last seen {status}",
        provider=provider,
        remedy="It goes on: wait again, or cancel it.",
    )
    error.elapsed, error.last_status = elapsed, status
    raise error
