"""Jobs that are submitted together: all of them or none, in as few submissions as there can be."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import InvalidInputError, InvalidOptionError, JournalError
from quantum_async.journal.records import SETTLED, Place, SweepPlan
from quantum_async.models.submission import JobParams, JobSpec, RunOptions
from quantum_async.models.target import Target
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program
from quantum_async.scheduler.record import JobRecord
from quantum_async.scheduler.revival import Revival
from quantum_async.scheduler.source import checked_shots, plain_variables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from quantum_async.models.batch import BatchRef
    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.programs.objects import ProgramLike
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
