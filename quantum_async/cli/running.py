"""What ``run`` and ``sweep`` have in common: points on a scheduler, in a journal, to their end."""

from __future__ import annotations

import hashlib
import logging
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import anyio

from quantum_async.cli.clients import client_for
from quantum_async.cli.journal import existing, made_ready
from quantum_async.cli.session import leave_at_once
from quantum_async.cli.telling import tell
from quantum_async.cli.values import parse_options
from quantum_async.cli.watching import watched
from quantum_async.errors import (
    InvalidOptionError,
    JournalError,
    QuantumAsyncError,
    WaitTimeoutError,
)
from quantum_async.models.submission import RunOptions
from quantum_async.models.sweep import SweepPoint
from quantum_async.models.target import Target
from quantum_async.scheduler import leaving
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from quantum_async.cli.codes import ExitCode
    from quantum_async.models.grid import Points
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.source import SweepProgram
    from quantum_async.scheduler.sweep import Sweep

OnError: TypeAlias = Literal["raise", "collect"]
RESULTS_AT_MOST = 1.0
"""Seconds that the ids of what was cancelled are waited for once all is over."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asks for.

    Args:
        on: The target.
        shots: Shots of each job.
        seed: Makes a simulator repeat itself.
        timeout: Seconds after which unfinished jobs are cancelled.
        observables: Pauli strings to be estimated as well.
        options: Options of the provider, as ``name=value``.
        output: A file to write as well.
        journal: Where jobs are written down: a file or URL.
        no_journal: Write nothing down.
        name: What it is called in the journal.
        detach: Submit, and leave the jobs to themselves.
    """

    on: str
    shots: int
    seed: int | None = None
    timeout: float | None = None
    observables: Sequence[str] = ()
    options: Sequence[str] = ()
    output: Path | None = None
    journal: str | None = None
    no_journal: bool = False
    name: str | None = None
    detach: bool = False


@dataclass(frozen=True)
class Work:
    """Points that are to be measured.

    Args:
        program: The program, or what makes it of a point.
        points: The points.
        called: How its name in the journal begins.
        parts: All that tells it from other work: its name follows from them.
        expected: How many points each target is going to run; by default, all run on one.
    """

    program: SweepProgram
    points: Points
    called: str
    parts: Sequence[str]
    expected: Mapping[str, int] = field(default_factory=dict)


class DeadlineError(WaitTimeoutError):
    """The time that --timeout gives has passed, and unfinished jobs were cancelled."""

    def __init__(self, unfinished: str, seconds: float | None) -> None:
        super().__init__(
            f"{unfinished} had not finished after {seconds:g} s",
            remedy="Give --timeout more seconds, or leave it out.",
        )


