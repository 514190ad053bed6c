"""What the scheduler knows of one job, from the queue to the result."""

from __future__ import annotations

import copy
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import JobCancelledError, JobFailedError, QuantumAsyncError
from quantum_async.models.job import JobRef, JobState, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.journal.records import Place
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
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
