"""Runs: circuits at the provider as one piece of work, submitted here or found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import QuantumAsyncError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import TypeAlias

    from quantum_async.models.job import JobRef, JobStatus
    from quantum_async.models.result import Result
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import Sweep

    Outcome = Result | BaseException
    Run: TypeAlias = "JobsRun | SweepRun"
    """Circuits that run as one piece of work."""


class JobsRun:
    """Circuits that the provider has accepted.

    Args:
        scheduler: What follows them.
        jobs: The job of each circuit; some may share one of the provider's.
    """

    def __init__(self, scheduler: Scheduler, jobs: Sequence[Job]) -> None:
        self._scheduler = scheduler
        self._jobs = jobs

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        return all(job.is_settled for job in self._jobs)

    async def refs(self) -> list[JobRef]:
        """Name the circuits' jobs."""
        return [job.ref for job in self._jobs]

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask where the circuits stand."""
        return await self._scheduler.statuses(self._jobs)

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        places = {job: place for place, job in enumerate(self._jobs)}
        async for job in self._scheduler.as_completed(self._jobs):
            yield places[job], await outcome_of(job)

    async def cancel(self) -> None:
        """Cancel what has not finished."""
        await self._scheduler.cancel(self._jobs)


class SweepRun:
    """Circuits that are sent as fast as the provider takes them.

    Args:
        sweep: What the scheduler made of them.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.refs = sweep.refs
        self.statuses = sweep.statuses
        self.cancel = sweep.cancel
        self._sweep = sweep

    def __len__(self) -> int:
        return len(self._sweep)

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        return self._sweep.done == len(self)

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        async for point in self._sweep:
            outcome = point.error if point.error is not None else point.result
            assert outcome is not None
            yield point.index, outcome


async def outcome_of(job: Job) -> Outcome:
    """Wait for a job's result or error."""
    try:
        return await job.result()
    except QuantumAsyncError as error:
        return error