class Running:
    """Points on their way through a scheduler.

    Args:
        order: What is asked for.
        size: How many points there are.
        unit: What a point is called.
        on_error: Whether the first failed point ends it, or all are collected.
        begins_anew: Whether one that was finished and shown is measured again.

    Raises:
        QuantumAsyncError: The provider cannot be used, or the flags contradict each other.
    """

    def __init__(
        self, order: Order, size: int, unit: str, *, on_error: OnError, begins_anew: bool
    ) -> None:
        self.order = order
        self.size = size
        self._unit = unit
        client, device = client_for(order.on, seed=order.seed)
        self.client: ProviderClient = client
        self.device: str = device
        is_local = client.provider == "local"
        given = RunOptions(
            seed=None if is_local else order.seed, observables=tuple(order.observables)
        )
        self.options: RunOptions = parse_options(order.options, self.client, given)
        self.points: list[SweepPoint] = []
        self.target: str = order.on
        self.reason: Exception | None = None
        """Why not all points were reached."""
        self.name: str | None = None
        self._on_error: OnError = on_error
        self._begins_anew = begins_anew
        self._found: dict[int, SweepPoint] = {}
        self._sweep: Sweep | None = None
        self._is_over = False
        self._journal = self._place()

    def _place(self) -> str | None:
        """Choose the journal; refuse what cannot be done with it or without one."""
        order, outlives = self.order, self.client.capabilities.outlives
        if order.journal is not None and order.no_journal:
            raise InvalidOptionError(
                "--journal and --no-journal contradict each other", remedy="Give one of them."
            )
        keeps = not order.no_journal and (order.journal is not None or outlives)
        if order.name is not None and not keeps:
            raise InvalidOptionError(
                f"--name {order.name} names nothing: there is no journal",
                remedy="Give --journal FILE, or leave the name out.",
            )
        if order.detach and not outlives:
            raise InvalidOptionError(
                f"--detach: jobs of {self.client.provider} end with this process",
                provider=self.client.provider,
                remedy="Leave --detach out, and wait for them.",
            )
        for flag, value in (("--output", order.output), ("--timeout", order.timeout)):
            if order.detach and value is not None:
                raise InvalidOptionError(
                    f"--detach waits for no result, so {flag} means nothing",
                    remedy=f"Leave one of them out; the same command with {flag} and without "
                    "--detach collects the results.",
                )
        return made_ready(order.journal) if keeps else None

    async def measure(self, prepare: Callable[[], Awaitable[Work]]) -> None:
        """Measure all points, or those that the journal has no outcome of.

        Args:
            prepare: Makes the work, once the client is open.

        Raises:
            QuantumAsyncError: No point could be run.
        """
        with anyio.move_on_after(self.order.timeout) as scope:
            try:
                await self._through(prepare)
            except leaving.Left:
                pass
            except (QuantumAsyncError, ExceptionGroup) as error:
                # What other points have measured is paid for, and is told all the same.
                if not self._found:
                    raise
                self.reason = error
        await self._gather()
        if scope.cancelled_caught:
            unfinished = f"{self.size - len(self._found)} of {self.size} {self._unit}"
            self.reason = DeadlineError(unfinished, self.order.timeout)

    async def _through(self, prepare: Callable[[], Awaitable[Work]]) -> None:
        policy: Literal["detach", "cancel"] = "detach" if self.order.detach else "cancel"
        async with (
            _quiet(self.order.detach),
            Scheduler(self.client, journal=self._journal, on_cancel=policy) as scheduler,
        ):
            work = await prepare()
            self._sweep = sweep = await self._begin(scheduler, work)
            expected = work.expected or {self.target: len(work.points)}
            async with watched(scheduler, expected) as progress:
                async for point in _until_accepted(sweep) if self.order.detach else sweep:
                    self._found[point.index] = point
                    if progress is not None and point.ref is not None:
                        own = str(Target(self.client.name, point.ref.target))
                        progress.settle(own if own in expected else self.target, point)
            if self.order.detach:
                raise leaving.Left

    async def _begin(self, scheduler: Scheduler, work: Work) -> Sweep:
        self.name = self._named(work)
        if self._journal is not None and self.name is not None:
            await self._look_back(self._journal, self.name)
        sweep = scheduler.sweep(
            work.program,
            work.points,
            shots=self.order.shots,
            on=self.order.on,
            name=self.name,
            on_error=self._on_error,
            options=self.options,
        )
        self.target = sweep.target
        return sweep

    async def _look_back(self, place: str, name: str) -> None:
        """Say what the journal has of this work already, and how to begin another."""
        async with existing(place) as journal:
            standing = await journal.read(lambda reader: reader.sweep(name))
        if standing is None or not (standing.done or standing.under_way or standing.is_owned):
            return
        if standing.is_owned:
            raise JournalError(
                f"{name} of the journal {place} is under way in another process",
                accepted="no",
                remedy="Wait for that process or end it, and run this again to continue; --name "
                "NAME begins another one.",
            )
        self._is_over = standing.is_finished and not self._begins_anew
        if self._is_over:
            return
        left = standing.size - standing.done - standing.under_way
        numbers = (
            (standing.done, "measured"),
            (standing.under_way, "under way"),
            (left, "sent now"),
        )
        found = ", ".join(f"{number} {words}" for number, words in numbers if number)
        tell(
            f"continuing {name} of the journal {place}: of {standing.size} {self._unit}, {found}; "
            "--name NAME begins another one"
        )

    def _named(self, work: Work) -> str | None:
        """Name it after all that it runs, so that the same command continues it."""
        if self._journal is None or self.order.name is not None:
            return self.order.name
        parts = [*work.parts, str(self.order.shots), self.order.on, repr(self.options)]
        if self._begins_anew:
            parts += [self.client.identity, str(self.order.seed)]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return f"{work.called}-{digest[:12]}"

    async def _gather(self) -> None:
        if self._sweep is None:
            return
        points = self._sweep.points
        refs: Sequence[JobRef | None] = [None] * len(points)
        with anyio.move_on_after(RESULTS_AT_MOST):
            refs = await self._sweep.refs()
        self.points = [
            self._found.get(index) or SweepPoint(index, points[index], ref=refs[index])
            for index in range(len(points))
        ]

    async def end(self, code: ExitCode) -> ExitCode:
        """Note that its outcome was told, so that the same command measures anew.

        This is the last act of the process: killed before it, it is run again without being paid
        for; killed after it, it would be.

        Args:
            code: How the command ends.
        """
        if self._is_over:
            tell(f"all of it was in the journal {self._journal}; --name NAME measures anew")
        sys.stdout.flush()
        is_kept = self._begins_anew and not self.order.detach
        if self._journal is None or self.name is None or not is_kept:
            return code
        try:
            async with existing(self._journal) as journal:
                await journal.set_aside(self.name)
                if self.client.capabilities.outlives:
                    leave_at_once(code)
        except QuantumAsyncError as error:
            tell(f"the journal could not note that this was shown, so it is shown again: {error}")
        return code

    def tell_what_goes_on(self) -> None:
        """Say where to find what was left running."""
        number = sum(point.ref is not None and point.result is None for point in self.points)
        go_on = "1 job goes on" if number == 1 else f"{number} jobs go on"
        if self._journal is None:
            tell(f"{go_on}, and no journal knows of it: keep the ids")
            return
        flag = f" --journal {self._journal}" if self.order.journal is not None else ""
        tell(
            f"{go_on}: quantum-async jobs list{flag} shows what, the same command without "
            "--detach waits for the results"
        )


@asynccontextmanager
async def _quiet(is_meant: bool) -> AsyncGenerator[None]:
    """Keep what is left running out of the log where somebody asked for just that."""
    log = leaving.logger
    before = log.level
    log.setLevel(logging.ERROR if is_meant else before)
    try:
        yield
    finally:
        log.setLevel(before)


async def _until_accepted(sweep: Sweep) -> AsyncGenerator[SweepPoint]:
    """Wait until every point has been submitted, and yield those that have ended by then."""
    await sweep.refs()
    seen, ended = 0, sweep.done
    if not ended:
        return
    async for point in sweep:
        yield point
        seen += 1
        if seen >= ended:
            return
