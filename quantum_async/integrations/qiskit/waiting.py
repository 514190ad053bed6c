"""Waiting for outcomes, and which of several failures to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import JobCancelledError, WaitTimeoutError
from quantum_async.integrations.qiskit.errors import JobTimeoutError
from quantum_async.models.numbers import check_seconds
from quantum_async.scheduler.record import fresh

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from quantum_async.integrations.qiskit.runs import Outcome

T = TypeVar("T")


async def within(timeout: float | None, work: Callable[[], Awaitable[T]], what: str) -> T:  # noqa: ASYNC109 -- as `Job.result`
    """Await something for a limited time.

    Args:
        timeout: Longest time in seconds; no limit if ``None``.
        work: What is awaited.
        what: What it is called, for the error.

    Raises:
        InvalidOptionError: The time is no number of seconds.
        JobTimeoutError: The time is up.
    """
    check_seconds("timeout", timeout)
    start = anyio.current_time()
    with anyio.move_on_after(timeout) as scope:
        return await work()
    elapsed = anyio.current_time() - start
    assert scope.cancelled_caught
    error = WaitTimeoutError(
        f"{what} has not ended after {elapsed:.1f} s",
        accepted="yes",
        remedy="It goes on: wait again, or cancel it with job.cancel().",
    )
    error.elapsed = elapsed
    raise JobTimeoutError.of(error)


def first_failure(outcomes: Collection[Outcome], hint: str = "") -> BaseException | None:
    """Choose the error to raise: a failure before a cancellation; with a note on the others.

    Args:
        outcomes: Results and errors.
        hint: Where those that have a result are to be had.
    """
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if not errors:
        return None
    failed = [error for error in errors if not isinstance(error, JobCancelledError)]
    error = fresh((failed or errors)[0])
    if len(outcomes) > 1:
        error.add_note(f"{len(errors)} of {len(outcomes)} circuits have no result.")
    if hint and len(errors) < len(outcomes):
        error.add_note(hint)
    return error
