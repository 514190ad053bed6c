"""Runs: circuits at the provider as one piece of work, submitted here or found again."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import anyio

from quantum_async.errors import JobCancelledError, QuantumAsyncError
from quantum_async.models.grid import zip_points
from quantum_async.models.submission import JobSpec
from quantum_async.programs.identity import program_identity
from quantum_async.scheduler.source import checked_shots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from quantum_async.models.grid import Points
    from quantum_async.models.job import JobRef, JobStatus
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import Sweep

    Outcome = Result | BaseException


@dataclass(frozen=True, slots=True)
class Piece:
    """One circuit at one point.

    Args:
        program: The circuit; pieces that differ in their values alone share it.
        values: Values of its parameters.
    """

    program: Program
    values: Mapping[str, float] = field(default_factory=dict)


class Run(Protocol):
    """Circuits that run as one piece of work."""

    def __len__(self) -> int: ...

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        ...

    @property
    def scheduler(self) -> Scheduler:
        """What follows it."""
        ...

    async def refs(self) -> Sequence[JobRef | None]:
        """Wait until the provider has accepted the circuits, and name their jobs."""
        ...

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask where the circuits stand."""
        ...

    def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        ...

    async def cancel(self) -> None:
        """Cancel what has not finished."""
        ...


class SweepRun:
    """Circuits that were submitted here.

    Args:
        scheduler: What runs them.
        sweep: What it made of them.
    """

    def __init__(self, scheduler: Scheduler, sweep: Sweep) -> None:
        self.scheduler: Scheduler = scheduler
        self._sweep = sweep

    def __len__(self) -> int:
        return len(self._sweep)

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        return self._sweep.done == len(self)

    async def refs(self) -> Sequence[JobRef | None]:
        """Wait until the provider has accepted the circuits, and name their jobs."""
        return await self._sweep.refs()

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask where the circuits stand."""
        statuses = await self._sweep.statuses()
        if self.is_over:
            # Who was told how a job ended has looked at its error.
            await self._sweep.results()
        return statuses

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        async for point in self._sweep:
            outcome = point.error if point.error is not None else point.result
            assert outcome is not None
            yield point.index, outcome

    async def cancel(self) -> None:
        """Cancel what has not finished."""
        await self._sweep.cancel()


class FoundRun:
    """Circuits that were found again by the ids of their jobs.

    One circuit of each of the provider's jobs is followed: where it ends, all of them do.

    Args:
        scheduler: What follows them.
        client: The provider's client.
        groups: For each of the provider's jobs the circuit that is followed, and all of them.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        client: ProviderClient,
        groups: Sequence[tuple[Job, Sequence[JobRef]]],
    ) -> None:
        self.scheduler: Scheduler = scheduler
        self._client = client
        self._groups = groups

    def __len__(self) -> int:
        return sum(len(refs) for _, refs in self._groups)

    @property
    def is_over(self) -> bool:
        """Whether every job has its outcome; sends nothing."""
        return all(job.is_settled for job, _ in self._groups)

    async def refs(self) -> Sequence[JobRef | None]:
        """Name the jobs."""
        return [ref for _, refs in self._groups for ref in refs]

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask where the circuits stand, once for those that share a job."""
        return [status for job, refs in self._groups for status in [await job.status()] * len(refs)]

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in order."""
        start = 0
        for job, refs in self._groups:
            first = await _outcome(job)
            known: Mapping[JobRef, Outcome] = {}
            if len(refs) > 1 and not isinstance(first, BaseException):
                # One by one, a failure is told to the circuit that it concerns.
                with suppress(QuantumAsyncError):
                    known = await self._client.fetch_many(refs)
            for place, ref in enumerate(refs):
                yield start + place, known.get(ref) or await self._one(ref, place, first)
            start += len(refs)

    async def cancel(self) -> None:
        """Cancel what has not finished; a job that cannot be cancelled holds up no other."""
        failures: list[QuantumAsyncError] = []

        async def cancel(job: Job) -> None:
            try:
                await job.cancel()
            except QuantumAsyncError as error:
                failures.append(error)

        async with anyio.create_task_group() as tasks:
            for job, _ in self._groups:
                if not job.is_settled:
                    tasks.start_soon(cancel, job)
        if failures:
            raise failures[0]

    async def let_go(self) -> None:
        """Leave the jobs to themselves: whoever only looks at a job does not own it."""
        for job, _ in self._groups:
            if job.is_settled:
                await _outcome(job)
            else:
                job.detach()

    async def _one(self, ref: JobRef, place: int, first: Outcome) -> Outcome:
        if place == 0 or isinstance(first, BaseException):
            return first
        try:
            return await self._client.fetch(ref)
        except QuantumAsyncError as error:
            return error


