"""Waiting for a batch, a job or a workload without a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.providers.pasqal.wire import BatchProgress, JobProgress, PasqalWorkload

    Watched = TypeVar("Watched", BatchProgress, JobProgress, PasqalWorkload)

SHORTEST = 0.1
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
        what: What is waited for, such as ``"batch 1234"``.
        timeout: Longest wait in seconds, or ``None``.

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
            age = anyio.current_time() - start
            await anyio.sleep(min(max(SHARE * age, SHORTEST), LONGEST))
    error = WaitTimeoutError(
        f"{what} was not over after {anyio.current_time() - start:.1f} s; last seen {status}",
        provider="pasqal",
        remedy="It goes on: wait again, or cancel it.",
    )
    error.elapsed, error.last_status = anyio.current_time() - start, status
    raise error
