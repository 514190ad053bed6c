"""Jobs under one name: a sweep of one program, fed to the provider as it takes them, and a bundle sent together."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import anyio
import anyio.to_thread

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
from quantum_async.models.submission import JobParams, JobSpec, RunOptions
from quantum_async.models.sweep import PerPoint, SweepPoint, SweepResults
from quantum_async.models.target import Target
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program
from quantum_async.scheduler.containment import defect
from quantum_async.scheduler.inputs import check_name, check_word, checked_shots, plain_variables
from quantum_async.scheduler.job import JobRecord, Stage, fresh
from quantum_async.scheduler.revival import Revival
from quantum_async.scheduler.workers import Broadcast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterable, Iterator

    from quantum_async.journal.records import Claim
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.grid import Points, Value
    from quantum_async.models.job import JobRef
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.scheduler.inputs import ProgramSource
    from quantum_async.scheduler.lane import Lane

    Params: TypeAlias = Sequence[JobParams | Mapping[str, object]]

    """In which way each job differs from the others."""


_KEYS = frozenset({"shots", "runs", "variables"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of some jobs that are submitted together.

    Args:
        program: What to run.
        shots: How often.
        variables: Values of the program's parameters.
    """

    program: Program
    shots: int
    variables: Mapping[str, Value]


async def wanted(
    program: ProgramLike | Mapping[str, ProgramLike], params: Params | None, shots: int | None
) -> list[Wanted]:
    """Read what is to be submitted together, off the event loop.

    Args:
        program: One program, or several by their labels.
        params: In which way each job of one program differs from the others.
        shots: Shots of a job that does not say so itself.

    Raises:
        InvalidInputError: There are no jobs, or one of them says what no job can.
    """
    return await anyio.to_thread.run_sync(_wanted, program, params, shots)


def _wanted(
    program: ProgramLike | Mapping[str, ProgramLike], params: Params | None, shots: int | None
) -> list[Wanted]:
    if isinstance(program, Mapping):
        if params is not None:
            raise InvalidInputError(
                "several programs by label have no parameters of their own",
                remedy="Leave params out, and bind the parameters before.",
            )
        found = [Wanted(as_program(one), checked_shots(shots), {}) for one in program.values()]
    else:
        shared = as_program(program)
        found = [Wanted(shared, *_read(one, shots)) for one in _each(params)]
    if not found:
        raise InvalidInputError(
            "there are no jobs to run", remedy="Pass [JobParams(shots=100)], for example."
        )
    return found


def _each(params: object) -> Sequence[object]:
    if isinstance(params, Sequence) and not isinstance(params, str | bytes):
        return params
    raise InvalidInputError(
        f"jobs are a list with parameters for each, got {params!r:.100}",
        remedy="Pass [JobParams(shots=20, variables={'omega': 6.0})], for example.",
    )


def _read(one: object, shots: int | None) -> tuple[int, Mapping[str, Value]]:
    if isinstance(one, JobParams):
        number, variables = one.shots, one.variables
    elif isinstance(one, Mapping):
        if unknown := [key for key in one if key not in _KEYS]:
            raise InvalidOptionError(
                f"jobs have no parameter {unknown[0]!r}",
                remedy="They have 'shots', or 'runs' in its place, and 'variables'.",
            )
        number, variables = one.get("shots", one.get("runs")), one.get("variables") or {}
    else:
        raise InvalidInputError(
            f"the parameters of a job cannot be {one!r:.100}",
            remedy="Pass JobParams(shots=20, variables={'omega': 6.0}), for example.",
        )
    return checked_shots(shots if number is None else number), plain_variables(variables)


