"""What the local provider knows of jobs and batches, and the wait for something to change."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import ResultError, ResultPendingError
from quantum_async.models.job import JobState, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from quantum_async.models.batch import BatchRef, FailurePolicy
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.providers.local.worker import Outcome, Task
    from quantum_async.simulation.effort import Effort

QUEUED = JobState(JobStatus.QUEUED)
RUNNING = JobState(JobStatus.RUNNING)
CANCELLED = JobState(JobStatus.CANCELLED)


@dataclass(eq=False, slots=True)
class LocalJob:
    """One job.

    Args:
        ref: How others name it.
        task: What is run; dropped once the job has ended.
        effort: What it asks of the machine.
        state: Where it stands.
        result: What it measured, until it is forgotten.
        attempts: How many workers died while they held it.
        is_reported: Whether somebody has been told the present state. That it waits, everybody
            expects of a new one.
    """

    ref: JobRef
    task: Task | None
    effort: Effort
    state: JobState = QUEUED
    result: Result | None = None
    attempts: int = 0
    is_reported: bool = True

    @property
    def plan(self) -> Hashable | None:
        """Equal for jobs that may run together; ``None`` for one that runs alone."""
        checked = self.task.checked if self.task is not None else None
        return checked.plan if checked is not None else None

    @property
    def is_over(self) -> bool:
        """Whether the job has ended."""
        return self.state.status.is_terminal

    def move(self, state: JobState) -> None:
        """Change the state; a job that has ended keeps the one it has."""
        if not self.is_over and state is not self.state:
            self.state = state
            self.is_reported = False
        if self.is_over:
            self.task = None

    def finish(self, outcome: Outcome) -> None:
        """Take over how a worker ended it; a cancelled job stays cancelled."""
        if self.is_over:
            return
        status = JobStatus.FAILED if outcome.result is None else JobStatus.SUCCEEDED
        self.result = outcome.result
        self.move(JobState(status, outcome.message, run_time=outcome.seconds))


@dataclass(eq=False, slots=True)
class LocalBatch:
    """One batch.

    Args:
        ref: How others name it.
        on_failure: What a failed job does to the others.
        is_open: Whether it takes jobs.
        jobs: Its jobs.
    """

    ref: BatchRef
    on_failure: FailurePolicy | None = None
    is_open: bool = True
    jobs: list[LocalJob] = field(default_factory=list)


_KEPT_RESULTS = 256
"""How many results stay after they were fetched, for a caller whose fetch was cut short."""
_KEPT_JOBS = 100_000
"""How many jobs stay known after their result was dropped."""


class JobTable:
    """What the local provider knows; thread-safe."""

    def __init__(self) -> None:
        self.lock: threading.RLock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._version = 0
        self._jobs: dict[str, LocalJob] = {}
        self._submissions: dict[str, tuple[JobRef, ...]] = {}
        self._fetched: OrderedDict[str, None] = OrderedDict()
        self._forgotten: deque[str] = deque()
        self.batches: dict[str, LocalBatch] = {}

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._version

    def add(self, key: str, jobs: Sequence[LocalJob]) -> None:
        """Enter a submission's jobs."""
        with self.lock:
            for job in jobs:
                self._jobs[job.ref.id] = job
            self._submissions[key] = tuple(job.ref for job in jobs)

    def job(self, ref: JobRef) -> LocalJob | None:
        """Find a job."""
        return self._jobs.get(ref.id)

    def submission(self, key: str) -> tuple[JobRef, ...]:
        """Find a submission's jobs by its key; empty where it is not known."""
        return self._submissions.get(key, ())

    def notify(self, jobs: Sequence[LocalJob] = ()) -> None:
        """Wake whoever waits."""
        del jobs
        with self.lock:
            self._version += 1
            self._changed.notify_all()

    def wait(self, version: int, seconds: float) -> None:
        """Block the calling thread until something changes.

        Args:
            version: The version that the caller has seen.
            seconds: How long at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, seconds)

    def states(self, refs: Iterable[JobRef]) -> Mapping[JobRef, JobState]:
        """Say where jobs stand, and remember that somebody has been told."""
        with self.lock:
            known = {ref: job for ref in refs if (job := self._jobs.get(ref.id)) is not None}
            for job in known.values():
                job.is_reported = True
            return {ref: job.state for ref, job in known.items()}

    def has_news(self, refs: Iterable[JobRef]) -> bool:
        """Whether a job has ended, or has moved since somebody was told."""
        with self.lock:
            jobs = (self._jobs.get(ref.id) for ref in refs)
            return any(job is not None and (job.is_over or not job.is_reported) for job in jobs)

    def result(self, ref: JobRef) -> Result:
        """Hand out a result, which is kept a while longer.

        Raises:
            ResultPendingError: The job has not ended.
            ResultError: There is no result.
        """
        with self.lock:
            job = self._jobs.get(ref.id)
            if job is None or (job.result is None and job.state.status is JobStatus.SUCCEEDED):
                raise ResultError(
                    f"the local provider no longer has a result for {ref}",
                    remedy="Results are kept until they are fetched or the client is closed.",
                    provider="local",
                    job_id=ref.id,
                )
            if not job.is_over:
                raise ResultPendingError(
                    f"{ref} is {job.state.status}", job_id=ref.id, provider="local"
                )
            if job.result is None:
                reason = f"{ref} {job.state.status}: {job.state.message}".removesuffix(": ")
                raise ResultError(reason, provider="local", job_id=ref.id)
            self._retire(ref.id)
            return job.result

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self._jobs.clear()
            self._submissions.clear()
            self._fetched.clear()
            self._forgotten.clear()
            self.batches.clear()
            self.notify()

    def _retire(self, job_id: str) -> None:
        self._fetched[job_id] = None
        self._fetched.move_to_end(job_id)
        if len(self._fetched) <= _KEPT_RESULTS:
            return
        oldest, _ = self._fetched.popitem(last=False)
        self._jobs[oldest].result = None
        self._forgotten.append(oldest)
        if len(self._forgotten) > _KEPT_JOBS:
            self._jobs.pop(self._forgotten.popleft(), None)
            self._forget_submission()

    def _forget_submission(self) -> None:
        key = next(iter(self._submissions))
        if not any(ref.id in self._jobs for ref in self._submissions[key]):
            del self._submissions[key]


_TICK = 1.0


class ChangeWatch:
    """Lets any number of tasks wait for a table's changes with one thread.

    The first task that waits blocks a worker thread on the table and wakes the others; when it
    leaves, one of them takes its place.

    Args:
        table: The table.
    """

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._limiter: anyio.CapacityLimiter | None = None
        self._next: anyio.Event | None = None

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds.

        Args:
            holds: Tried after every change.
            seconds: How long at most.

        Returns:
            Whether it holds.
        """
        with anyio.move_on_after(seconds):
            while True:
                version = self._table.version
                if holds():
                    return True
                await self._change(version)
        return holds()

    async def _change(self, version: int) -> None:
        if self._next is not None:
            await self._next.wait()
            return
        self._next = event = anyio.Event()
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1_000)
        try:
            await anyio.to_thread.run_sync(
                self._table.wait, version, _TICK, abandon_on_cancel=True, limiter=self._limiter
            )
        finally:
            self._next = None
            event.set()
