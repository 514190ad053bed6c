"""Waiting for a job or a session without a scheduler."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.providers.azure.wire import WorkspaceItem

    Watched = TypeVar("Watched", bound=WorkspaceItem)

SHORTEST = 0.2
LONGEST = 30.0
SHARE = 0.1
"""The next look comes after this share of the time waited so far."""


async def wait_until_over(
    ask: Callable[[], Awaitable[Watched]],
    is_over: Callable[[Watched], bool],
    *,
    what: str,
    timeout: float | None,  # noqa: ASYNC109  the error says more than a cancellation
) -> Watched:
    """Ask until something is over.

    Args:
        ask: Asks where it stands.
        is_over: Whether an answer says that it is over.
        what: What is waited for, such as ``"job 1234"``.
        timeout: Longest wait in seconds.

    Raises:
        WaitTimeoutError: The time is up.
    """
    start = anyio.current_time()
    deadline = float("inf") if timeout is None else start + timeout
    word = "unknown"
    with anyio.move_on_at(deadline) as scope:
        while True:
            seen = await ask()
            word = seen.status
            if is_over(seen):
                return seen
            waited = anyio.current_time() - start
            pause = min(max(SHORTEST, SHARE * waited), LONGEST)
            await anyio.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311  jitter
    assert scope.cancelled_caught
    waited = anyio.current_time() - start
    error = WaitTimeoutError(
        f"{what} has not ended after {waited:.1f} s: {word}",
        provider="azure",
        remedy="It goes on; wait for it again, or cancel it.",
    )
    error.elapsed, error.last_status = waited, word
    raise error
