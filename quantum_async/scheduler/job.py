"""A job: what the scheduler knows of it from the queue to the result, its handle, and many as they finish."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING, Self, TypeVar

import anyio

from quantum_async.errors import (
    JobCancelledError,
    JobFailedError,
    QuantumAsyncError,
    WaitTimeoutError,
)
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.numbers import check_seconds
from quantum_async.scheduler.workers import Broadcast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from quantum_async.journal.records import Place
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.scheduler.events import EventStream
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.polling import Watch
    from quantum_async.scheduler.sending import Flight


E = TypeVar("E", bound=BaseException)


class Stage(IntEnum):
    """How far a job has come on our side."""

    WAITING = 0
    """In the lane's queue; nothing was sent."""
    SENDING = 1
    """On its way; whether the provider has it is not known yet."""
    ACCEPTED = 2
    """The provider has it."""
    ENDED = 3
    """The provider says it succeeded; its result is to be fetched."""
    SETTLED = 4
    """Result or error is here, and will not change."""


_QUEUED = JobState(JobStatus.QUEUED)


class JobRecord:
    """One job's row: small, without a task or a lock of its own.

    Events are made only when somebody waits, so that ten thousand jobs of a sweep cost rows, not
    tasks.
    """

    __slots__ = (
        "__weakref__",
        "_accepted",
        "_listeners",
        "_settled",
        "accepted_at",
        "batch",
        "bundle",
        "device",
        "error",
        "flight",
        "is_guest",
        "lane",
        "looked_at",
        "place",
        "ref",
        "result",
        "spec",
        "stage",
        "state",
        "wants_cancel",
        "watch",
        "weight",
    )

    def __init__(
        self,
        spec: JobSpec,
        lane: Lane,
        device: str,
        batch: BatchRef | None = None,
        place: Place | None = None,
        *,
        bundle: object = None,
    ) -> None:
        self.spec: JobSpec = spec
        self.lane: Lane = lane
        self.device: str = device
        self.batch: BatchRef | None = batch
        self.place: Place | None = place
        self.bundle: object = bundle
        """What it shares with the jobs that it is submitted together with, or not at all."""
        self.is_guest: bool = False
        self.ref: JobRef | None = None
        self.state: JobState = _QUEUED
        self.stage: Stage = Stage.WAITING
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.accepted_at: float = 0.0
        self.watch: Watch | None = None
        self.weight: int = 0
        self.flight: Flight | None = None
        self.wants_cancel: bool = False
        self.looked_at: bool = False
        self._accepted: anyio.Event | None = None
        self._settled: anyio.Event | None = None
        self._listeners: list[Callable[[JobRecord], None]] | None = None

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``."""
        return f"{self.lane.client.name}:{self.device}"

    @property
    def label(self) -> str:
        """What it is called in messages: where it runs, by its client's name, and its id."""
        if self.ref is None:
            return self.target
        return str(replace(self.ref, provider=self.lane.client.name))

    @property
    def status(self) -> JobStatus:
        """Where it stands as far as anybody can say, also where no provider has said it."""
        status = self.state.status
        if self.error is None or status.is_terminal:
            return status
        # Refused, or followed no further: what the provider said last is no end.
        is_refused = getattr(self.error, "accepted", "unknown") == "no" and not self.is_guest
        return JobStatus.FAILED if is_refused else JobStatus.UNKNOWN

    @property
    def is_settled(self) -> bool:
        """Whether result or error is here."""
        return self.stage is Stage.SETTLED

    def accept(self, ref: JobRef, now: float) -> None:
        """Note that the provider has the job."""
        self.ref = ref
        self.stage = Stage.ACCEPTED
        self.accepted_at = now
        if self._accepted is not None:
            self._accepted.set()

    def succeed(self, result: Result) -> None:
        """Note the result, which is as it was asked for."""
        self.result = result
        self._settle()

    def fail(self, error: BaseException) -> None:
        """Note why there will be no result."""
        self.error = error
        self._settle()

    def end(self, state: JobState) -> None:
        """Note that the provider ended the job without a result."""
        self.state = state
        self.fail(self._ending(state))

    def on_settled(self, listener: Callable[[JobRecord], None]) -> None:
        """Call a function once the job is settled; at once if it is already."""
        if self.is_settled:
            listener(self)
        elif self._listeners is None:
            self._listeners = [listener]
        else:
            self._listeners.append(listener)

    async def wait_accepted(self) -> None:
        """Wait until the provider has the job, or it failed before."""
        if self.stage < Stage.ACCEPTED:
            self._accepted = self._accepted or anyio.Event()
            await self._accepted.wait()

    async def wait_settled(self) -> None:
        """Wait until result or error is here."""
        if not self.is_settled:
            self._settled = self._settled or anyio.Event()
            await self._settled.wait()

    def outcome(self) -> Result:
        """Return the result or raise the error; it then counts as looked at."""
        self.looked_at = True
        if self.error is not None:
            raise fresh(self.error)
        assert self.result is not None
        return self.result

    def _settle(self) -> None:
        if self.is_settled:
            return
        self.stage = Stage.SETTLED
        for event in (self._accepted, self._settled):
            if event is not None:
                event.set()
        listeners, self._listeners = self._listeners, None
        for listener in listeners or ():
            listener(self)

    def _ending(self, state: JobState) -> QuantumAsyncError:
        where = self.label
        job_id = self.ref.id if self.ref else None
        reason = f": {state.message}" if state.message else ""
        if state.status is JobStatus.CANCELLED:
            return JobCancelledError(
                f"job {where} was cancelled{reason}",
                provider=self.lane.client.provider,
                job_id=job_id,
                accepted="yes" if self.ref else "no",
                remedy="Submit it again if it is still wanted.",
            )
        return JobFailedError(
            f"job {where} failed{reason}",
            provider=self.lane.client.provider,
            job_id=job_id,
            remedy="Read the provider's words above; the job is not run again by itself.",
        )


def fresh(error: E) -> E:
    """Copy an error, so that each of several waiters raises one with its own traceback."""
    if not isinstance(error, QuantumAsyncError):
        return error
    twin = copy.copy(error)
    twin.__cause__ = error.__cause__
    return twin.with_traceback(None)


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
