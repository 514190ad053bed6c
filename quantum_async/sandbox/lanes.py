"""A device's queue: when each job starts and ends."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from heapq import heapify, heappop, heappush
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.sandbox.jobs import SandboxJob


class Lane:
    """Jobs of one device in the order in which they were accepted.

    Args:
        slots: How many jobs run at once; ``None`` runs all of them.
        queue_time: Least time a job waits, in seconds.
    """

    def __init__(self, slots: int | None, queue_time: float) -> None:
        self._slots = slots
        self._queue_time = queue_time
        self._free = [0.0] * (slots or 0)
        self._jobs: deque[SandboxJob] = deque()

    def add(self, job: SandboxJob) -> None:
        """Say when a job starts and ends."""
        if self._slots is None:
            self._plan(job, 0.0)
            return
        self._drop_ended(job.accepted)
        self._plan(job, heappop(self._free))
        heappush(self._free, job.end)
        self._jobs.append(job)

    def ahead(self, job: SandboxJob, now: float) -> int:
        """Count the jobs in front of one, those that run included."""
        self._drop_ended(now)
        # Jobs stand in the order of their numbers: long queues are asked about often. Only where
        # several run at once can one have ended behind another that has not.
        started = takewhile(lambda other: other.start <= now, self._jobs)
        ended = sum(other.end <= now for other in started)
        return bisect_left(self._jobs, job.number, key=attrgetter("number")) - ended

    def close_gaps(self, now: float) -> None:
        """Move queued jobs forward after jobs were cancelled."""
        if self._slots is None:
            return
        alive = [job for job in self._jobs if job.end > now and job.stopped != now]
        waiting = [job for job in alive if job.start > now and job.stopped is None]
        busy = [job.end for job in alive if job.start <= now]
        self._free = [*busy, *[now] * (self._slots - len(busy))]
        heapify(self._free)
        self._jobs = deque(job for job in alive if job.start <= now)
        for job in waiting:
            self._plan(job, heappop(self._free))
            heappush(self._free, job.end)
            self._jobs.append(job)

    def _drop_ended(self, now: float) -> None:
        while self._jobs and self._jobs[0].end <= now:
            self._jobs.popleft()

    def _plan(self, job: SandboxJob, free: float) -> None:
        job.start = max(job.accepted + self._queue_time, free)
        job.end = job.start + job.run_time
