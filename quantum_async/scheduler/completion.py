"""Jobs in the order in which they finish."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

from quantum_async.scheduler.signal import Broadcast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.record import JobRecord


class Completions:
    """An async iterator over jobs that yields each as soon as it is settled.

    Made by `Scheduler.as_completed`. It never raises a job's error itself: awaiting the job does.

    Args:
        jobs: The jobs to follow; each is yielded once.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        # One concern in two files: a handle shows its record to nobody else.
        self._jobs = {job._record: job for job in jobs}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._total = len(self._jobs)
        self._finished: deque[Job] = deque()
        self._arrived = Broadcast()
        for record in tuple(self._jobs):
            record.on_settled(self._settled)

    def __len__(self) -> int:
        return self._total

    @property
    def done(self) -> int:
        """Number of jobs that are settled."""
        return self._total - len(self._jobs)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Job:
        await self._arrived.until(lambda: bool(self._finished) or not self._jobs)
        if not self._finished:
            raise StopAsyncIteration
        return self._finished.popleft()

    def _settled(self, record: JobRecord) -> None:
        self._finished.append(self._jobs.pop(record))
        self._arrived.notify()