class Bundle:
    """Jobs that are submitted together.

    Args:
        lane: Where they go.
        devices: The device of each.
        jobs: The jobs, in order.
        options: Options of all of them.
        name: What they are called: with a journal, the same again continues them.
        is_apart: Whether no others share a submission with them.
    """

    def __init__(
        self,
        lane: Lane,
        devices: Sequence[str],
        jobs: Sequence[Wanted],
        options: RunOptions,
        name: str | None,
        *,
        is_apart: bool = True,
    ) -> None:
        self._lane = lane
        self._devices = devices
        self._specs = [
            JobSpec(uuid.uuid4().hex, job.program, job.shots, job.variables, options)
            for job in jobs
        ]
        self._options = options
        self._is_apart = is_apart
        self.name = name
        self.records: dict[int, JobRecord] = {}
        """Those that are known or under way, by their places."""

    @property
    def is_over(self) -> bool:
        """Whether every job has its outcome."""
        return all(record.is_settled for record in self.records.values())

    async def check(self) -> None:
        """Refuse all of them if one cannot run; those that are equal are checked once.

        Raises:
            InvalidInputError: With a note on which one it is.
        """
        checked: set[str] = set()
        for place, (job, device) in enumerate(zip(self._specs, self._devices, strict=True)):
            if len(self._specs) > 1:
                kind = f"{job.program.digest} {device} {job.shots} {job.variables!r}"
                if kind in checked:
                    continue
                checked.add(kind)
            try:
                await self._lane.client.validate(job, device)
            except InvalidInputError as error:
                if len(self._specs) > 1:
                    error.add_note(f"This is job {place}; none of {len(self._specs)} was sent.")
                raise

    async def recall(self) -> None:
        """Take over those that the journal knows under this name.

        Raises:
            DuplicateSubmissionError: The name was used for others, or is under way here.
            JournalError: Another process is at it.
        """
        if self.name is None:
            return
        revival = Revival([self._lane])
        claim = await self._lane.book.claim_sweep(await self._plan(self.name), lambda: self.is_over)
        for job in claim.jobs:
            if job.state in SETTLED and job.place.point is not None and job.ref is not None:
                self.records[job.place.point] = revival.adopt(job.ref, job)
        for row in claim.unreadable:
            # It may have been sent, and nobody here can say: it is told, and not sent again.
            if row.point is not None and row.point not in self.records:
                record = self._record(row.point, None)
                words = f"the journal's row cannot be read: {row}"
                record.fail(JournalError(words, accepted="unknown"))
                self.records[row.point] = record
        going = tuple(job for job in claim.jobs if job.state not in SETTLED)
        for record in revival.revive(replace(claim, jobs=going)):
            point = record.place.point if record.place is not None else None
            if point is not None:
                self.records.setdefault(point, record)

    def needs_batch(self, *, is_wanted: bool) -> bool:
        """Say whether what is missing has to go into a batch that is opened for it.

        Args:
            is_wanted: Whether its caller wants one in any case.
        """
        missing, capabilities = len(self._specs) - len(self.records), self._lane.capabilities
        if is_wanted or not capabilities.open_batch or capabilities.jobs_per_submission == 1:
            return is_wanted and missing > 0
        most = self._lane.sender.group_size
        return missing > min(most, self._lane.jobs_in_flight or most)

    def missing(self, batch: BatchRef | None) -> list[JobRecord]:
        """Make the records of those that are still to be sent.

        Args:
            batch: The open batch that they go to.
        """
        new = {n: self._record(n, batch) for n in range(len(self._specs)) if n not in self.records}
        self.records |= new
        return list(new.values())

    def in_order(self) -> list[JobRecord]:
        """Return the record of each job, in the order in which they were given."""
        return [self.records[place] for place in range(len(self._specs))]

    def _record(self, place: int, batch: BatchRef | None) -> JobRecord:
        where = Place(f"sweep:{self.name}", self.name, place) if self.name is not None else None
        spec, device = self._specs[place], self._devices[place]
        together = self if self._is_apart else None
        return JobRecord(spec, self._lane, device, batch, where, bundle=together)

    async def _plan(self, name: str) -> SweepPlan:
        meaning, written = await anyio.to_thread.run_sync(self._identities)
        return SweepPlan(
            name=name,
            program=meaning,
            written=written,
            points=_digest(
                json.dumps([job.shots, job.variables], sort_keys=True) for job in self._specs
            ),
            size=len(self._specs),
            shots=sum(job.shots for job in self._specs),
            target=str(Target(self._lane.client.provider, self._devices[0])),
            options=self._options,
            identity=self._lane.client.identity,
        )

    def _identities(self) -> tuple[str, str]:
        programs = {job.program.digest: job.program for job in self._specs}
        meanings = {digest: program_identity(program) for digest, program in programs.items()}
        return (
            _digest(meanings[job.program.digest] for job in self._specs),
            _digest(job.program.digest for job in self._specs),
        )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


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
