"""A sweep: one program at many points, fed to the provider as it takes them."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import anyio

from quantum_async.errors import (
    AuthenticationError,
    BudgetExceededError,
    ConfigurationError,
    JobCancelledError,
    JournalError,
    QuantumAsyncError,
    SchedulerClosedError,
)
from quantum_async.journal.records import SETTLED, Place, SweepPlan
from quantum_async.models.job import JobStatus
from quantum_async.models.options import as_asked
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.models.sweep import SweepPoint, SweepResults
from quantum_async.scheduler.containment import defect
from quantum_async.scheduler.record import JobRecord, Stage, fresh
from quantum_async.scheduler.revival import Revival
from quantum_async.scheduler.signal import Broadcast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping, Sequence

    from quantum_async.journal.records import Claim
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.grid import Points, Value
    from quantum_async.models.job import JobRef
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.scheduler.host import Host
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.source import ProgramSource

OnError: TypeAlias = Literal["raise", "collect"]

HOPELESS = (AuthenticationError, BudgetExceededError, ConfigurationError, SchedulerClosedError)
"""Errors that every further point would meet as well."""


class Sweep:
    """A sweep under way: iterate over it to get points as they finish, await it to get all.

    Made by `Scheduler.sweep` and `Batch.sweep`. Only as many programs exist at a time as the
    provider takes. ``async for`` may be used several times and by several tasks; each sees every
    point, those that have finished first.
    """

    def __init__(
        self,
        lane: Lane,
        device: str,
        source: ProgramSource,
        points: Points,
        *,
        shots: int,
        options: RunOptions,
        batch: BatchRef | None,
        name: str | None,
        on_error: OnError,
    ) -> None:
        self._lane = lane
        self._device = device
        self._source = source
        self._shots = shots
        self._options = options
        self._on_error = on_error
        self._records: dict[JobRecord, int] = {}
        self._failed: set[int] = set()
        self._unseen: dict[int, BaseException] = {}
        self._is_cancelled = False
        self._is_told = False
        self._outcomes: dict[int, SweepPoint] = {}
        self._finished: list[int] = []
        self._progress = Broadcast()
        # Apart from the progress, or whoever wants all results would be woken up by each.
        self._decided = anyio.Event()
        self._fed = anyio.Event()
        self._failure: BaseException | None = None
        self.points = points
        self.name = name
        self.batch = batch
        self.is_feeding: bool = True

    def __len__(self) -> int:
        return len(self.points)

    @property
    def done(self) -> int:
        """Number of points that have a result or an error."""
        return len(self._finished)

    @property
    def failed(self) -> int:
        """Number of points that have an error."""
        return len(self._failed)

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``."""
        client = self._lane.client.name
        return f"{client}:{self._device}" if self._device else client

    async def __aiter__(self) -> AsyncIterator[SweepPoint]:
        """Yield points in the order in which they finish.

        Leaving the loop early does not stop the sweep; `cancel` does.

        Raises:
            QuantumAsyncError: A point failed and the sweep was started with ``on_error="raise"``.
        """
        position = 0
        while position < len(self.points):
            await self._wait_beyond(position)
            point = self._outcomes[self._finished[position]]
            position += 1
            if point.error is not None:
                is_fatal = self._on_error == "raise"
                self._look_at(await self._first_failure() if is_fatal else point.index)
            yield point

    def __await__(self) -> Generator[object, None, SweepResults]:
        return self.results().__await__()

    async def results(self) -> SweepResults:
        """Wait for every point and return them in the order of the grid.

        Cancelled: only the waiting ends; the sweep goes on.

        Raises:
            QuantumAsyncError: A point failed and the sweep was started with ``on_error="raise"``;
                notes on it name further failures.
        """
        await self._decided.wait()
        if self._failed and self._on_error == "raise":
            self._look_at(await self._first_failure())
        self._unseen.clear()
        ordered = [self._outcomes[index] for index in range(len(self.points))]
        return SweepResults(self.points, ordered, self.name)

    async def refs(self) -> tuple[JobRef | None, ...]:
        """Wait until the provider has accepted every point, and say which job measures each.

        Cancelled: only the waiting ends; the sweep goes on.

        Returns:
            References in the order of the grid; ``None`` for a point that was not accepted.
        """
        await self._fed.wait()
        known: dict[int, JobRef | None] = {}
        for record, index in list(self._records.items()):
            await record.wait_accepted()
            known[index] = record.ref
        known |= {index: point.ref for index, point in self._outcomes.items()}
        return tuple(known.get(index) for index in range(len(self.points)))

    async def statuses(self) -> tuple[JobStatus, ...]:
        """Ask the provider where the points stand that have not finished.

        Returns:
            Where each point stands, in the order of the grid; queued if it was not sent yet.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        await self._lane.poller.refresh(*self._records)
        found = {index: record.state.status for record, index in self._records.items()}
        found |= {index: _status(point) for index, point in self._outcomes.items()}
        return tuple(found.get(index, JobStatus.QUEUED) for index in range(len(self.points)))

    async def cancel(self) -> None:
        """Cancel every point that has not finished; those not sent yet are never sent.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused one of them.
        """
        self.stop()
        await self._lane.host.call(self._lane.cancel, list(self._records))

    def stop(self) -> None:
        """Send no further point, by somebody's wish."""
        error = JobCancelledError("the sweep was cancelled", accepted="no")
        self._failure = self._failure or error
        self._is_cancelled = True

    def __repr__(self) -> str:
        name = f" {self.name}" if self.name else ""
        return f"<Sweep{name} on {self.target}: {self.done} of {len(self)} points done>"

    def _repr_html_(self) -> str:
        from quantum_async.display.html import sweep_html

        return sweep_html(self.name, self.target, self.points, done=self.done, failed=self.failed)

    @property
    def _is_over(self) -> bool:
        return not self.is_feeding and not self._records

    @property
    def is_forgettable(self) -> bool:
        """Whether it is over and hides no error, so that its results need not be kept for it."""
        return self._is_over and not self._unseen

    def unseen(self) -> list[BaseException]:
        """Errors of points that nobody has looked at; cancelled points do not count."""
        return list(self._unseen.values())

    async def feed(self, host: Host) -> None:
        """Prepare jobs as the provider takes them; run by the scheduler."""
        try:
            missing = await self._recall(host)
            start = 0
            while start < len(missing) and self._failure is None:
                stop = min(start + await self._lane.sender.room(), len(missing))
                self._lane.sender.expected = len(missing) - stop
                await self._send(missing[start:stop], is_first=start == 0)
                start = stop
        except QuantumAsyncError as error:
            self._fail(error)
        except anyio.get_cancelled_exc_class():
            self._fail(SchedulerClosedError("the scheduler's block was left"))
            raise
        except BaseException as error:  # noqa: BLE001 -- of whatever makes a program
            self._fail(defect(error, self._lane.client.name, "making the jobs of a sweep", "no"))
        finally:
            self.is_feeding = False
            self._fed.set()
            self._lane.sender.expected = 0
            self._abandon()

    async def _recall(self, host: Host) -> Sequence[int]:
        """Take over what the journal knows of a named sweep, and list the points it does not."""
        everything = range(len(self.points))
        if self.name is None:
            return everything
        plan = await self._plan(self.name)
        claim = await self._lane.book.claim_sweep(plan, lambda: self._is_over)
        done = [job for job in claim.jobs if job.state in SETTLED]
        for job in done:
            index = job.place.point or 0
            if index not in self._outcomes:
                result = self._as_asked(job.result)
                self._finish(SweepPoint(index, self.points[index], result, job.error, job.ref))
        for row in claim.unreadable:
            # It may have been sent, and nobody here can say: it is told, and not sent again.
            if row.point is not None and row.point not in self._outcomes:
                error = JournalError(f"the journal's row cannot be read: {row}", accepted="unknown")
                self._finish(SweepPoint(row.point, self.points[row.point], error=error))
        open_jobs = tuple(job for job in claim.jobs if job.state not in SETTLED)
        self._continue(host, replace(claim, jobs=open_jobs))
        known = {*self._outcomes, *self._records.values()}
        return [index for index in everything if index not in known]

    def _continue(self, host: Host, claim: Claim) -> None:
        for record in Revival([self._lane], host).revive(claim):
            index = record.place.point if record.place is not None else None
            if index is None or index in self._outcomes or index in self._records.values():
                continue
            self._records[record] = index
            record.on_settled(self._settled)

    async def _plan(self, name: str) -> SweepPlan:
        program, written = await self._source.identities()
        return SweepPlan(
            name=name,
            program=program,
            written=written,
            points=self.points.digest,
            size=len(self.points),
            shots=self._shots,
            target=self.target,
            options=self._options,
            identity=self._lane.client.identity,
        )

    async def _send(self, indices: Sequence[int], *, is_first: bool) -> None:
        made = await self._source.take(indices)
        records: dict[JobRecord, int] = {}
        for index, one in zip(indices, made, strict=True):
            if isinstance(one, QuantumAsyncError):
                self._finish(SweepPoint(index, self.points[index], error=one))
            else:
                records[self._record(index, *one)] = index
        if is_first and records:
            # One point stands for all: the sweep is refused whole before anything is sent.
            first = next(iter(records))
            await self._lane.client.validate(first.spec, first.device)
        if self._failure is None:
            self._records.update(records)
            self._lane.put(records)
            for record in records:
                record.on_settled(self._settled)

    def _record(self, index: int, program: Program, variables: Mapping[str, Value]) -> JobRecord:
        spec = JobSpec(
            key=uuid.uuid4().hex,
            program=program,
            shots=self._shots,
            variables=variables,
            options=self._options,
        )
        device = self._device or self._lane.client.default_device(program)
        place = Place(f"sweep:{self.name}", self.name, index) if self.name is not None else None
        return JobRecord(spec, self._lane, device, self.batch, place)

    def _settled(self, record: JobRecord) -> None:
        index = self._records.pop(record)
        # From here on the sweep answers for the error, not the scheduler.
        record.looked_at = True
        result = self._as_asked(record.result)
        point = SweepPoint(index, self.points[index], result, record.error, record.ref)
        self._finish(point, is_wanted=record.wants_cancel)

    def _as_asked(self, result: Result | None) -> Result | None:
        # A job that an earlier process has sent has that one's options.
        return result and as_asked(result, self._options)

    def _finish(self, point: SweepPoint, *, is_wanted: bool = False) -> None:
        self._outcomes[point.index] = point
        self._finished.append(point.index)
        if point.error is not None:
            self._failed.add(point.index)
            if not is_wanted and not self._is_told:
                self._unseen[point.index] = point.error
            if self._on_error == "raise" or isinstance(point.error, HOPELESS):
                self._fail(point.error)
        self._tell()

    def _tell(self) -> None:
        self._progress.notify()
        if self.done == len(self.points) or (self._failed and self._on_error == "raise"):
            self._decided.set()

    def _fail(self, error: BaseException) -> None:
        """Send no further point."""
        if self._failure is None:
            self._failure = error
            for record in list(self._records):
                if record.stage is Stage.WAITING:
                    self._lane.withdraw(record)

    def _abandon(self) -> None:
        """Give the points that will never be sent the reason."""
        if self._failure is None:
            return
        known = {*self._outcomes, *self._records.values()}
        for index in range(len(self.points)):
            if index not in known:
                self._failed.add(index)
                self._finished.append(index)
                self._outcomes[index] = SweepPoint(index, self.points[index], error=self._failure)
        is_known = self._is_cancelled or self._is_told
        if self._failed and not self._unseen and not is_known:
            self._unseen[self._first_failed()] = self._failure
        self._tell()

    async def _first_failure(self) -> int:
        """Choose the point whose error is told: one that failed before one that was cancelled.

        A batch that aborts ends the others with the one that fails. Where the provider was asked
        for one of those first, it is asked for the rest before the cancellation is told.
        """
        first = self._first_failed()
        if isinstance(self._outcomes[first].error, JobCancelledError) and not self._is_cancelled:
            with suppress(QuantumAsyncError):
                await self._lane.poller.refresh(*self._records)
        return self._first_failed()

    def _first_failed(self) -> int:
        failed = [index for index in self._finished if index in self._failed]
        causes = (i for i in failed if not isinstance(self._outcomes[i].error, JobCancelledError))
        return next(causes, failed[0])

    async def _wait_beyond(self, position: int) -> None:
        while self.done <= position:
            await self._progress.wait()

    def _look_at(self, index: int) -> None:
        """Count a failed point as seen, and raise its error where that was asked for."""
        self._unseen.pop(index, None)
        error = self._outcomes[index].error
        if self._on_error == "raise" and error is not None:
            raise self._told(error)

    def _told(self, error: BaseException) -> BaseException:
        """Prepare a point's error for raising: with a note on how many more there are."""
        self._unseen.clear()
        # Whoever has caught this is not told again by what ends later.
        self._is_told = True
        twin = fresh(error)
        if len(self._failed) > 1:
            twin.add_note(f"{len(self._failed)} of {len(self.points)} points have no result.")
        return twin


def _status(point: SweepPoint) -> JobStatus:
    if point.error is None:
        return JobStatus.SUCCEEDED
    is_cancelled = isinstance(point.error, JobCancelledError)
    return JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
