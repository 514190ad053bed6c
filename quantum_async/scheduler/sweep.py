"""A sweep: one program at many points, fed to the provider as it takes them."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import anyio

from quantum_async.errors import (
    AuthenticationError,
    BudgetExceededError,
    ConfigurationError,
    DefectError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    JobCancelledError,
    JournalError,
    NoMeasurementError,
    ProgramSyntaxError,
    QuantumAsyncError,
    SchedulerClosedError,
    UnboundParametersError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.journal.records import SETTLED, Place, SweepPlan
from quantum_async.models.job import JobStatus
from quantum_async.models.options import as_asked
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.models.sweep import PerPoint, SweepPoint, SweepResults
from quantum_async.models.target import Target
from quantum_async.scheduler.containment import defect
from quantum_async.scheduler.record import JobRecord, Stage, fresh
from quantum_async.scheduler.revival import Revival
from quantum_async.scheduler.routing import check_name, check_word
from quantum_async.scheduler.signal import Broadcast

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Collection,
        Generator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from quantum_async.journal.records import Claim
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.grid import Points, Value
    from quantum_async.models.job import JobRef
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.source import ProgramSource

OnError: TypeAlias = Literal["raise", "collect"]

HOPELESS = (AuthenticationError, BudgetExceededError, ConfigurationError, SchedulerClosedError)
"""Errors that every further point would meet as well."""

COMMON = (
    InvalidOptionError,
    InvalidShotsError,
    NoMeasurementError,
    ProgramSyntaxError,
    UnboundParametersError,
    UnknownTargetError,
    UnsupportedProgramError,
)
"""Refusals of a program that no value of its parameters changes."""

T = TypeVar("T")


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
        *,
        shots: int,
        options: RunOptions,
        batch: BatchRef | None,
        name: str | None,
        on_error: OnError,
    ) -> None:
        check_word("on_error", on_error, ("raise", "collect"))
        check_name(name)
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
        self._is_checked = False
        self._is_told = False
        self._outcomes: dict[int, SweepPoint] = {}
        self._finished: list[int] = []
        self._progress = Broadcast()
        # Apart from the progress, or whoever wants all results would be woken up by each.
        self._decided = anyio.Event()
        self._fed = anyio.Event()
        self._failure: BaseException | None = None
        self._never: _Never | None = None
        self.points: Points = source.points
        self.name = name
        self.batch = batch
        self.is_feeding: bool = True

    def __len__(self) -> int:
        return len(self.points)

    @property
    def done(self) -> int:
        """Number of points that have a result or an error."""
        return len(self._finished) + len(self._never or ())

    @property
    def failed(self) -> int:
        """Number of points that have an error."""
        return len(self._failed) + len(self._never or ())

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
        position, seen = 0, 0
        while seen < len(self.points):
            await self._wait_beyond(seen)
            never = self._never
            if never is not None and never.position == position and seen == position:
                indices: Iterable[int] = never
            else:
                indices = (self._finished[position],)
                position += 1
            for index in indices:
                point = self._point(index)
                if point.error is not None:
                    is_fatal = self._on_error == "raise"
                    self._look_at(await self._first_failure() if is_fatal else point.index)
                seen += 1
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
        if self.failed and self._on_error == "raise":
            self._look_at(await self._first_failure())
        self._unseen.clear()
        return SweepResults(self.points, self._each(self._outcomes, self._given_up), self.name)

    async def refs(self) -> Sequence[JobRef | None]:
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
        return self._each(known, lambda _: None)

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask the provider where the points stand that have not finished.

        Returns:
            Where each point stands, in the order of the grid; queued if it was not sent yet.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        await self._lane.poller.refresh(*self._records)
        found = {index: record.state.status for record, index in self._records.items()}
        found |= {index: _status(point) for index, point in self._outcomes.items()}
        otherwise = JobStatus.QUEUED if self._never is None else _status(self._given_up(0))
        return self._each(found, lambda _: otherwise)

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

    async def feed(self) -> None:
        """Prepare jobs as the provider takes them; run by the scheduler."""
        try:
            known = await self._recall()
            missing = (index for index in range(len(self.points)) if index not in known)
            left = len(self.points) - len(known)
            while left and self._failure is None:
                indices = list(islice(missing, await self._lane.sender.room()))
                left -= len(indices)
                self._lane.sender.expected = left
                await self._send(indices)
        except QuantumAsyncError as error:
            self._fail(error)
        except anyio.get_cancelled_exc_class():
            self._fail(SchedulerClosedError("the scheduler's block was left"))
            raise
        except BaseException as error:  # noqa: BLE001 -- of whatever makes a program
            self._fail(
                defect(error, self._lane.client.provider, "making the jobs of a sweep", "no")
            )
        finally:
            self.is_feeding = False
            self._fed.set()
            self._lane.sender.expected = 0
            self._abandon()

    async def _recall(self) -> Collection[int]:
        """Take over the points that the journal knows of a named sweep, and return their places."""
        if self.name is None:
            return ()
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
        self._continue(replace(claim, jobs=open_jobs))
        return {*self._outcomes, *self._records.values()}

    def _continue(self, claim: Claim) -> None:
        for record in Revival([self._lane]).revive(claim):
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
            # By the provider: what its client is called here says nothing of where it runs.
            target=str(Target(self._lane.client.provider, self._device)),
            options=self._options,
            identity=self._lane.client.identity,
        )

    async def _send(self, indices: Sequence[int]) -> None:
        made = await self._source.take(indices)
        records: dict[JobRecord, int] = {}
        for index, one in zip(indices, made, strict=True):
            if isinstance(one, QuantumAsyncError):
                self._finish(SweepPoint(index, self.points[index], error=one))
                continue
            try:
                record = self._record(index, *one)
                if not self._is_checked:
                    # One point stands for all: the sweep is refused before anything is sent.
                    await self._lane.client.validate(record.spec, record.device)
                    self._is_checked = True
            except (InvalidInputError, DefectError) as error:
                if self._on_error == "raise" or self._is_common(error):
                    raise
                self._finish(SweepPoint(index, self.points[index], error=error))
            else:
                records[record] = index
        if self._failure is None:
            self._records.update(records)
            self._lane.put(records)
            for record in records:
                record.on_settled(self._settled)

    def _is_common(self, error: QuantumAsyncError) -> bool:
        """Whether every other point would be refused as well, whatever its values are."""
        return self._source.shared is not None and isinstance(error, COMMON)

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
        if self.done == len(self.points) or (self.failed and self._on_error == "raise"):
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
        if len(known) < len(self.points):
            self._never = _Never(len(self.points), known, len(self._finished))
        is_known = self._is_cancelled or self._is_told
        if self.failed and not self._unseen and not is_known:
            self._unseen[self._first_failed()] = self._failure
        self._tell()

    async def _first_failure(self) -> int:
        """Choose the point whose error is told: one that failed before one that was cancelled.

        A batch that aborts ends the others with the one that fails. Where the provider was asked
        for one of those first, it is asked for the rest before the cancellation is told.
        """
        first = self._first_failed()
        if isinstance(self._point(first).error, JobCancelledError) and not self._is_cancelled:
            with suppress(QuantumAsyncError):
                await self._lane.poller.refresh(*self._records)
        return self._first_failed()

    def _first_failed(self) -> int:
        failed = [index for index in self._finished if index in self._failed]
        causes = (i for i in failed if not isinstance(self._point(i).error, JobCancelledError))
        is_cause = self._never is not None and not isinstance(self._failure, JobCancelledError)
        never = next(iter(self._never)) if self._never is not None else None
        first = next(causes, never if is_cause or not failed else failed[0])
        assert first is not None
        return first

    def _point(self, index: int) -> SweepPoint:
        return self._outcomes.get(index) or self._given_up(index)

    def _given_up(self, index: int) -> SweepPoint:
        return SweepPoint(index, self.points[index], error=self._failure)

    def _each(self, known: Mapping[int, T], otherwise: Callable[[int], T]) -> Sequence[T]:
        return PerPoint(len(self.points), known, otherwise)

    async def _wait_beyond(self, position: int) -> None:
        while self.done <= position:
            await self._progress.wait()

    def _look_at(self, index: int) -> None:
        """Count a failed point as seen, and raise its error where that was asked for."""
        self._unseen.pop(index, None)
        error = self._point(index).error
        if self._on_error == "raise" and error is not None:
            raise self._told(error)

    def _told(self, error: BaseException) -> BaseException:
        """Prepare a point's error for raising: with a note on how many more there are."""
        self._unseen.clear()
        # Whoever has caught this is not told again by what ends later.
        self._is_told = True
        twin = fresh(error)
        if self.failed > 1:
            twin.add_note(f"{self.failed} of {len(self.points)} points have no result.")
        return twin


class _Never:
    """The points that are never sent: all but some, which may be more than could be listed.

    Args:
        size: How many points the sweep has.
        known: Those that were sent, or have an outcome.
        position: How many had an outcome when the others were given up.
    """

    def __init__(self, size: int, known: set[int], position: int) -> None:
        self._size = size
        self._known = known
        self.position = position

    def __len__(self) -> int:
        return self._size - len(self._known)

    def __iter__(self) -> Iterator[int]:
        return (index for index in range(self._size) if index not in self._known)


def _status(point: SweepPoint) -> JobStatus:
    if point.error is None:
        return JobStatus.SUCCEEDED
    is_cancelled = isinstance(point.error, JobCancelledError)
    return JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
