"""The handle of one job, and jobs in the order in which they finish."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

import anyio

from quantum_async.errors import WaitTimeoutError
from quantum_async.models.numbers import check_seconds
from quantum_async.scheduler.signal import Broadcast

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from quantum_async.models.job import JobRef, JobState, JobStatus
    from quantum_async.models.result import Result
    from quantum_async.scheduler.events import EventStream
    from quantum_async.scheduler.record import JobRecord


class Job:
    """A job that a provider has accepted. ``await job`` waits for its result.

    Made by `Scheduler.submit` and `Batch.submit`. The scheduler owns the job: it waits for it, or
    cancels it, when its block is left.
    """

    __slots__ = ("_record",)

    def __init__(self, record: JobRecord) -> None:
        self._record = record

    @property
    def id(self) -> str | None:
        """The provider's id of the job."""
        return self._record.ref.id if self._record.ref is not None else None

    @property
    def key(self) -> str:
        """Our key of the job, made before it was sent."""
        return self._record.spec.key

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``."""
        return self._record.target

    @property
    def ref(self) -> JobRef:
        """All that is needed to find the job again from another process; picklable.

        Raises:
            JobError: The job was never accepted.
        """
        if self._record.ref is None:
            self._record.outcome()
        assert self._record.ref is not None
        return self._record.ref

    @property
    def state(self) -> JobState:
        """What the provider last said of the job; sends nothing."""
        return self._record.state

    @property
    def is_settled(self) -> bool:
        """Whether result or error is here; sends nothing."""
        return self._record.is_settled

    async def status(self) -> JobStatus:
        """Ask the provider where the job stands.

        Cancelled: nothing happens to the job.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        await self._record.lane.poller.refresh(self._record)
        return self._record.state.status

    async def result(self, timeout: float | None = None) -> Result:  # noqa: ASYNC109
        """Wait for the result.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobFailedError: The provider ran the job and it failed.
            JobCancelledError: The job was cancelled.
            ResultError: The job is done, but its result cannot be used.
            WaitTimeoutError: The deadline passed; the job goes on.
        """
        check_seconds("timeout", timeout)
        start = anyio.current_time()
        with anyio.move_on_after(timeout):
            await self._record.wait_settled()
        if not self._record.is_settled:
            raise self._timed_out(anyio.current_time() - start)
        return self._record.outcome()

    def __await__(self) -> Generator[object, None, Result]:
        return self.result().__await__()

    async def cancel(self) -> None:
        """Ask the provider to cancel the job; one that has ended already is left as it is.

        Waiting for the job then raises `JobCancelledError` once the provider confirms.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        lane = self._record.lane
        await lane.host.call(lane.cancel, [self._record])

    def detach(self) -> JobRef:
        """Leave the job to itself: the scheduler neither waits for it nor cancels it.

        Returns:
            The reference by which it is found again.
        """
        ref = self.ref
        self._record.lane.forget(self._record)
        return ref

    def events(self) -> EventStream:
        """Follow what happens to this job from now on, until it has finished."""
        return self._record.lane.hub.subscribe(self.key, is_over=self._record.is_settled)

    def __repr__(self) -> str:
        return f"<Job {self._record.ref or self.key} {self._record.state.status}>"

    def _repr_html_(self) -> str:
        from quantum_async.display.html import job_html

        record = self._record
        return job_html(record.target, self.id, record.state, record.result, record.error)

    def _timed_out(self, elapsed: float) -> WaitTimeoutError:
        status = self._record.state.status
        error = WaitTimeoutError(
            f"job {self._record.label} is still {status} after {elapsed:.1f} s",
            provider=self._record.lane.client.provider,
            job_id=self.id,
            remedy="The job goes on: wait again, or cancel it with job.cancel().",
        )
        error.elapsed, error.last_status = elapsed, str(status)
        return error


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