async def check(
    client: ProviderClient, device: str, pieces: Sequence[Piece], shots: int, options: RunOptions
) -> None:
    """Refuse circuits of which one cannot run, before any of them is sent.

    Args:
        client: The provider's client.
        device: The device's name.
        pieces: The circuits.
        shots: Shots of each.
        options: Their options.

    Raises:
        InvalidInputError: With the reason and the remedy.
    """
    checked_shots(shots)
    programs = {id(piece.program): piece for piece in pieces}
    options = client.options_of(options)
    for piece in programs.values():
        values = {name: float(value) for name, value in piece.values.items()}
        await client.validate(JobSpec("", piece.program, shots, values, options), device)


def places(pieces: Sequence[Piece], name: str | None) -> Points:
    """Make the points of a sweep of circuits; takes a while where they have a name.

    Args:
        pieces: The circuits.
        name: What they are called in a journal; only the same circuits continue them there.
    """
    if name is None:
        return zip_points(place=range(len(pieces)))
    programs = {id(piece.program): piece.program for piece in pieces}
    meanings = {known: program_identity(program) for known, program in programs.items()}
    return zip_points(
        place=range(len(pieces)),
        circuit=[_digest(meanings[id(piece.program)], piece.values) for piece in pieces],
    )


def start(
    scheduler: Scheduler,
    on: str,
    pieces: Sequence[Piece],
    shots: int,
    options: RunOptions,
    *,
    points: Points,
    name: str | None,
) -> SweepRun:
    """Start circuits as one sweep.

    Args:
        scheduler: What runs them.
        on: The target, ``provider:device``.
        pieces: The circuits.
        shots: Shots of each.
        options: Their options.
        points: What `places` makes of the circuits.
        name: What they are called in a journal.
    """

    def taken(place: int, **_: object) -> tuple[Program, Mapping[str, float]]:
        return pieces[place].program, pieces[place].values

    sweep = scheduler.sweep(
        taken, points, shots=shots, on=on, options=options, on_error="collect", name=name
    )
    return SweepRun(scheduler, sweep)


async def accepted(run: Run, grace: float, *, is_named: bool = False) -> list[JobRef]:
    """Wait until the provider has all circuits of a run; otherwise it keeps none of them.

    Args:
        run: The run.
        grace: Longest time in seconds for cancelling.
        is_named: Whether a journal leads back to its circuits, so that they may stay where only
            the caller is cancelled.

    Raises:
        QuantumAsyncError: One was not accepted; the others were cancelled.
    """
    try:
        refs = await run.refs()
    except BaseException as error:
        for note in () if is_named else await _withdrawn(run, grace):
            error.add_note(note)
        raise
    taken = [ref for ref in refs if ref is not None]
    if len(taken) == len(refs):
        return taken
    notes = await _withdrawn(run, grace)
    refusal = await _refusal(run, refs)
    for note in notes:
        refusal.add_note(note)
    raise refusal


async def _withdrawn(run: Run, grace: float) -> list[str]:
    """Cancel circuits whose ids nobody is going to get, also while the caller is cancelled.

    Returns:
        Notes on what could not be cancelled: it must not take the place of the reason.
    """
    with anyio.move_on_after(grace, shield=True) as scope:
        try:
            await run.cancel()
        except QuantumAsyncError as failure:
            return [f"Cancelling the other circuits failed: {failure}"]
    if scope.cancelled_caught:
        return [f"Cancelling the other circuits took more than {grace:g} s; they may run."]
    return []


async def _refusal(run: Run, refs: Sequence[JobRef | None]) -> BaseException:
    outcomes = {index: outcome async for index, outcome in run.finished()}
    errors = [
        outcome
        for index, outcome in sorted(outcomes.items())
        if refs[index] is None and isinstance(outcome, BaseException)
    ]
    error = next((e for e in errors if not isinstance(e, JobCancelledError)), errors[0])
    if len(refs) > 1:
        error.add_note(f"{len(errors)} of {len(refs)} circuits were not accepted; none goes on.")
    return error


def _digest(meaning: str, values: Mapping[str, float]) -> str:
    text = json.dumps([meaning, {name: float(value) for name, value in values.items()}])
    return hashlib.sha256(text.encode()).hexdigest()


async def _outcome(job: Job) -> Outcome:
    try:
        return await job.result()
    except QuantumAsyncError as error:
        return error
