"""What run and sweep share: reading what is asked for, and running it."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
import sys
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import anyio
import anyio.to_thread

from quantum_async.cli.clients import client_for
from quantum_async.cli.journal import existing, made_ready
from quantum_async.cli.session import leave_at_once, tell
from quantum_async.errors import (
    InvalidInputError,
    InvalidOptionError,
    JournalError,
    ProgramError,
    QuantumAsyncError,
    WaitTimeoutError,
)
from quantum_async.models.advice import Advice
from quantum_async.models.fields import read_field, types_of
from quantum_async.models.grid import Points, grid
from quantum_async.models.options import is_given
from quantum_async.models.program import Program
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.models.sweep import SweepPoint
from quantum_async.models.target import Target
from quantum_async.scheduler import leaving
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from _typeshed import DataclassInstance

    from quantum_async.cli.session import ExitCode
    from quantum_async.display.progress import JobProgress
    from quantum_async.models.grid import Value
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.events import EventStream
    from quantum_async.scheduler.inputs import SweepProgram
    from quantum_async.scheduler.sweep import Sweep


@asynccontextmanager
async def watched(
    scheduler: Scheduler, expected: Mapping[str, int]
) -> AsyncGenerator[JobProgress | None]:
    """Show progress on standard error where that is a terminal; elsewhere there is ``None``.

    Args:
        scheduler: Whose jobs to watch.
        expected: How many jobs each target is going to run.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from quantum_async.display.progress import JobProgress

    with JobProgress(expected) as progress:
        async with anyio.create_task_group() as tasks, scheduler.events() as events:
            tasks.start_soon(_follow, events, progress)
            yield progress
            # What has arrived is still shown: the last jobs may have ended together.
            events.end()


async def _follow(events: EventStream, progress: JobProgress) -> None:
    async for event in events:
        progress.take(event)


_PI = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?\*?pi(?:/(\d+\.?\d*))?")
_DIGITS = 19
"""Digits of a count that are read: with more of them it is too large in any case."""

MOST_POINTS = 1_000_000
"""Points of one command: each is held, shown and written."""

_HOW = (
    "Write name=start:stop:count (both ends included) or name=value,value,...; "
    "a number may contain pi, as in 3pi/2."
)


def parse_points(texts: Sequence[str]) -> Points:
    """Read a grid: every combination of the values of each ``--param``.

    Args:
        texts: Such as ``omega=1:10:21`` or ``x=0.1,0.2``; the last one varies fastest.

    Raises:
        InvalidInputError: A text is not of this form, a parameter comes twice, or there are more
            than a million points.
    """
    axes: dict[str, list[Value]] = {}
    points = 1
    for text in texts:
        name, written = _split(text)
        if name in axes:
            raise InvalidOptionError(
                f"--param {name} is given twice",
                remedy=f"Put all its values into one: --param {name}=0.1,0.2.",
            )
        is_span = written.count(":") == 2
        points *= _count(text, written) if is_span else 1
        if points <= MOST_POINTS:
            axes[name] = _span(text, written) if is_span else _listed(text, written)
            points *= 1 if is_span else len(axes[name])
        if points > MOST_POINTS:
            raise InvalidOptionError(
                f"{points:.7g} points, and a sweep on the command line has at most {MOST_POINTS}",
                remedy="Ask for fewer values, or split the sweep into several commands.",
            )
    return grid(**axes)


def parse_values(texts: Sequence[str]) -> dict[str, Value]:
    """Read one value per ``--param``.

    Args:
        texts: Such as ``omega=6.28`` or ``angles=[0.1,0.2]``.

    Raises:
        InvalidOptionError: A text is not of this form.
    """
    values: dict[str, Value] = {}
    for text in texts:
        name, written = _split(text)
        found = _listed(text, written)
        if len(found) != 1:
            raise InvalidOptionError(
                f"--param {text} gives {len(found)} values where one is run",
                remedy="Use quantum-async sweep for several values, or [..] for an array.",
            )
        values[name] = found[0]
    return values


def parse_options(texts: Sequence[str], client: ProviderClient, given: RunOptions) -> RunOptions:
    """Read an option of a provider per ``--option``.

    Args:
        texts: Such as ``transpile=true`` or ``tags=a,b``; JSON where a word does not say it.
        client: Whose options they are.
        given: What other flags say.

    Raises:
        InvalidOptionError: There is no such option, or it has a value that it cannot have.
    """
    if not texts:
        return given
    kind = client.options_class
    known = [item.name for item in fields(kind) if item.init]
    has = f"Options of {client.provider}: {', '.join(known)}."
    said = (item.name for item in fields(given) if is_given(given, item.name))
    values: dict[str, Any] = {name: getattr(given, name) for name in said}
    for text in texts:
        name, equals, written = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not equals or not name:
            what, remedy = f"--option {text!r} is not KEY=VALUE", f"Write --option KEY=VALUE. {has}"
        elif name not in known:
            what, remedy = f"{client.provider} has no option {name!r}", has
        elif name in values:
            what, remedy = f"the option {name} is given twice", "Give it once."
        else:
            try:
                values[name] = read_field(kind, name, _document(kind, name, written))
                continue
            except InvalidOptionError as error:
                what, remedy = f"--option {error}", f"{error.remedy or ''} {has}".strip()
        raise InvalidOptionError(what, provider=client.provider, remedy=remedy)
    try:
        return kind(**values)
    except InvalidOptionError as error:
        raise error.concerning(provider=client.provider) from None


