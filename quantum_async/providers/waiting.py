"""Waiting for what a provider is doing, without a scheduler."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

from quantum_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SHORTEST = 0.2
LONGEST = 30.0
SHARE = 0.1
"""The next look comes after this share of the time waited so far."""


class HasStatus(Protocol):
    """Something that has come so far."""

    @property
    def status(self) -> str:
        """The provider's word for where it stands."""
        ...


Watched = TypeVar("Watched", bound=HasStatus)


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
    with anyio.move_on_after(timeout):
        while True:
            seen = await ask()
            if is_over(seen):
                return seen
            status = seen.status
            pause = min(max(SHORTEST, SHARE * (anyio.current_time() - start)), LONGEST)
            await anyio.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311  jitter
    elapsed = anyio.current_time() - start
    error = WaitTimeoutError(
        f"{what} has not ended after {elapsed:.1f} s; last seen {status}",
        provider=provider,
        remedy="It goes on: wait again, or cancel it.",
    )
    error.elapsed, error.last_status = elapsed, status
    raise error
