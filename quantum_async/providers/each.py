"""Several requests at a time: one for each of some jobs, or all that something takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import NotFoundError, QuantumAsyncError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from quantum_async.models.job import JobRef, JobState

Answer = TypeVar("Answer")


def by_id(jobs: Iterable[JobRef]) -> dict[str, list[JobRef]]:
    """Group jobs that are one job at the provider."""
    groups: dict[str, list[JobRef]] = {}
    for job in jobs:
        groups.setdefault(job.id, []).append(job)
    return groups


async def states_of_each(
    jobs: Sequence[JobRef], ask: Callable[[str], Awaitable[JobState]], *, at_once: int
) -> dict[JobRef, JobState]:
    """Ask where jobs stand, once for those that share an id.

    Args:
        jobs: The jobs.
        ask: Asks where a job of an id stands.
        at_once: Most requests under way.

    Returns:
        The states of those that the provider knows and could be asked about.

    Raises:
        QuantumAsyncError: None could be asked about, and why.
    """
    found, failures = await _each(jobs, ask, at_once)
    told = [error for error in failures.values() if not isinstance(error, NotFoundError)]
    if told and not found:
        raise told[0]
    return {job: found[job.id] for job in jobs if job.id in found}


async def failures_of_each(
    jobs: Sequence[JobRef], work: Callable[[str], Awaitable[object]], *, at_once: int
) -> dict[JobRef, QuantumAsyncError]:
    """Do something to jobs, once to those that share an id; one that fails holds up no other.

    Args:
        jobs: The jobs.
        work: Does it to a job of an id.
        at_once: Most requests under way.

    Returns:
        Why it could not be done, for each of the jobs concerned.
    """
    _, failures = await _each(jobs, work, at_once)
    return {job: failures[job.id] for job in jobs if job.id in failures}


async def all_of(
    requests: Sequence[Callable[[], Awaitable[Answer]]], *, at_once: int
) -> list[Answer]:
    """Make requests of which every one is needed: one that fails ends the others.

    Args:
        requests: Make one each; begun in this order.
        at_once: Most requests under way.

    Returns:
        Their answers, in the same order.

    Raises:
        QuantumAsyncError: What the first one raised that failed, by itself.
    """
    answers: dict[int, Answer] = {}
    failures: list[QuantumAsyncError] = []
    waiting = enumerate(requests)

    async def work() -> None:
        for place, request in waiting:
            try:
                answers[place] = await request()
            except QuantumAsyncError as error:
                failures.append(error)
                tasks.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as tasks:
        for _ in range(min(at_once, len(requests))):
            tasks.start_soon(work)
    if failures:
        raise failures[0]
    return [answers[place] for place in range(len(requests))]


async def _each(
    jobs: Sequence[JobRef], work: Callable[[str], Awaitable[Answer]], at_once: int
) -> tuple[dict[str, Answer], dict[str, QuantumAsyncError]]:
    found: dict[str, Answer] = {}
    failures: dict[str, QuantumAsyncError] = {}
    slots = anyio.Semaphore(at_once)

    async def one(job_id: str) -> None:
        async with slots:
            try:
                found[job_id] = await work(job_id)
            except QuantumAsyncError as error:
                # A provider that has no such job gave it no id.
                failures[job_id] = error.concerning(job_id=job_id, accepted="yes")

    async with anyio.create_task_group() as tasks:
        for job_id in dict.fromkeys(job.id for job in jobs):
            tasks.start_soon(one, job_id)
    return found, failures