def _document(kind: type[DataclassInstance], name: str, written: str) -> str:
    """Take a file's text where an option is a document, which is too long for a command line."""
    is_document = any(
        getattr(part, "_is_protocol", False) for part in get_args(types_of(kind)[name])
    )
    if not is_document or written.startswith("{"):
        return written
    try:
        return Path(written).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise InvalidOptionError(
            f"{name}: {written!r} cannot be read: {why}",
            remedy="Give the name of a file with the JSON, or the JSON itself.",
        ) from None


def _split(text: str) -> tuple[str, str]:
    name, equals, written = text.partition("=")
    if not equals or not name.strip() or not written.strip():
        raise InvalidOptionError(f"--param {text!r} is not name=values", remedy=_HOW)
    return name.strip(), written.strip()


def _count(text: str, written: str) -> int:
    word = written.rpartition(":")[2].strip()
    if not word.isascii() or not word.isdigit() or not int(word[:_DIGITS]):
        raise InvalidOptionError(f"--param {text}: {word!r} is not a count", remedy=_HOW)
    return int(word[:_DIGITS])


def _span(text: str, written: str) -> list[Value]:
    start, stop, _ = written.split(":")
    low, high, number = _number(text, start), _number(text, stop), _count(text, written)
    if number == 1:
        return [low]
    if isinstance(low, int) and isinstance(high, int) and (high - low) % (number - 1) == 0:
        # Whole numbers stay whole: Pulser takes durations as integers only.
        return [low + (high - low) // (number - 1) * i for i in range(number)]
    try:
        # The last one as it was written: rounding must not miss it.
        span = [*(low + (high - low) * i / (number - 1) for i in range(number - 1)), float(high)]
    except OverflowError:
        span = [math.inf]
    if not all(map(math.isfinite, span)):
        raise InvalidOptionError(f"--param {text}: too large a span", remedy=_HOW)
    return list(span)


def _listed(text: str, written: str) -> list[Value]:
    if "[" in written or "{" in written or '"' in written:
        try:
            found: list[Value] = json.loads(f"[{written}]")
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", error)
            raise InvalidOptionError(f"--param {text}: {why}", remedy=_HOW) from None
        return found
    return [_number(text, word) for word in written.split(",")]


def _number(text: str, word: str) -> int | float:
    word = word.strip()
    for kind in (int, float):
        try:
            value = kind(word)
            if math.isfinite(value):
                return value
        except (ValueError, OverflowError):
            continue
    match = _PI.fullmatch(word)
    if match is None:
        raise InvalidOptionError(f"--param {text}: {word!r} is not a number", remedy=_HOW)
    sign, factor, divisor = match.groups()
    try:
        value = float(factor or 1) * math.pi / float(divisor or 1)
    except ZeroDivisionError:
        value = math.inf
    if not math.isfinite(value):
        raise InvalidOptionError(f"--param {text}: {word!r} is not finite", remedy=_HOW)
    return -value if sign == "-" else value


@dataclass(slots=True)
class Candidate:
    """A file that is to be run.

    Args:
        path: The file.
        program: What it holds, once it is read.
        device: Where it is going to run.
        refusal: Why it cannot run, or ``None``.
    """

    path: Path
    program: Program | None = None
    device: str = ""
    refusal: InvalidInputError | None = None


def load(path: Path) -> Program:
    """Read a program file.

    Raises:
        ProgramError: There is no such file, or it is no program.
    """
    try:
        return Program.load(path)
    except OSError as error:
        raise ProgramError(
            f"{path}: {error.strerror or error}", remedy="Name a readable program file."
        ) from error


async def check(
    candidates: Sequence[Candidate],
    client: ProviderClient,
    device: str,
    *,
    shots: int,
    variables: Mapping[str, Value],
    options: RunOptions,
) -> None:
    """Read and validate every file, and note what speaks against it; nothing is submitted.

    Args:
        candidates: The files.
        client: An open client.
        device: The device's name; empty where each program decides.
        shots: Shots of each job.
        variables: Values of the programs' parameters.
        options: Seed and observables.
    """

    async def examine(candidate: Candidate) -> None:
        try:
            program = await anyio.to_thread.run_sync(load, candidate.path)
            candidate.program = program
            candidate.device = device or client.default_device(program)
            own = client.options_of(options)
            spec = JobSpec(uuid.uuid4().hex, program, shots, variables, own)
            await client.validate(spec, candidate.device)
        except InvalidInputError as refusal:
            if str(candidate.path) not in str(refusal):
                said = refusal.args[0] if refusal.args else ""
                parts = said.parts if isinstance(said, Advice) else (str(said),)
                refusal.args = (Advice(f"{candidate.path}: ", *parts),)
            candidate.refusal = refusal

    async with anyio.create_task_group() as tasks:
        for candidate in candidates:
            tasks.start_soon(examine, candidate)


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
