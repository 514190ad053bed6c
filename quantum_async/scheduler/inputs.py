"""What a scheduler is given: settings, the target of a job, and where the programs of a sweep come from."""

from __future__ import annotations

import hashlib
import inspect
import operator
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anyio.to_thread

from quantum_async.errors import (
    ConfigurationError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    ProgramError,
    QuantumAsyncError,
    UnknownTargetError,
)
from quantum_async.journal.base import Journal
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.grid import as_points, plain_value
from quantum_async.models.program import Program
from quantum_async.models.target import Target
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program
from quantum_async.providers.base import ProviderClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantum_async.models.grid import Points, Value
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.scheduler.lane import Lane

    Bound: TypeAlias = tuple[ProgramLike, Mapping[str, object]]

    """A program, and values of its parameters."""

    SweepProgram: TypeAlias = ProgramLike | Callable[..., ProgramLike | Bound]

    """A parametrised program, or a function from parameters to a program, or to a bound one."""

    Taken: TypeAlias = tuple[Program, Mapping[str, Value]]

    Made: TypeAlias = Taken | QuantumAsyncError


def check_clients(clients: Sequence[object]) -> None:
    """Refuse what is no client.

    Args:
        clients: What a scheduler was given to run jobs on.

    Raises:
        ConfigurationError: With what to write instead.
    """
    for client in clients:
        if not isinstance(client, ProviderClient):
            raise ConfigurationError(
                f"a scheduler runs jobs on clients, got {_described(client)}",
                remedy=_instead(client),
            )


def _described(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"{value!r:.100}, which is a {type(value).__name__}"


def _instead(value: object) -> str:
    if isinstance(value, type):
        return f"Make one: Scheduler({value.__name__}(...))."
    if isinstance(value, (list, tuple)):
        return "Pass them one by one: Scheduler(*clients)."
    module = type(value).__module__
    if module.startswith("quantum_async.blocking"):
        return "Use the classes of quantum_async.blocking together, or those of quantum_async."
    return "For the embedded simulator write Scheduler(LocalClient())."


def check_kind(name: str, setting: object, kind: type, remedy: str) -> None:
    """Refuse a setting of another kind, also where each client has one of its own.

    Args:
        name: What it is called.
        setting: What was given: one, a mapping with those of some clients, or ``None``.
        kind: What it has to be.
        remedy: What to write.

    Raises:
        InvalidOptionError: It is of another kind.
    """
    for one in setting.values() if isinstance(setting, Mapping) else [setting]:
        if one is not None and not isinstance(one, kind):
            raise InvalidOptionError(f"{name} cannot be {one!r:.100}", remedy=remedy)


def check_journal(journal: object) -> None:
    """Refuse what no journal can be kept in.

    Args:
        journal: A file, a URL, a journal, or ``None``.

    Raises:
        InvalidOptionError: It is none of them.
    """
    if journal == "" or not isinstance(journal, (str, Path, Journal, type(None))):
        raise InvalidOptionError(
            f"a journal is a file or a URL, got {journal!r:.100}",
            remedy='Write journal="jobs.db", or leave it out to keep nothing.',
        )


def check_word(name: str, word: object, words: Sequence[str]) -> None:
    """Refuse a word that is not one of some.

    Args:
        name: Whose value it is.
        word: What was given.
        words: What can be given.

    Raises:
        InvalidOptionError: With what can be given.
    """
    if not isinstance(word, str) or word not in words:
        raise InvalidOptionError(
            f"{name} cannot be {word!r:.100}",
            remedy=f"Write {' or '.join(f'{name}={one!r}' for one in words)}.",
        )


def check_name(name: object) -> None:
    """Refuse what no sweep can be called.

    Args:
        name: A text, or ``None``.

    Raises:
        InvalidOptionError: It is neither, or is empty.
    """
    if name is not None and not (isinstance(name, str) and name):
        raise InvalidOptionError(
            f"a sweep cannot be called {name!r:.100}", remedy='Write name="scan", for example.'
        )


def check_event(event: object) -> None:
    """Refuse what nobody could wait for.

    Args:
        event: What cancels jobs once it is set, or ``None``.

    Raises:
        InvalidOptionError: It is no event of a thread or of an event loop.
    """
    if event is None or isinstance(event, threading.Event):
        return
    if not inspect.iscoroutinefunction(getattr(event, "wait", None)):
        raise InvalidOptionError(
            f"cancel_on is an event, got {event!r:.100}",
            remedy="Pass an anyio.Event or a threading.Event.",
        )


def check_names(setting: str, given: object, clients: Sequence[ProviderClient]) -> None:
    """Refuse a setting by clients that names none of them.

    Args:
        setting: What it is called.
        given: The setting.
        clients: The scheduler's clients.

    Raises:
        InvalidOptionError: With the names that there are.
    """
    names = [client.name for client in clients]
    unknown = [name for name in given if name not in names] if isinstance(given, Mapping) else []
    if unknown:
        raise InvalidOptionError(
            f"{setting} names {unknown[0]!r:.100}, and no client here is called that",
            remedy=f"The clients here: {', '.join(names)}.",
        )


def the_client(
    clients: Sequence[ProviderClient], *, name: str = "", provider: str = "", remedy: str
) -> ProviderClient:
    """Find the one client of a scheduler that an adapter is to use.

    Args:
        clients: The scheduler's clients.
        name: What it is called, where that was said.
        provider: Registry name of its provider, where only one will do.
        remedy: How to say which one is meant.

    Raises:
        ConfigurationError: There is none, or there are several.
    """
    found = [c for c in clients if name in {"", c.name} and provider in {"", c.provider}]
    if len(found) == 1:
        return found[0]
    wanted = f"{f' of {provider}' if provider else ''}{f' called {name!r}' if name else ''}"
    names = ", ".join(client.name for client in clients)
    raise ConfigurationError(
        f"one client{wanted} is needed, and there are {len(found)} among: {names}",
        provider=provider or None,
        remedy=f"{remedy}; the clients here: {names}.",
    )


def refuse_beside_scheduler(**settings: object) -> None:
    """Refuse settings that a scheduler has itself, which an adapter would have to drop.

    Args:
        settings: What was given beside a scheduler, by name; ``None`` where nothing was.

    Raises:
        ConfigurationError: Something was given.
    """
    if given := [name for name, value in settings.items() if value is not None]:
        raise ConfigurationError(
            f"{given[0]}= was given beside a scheduler, which has its own",
            remedy="Give it to the scheduler.",
        )


class Router:
    """Find the lane and device of a target.

    Args:
        lanes: The scheduler's lanes, one per client.

    Raises:
        ConfigurationError: There is none, or two are called the same.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        if not lanes:
            raise ConfigurationError(
                "a scheduler needs at least one client",
                remedy="For the embedded simulator write Scheduler(LocalClient()).",
            )
        self._lanes = {lane.client.name: lane for lane in lanes}
        if len(self._lanes) < len(lanes):
            names = [lane.client.name for lane in lanes]
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigurationError(
                f"two clients are called {twice!r}: a target would name both",
                remedy=f'Give one a name of its own, such as name="{twice}2", and write '
                f'on="{twice}2:device" for what it is to run.',
            )

    def route(self, on: str | None, program: Program | None) -> tuple[Lane, str]:
        """Return the lane and the device's name; empty where the program is to decide later.

        Args:
            on: A target such as ``"pasqal:FRESNEL"``, or ``None`` where one client leaves no doubt.
            program: What is going to run; it decides the device where the target names none.

        Raises:
            UnknownTargetError: No client fits, or several do.
        """
        target = Target.parse(on) if on is not None else Target(self._only())
        lane = self._lanes.get(target.provider)
        if lane is None:
            raise UnknownTargetError(
                f"{on!r} names no client of this scheduler",
                remedy=f"Write provider:device; the providers here: {', '.join(self._lanes)}.",
            )
        if target.device:
            return lane, target.device
        return lane, lane.client.default_device(program) if program is not None else ""

    def _only(self) -> str:
        if len(self._lanes) > 1:
            raise UnknownTargetError(
                "this scheduler has several clients, so on= must name one",
                remedy=Advice(
                    "Write ",
                    Setting("on", "provider:device"),
                    f"; providers here: {', '.join(self._lanes)}.",
                ),
            )
        return next(iter(self._lanes))


_LONGEST = 300
"""Characters of what was given that an error quotes."""


class ProgramSource:
    """Give each point of a sweep its program and the values that remain to be bound.

    A function is called in a worker thread, one point at a time, so that building programs does
    not hold up the event loop.

    Args:
        program: The program, or a function from parameters to a program.
        points: The sweep's points, or a list with a mapping for each.

    Raises:
        InvalidInputError: The points are none, or the program is of no use.
    """

    def __init__(
        self, program: SweepProgram, points: Points | Sequence[Mapping[str, object]]
    ) -> None:
        self.points: Points = as_points(points)
        self._function: Callable[..., object] | None = None
        self._program: Program | None = None
        if callable(program) and not isinstance(program, Program):
            self._function = program
            self._takes_mapping = _takes_mapping(program, self.points)
        else:
            self._program = as_program(program)

    @property
    def shared(self) -> Program | None:
        """The program of every point, or ``None`` where each has its own."""
        return self._program

    async def identities(self) -> tuple[str, str]:
        """Return what stands for the program in a journal, and what did before, in hexadecimal.

        A function counts as the same while it has the same name and makes the same program of the
        first point.

        Returns:
            A SHA-256 that is the same for a program that is made anew, and that of its bytes.

        Raises:
            ProgramError: The function failed, with its own exception as the cause.
        """
        return await anyio.to_thread.run_sync(self._identities)

    def _identities(self) -> tuple[str, str]:
        if self._program is not None:
            return program_identity(self._program), self._program.digest
        first = self._build(0)[0]
        name = getattr(self._function, "__qualname__", type(self._function).__qualname__)
        meaning, written = (
            hashlib.sha256(f"{name}\0{made}".encode()).hexdigest()
            for made in (program_identity(first), first.digest)
        )
        return meaning, written

    async def take(self, indices: Sequence[int]) -> list[Made]:
        """Make the programs of some points.

        Args:
            indices: The points' places.

        Returns:
            Per point its program and the values that remain to be bound, or the error of the
            function, with its own exception as the cause.
        """
        if self._program is not None:
            return [(self._program, self.points[index]) for index in indices]
        return await anyio.to_thread.run_sync(lambda: [self._try(index) for index in indices])

    def _try(self, index: int) -> Made:
        try:
            return self._build(index)
        except QuantumAsyncError as error:
            return error

    def _build(self, index: int) -> Taken:
        assert self._function is not None
        point = self.points[index]
        try:
            built = self._function(point) if self._takes_mapping else self._function(**point)
        except QuantumAsyncError:
            raise
        except Exception as error:
            raise ProgramError(
                f"the program function failed at point {index}: {error!r}",
                remedy=f"It was called with {dict(point)}.",
            ) from error
        if isinstance(built, tuple):
            # Points that share a program let the provider bind them, and read it only once.
            program, values = built
            return as_program(program), plain_variables(values)
        return as_program(built), {}


def _takes_mapping(function: Callable[..., object], points: Points) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(**dict.fromkeys(points.axes))
    except TypeError:
        return _binds_one(signature)
    return False


def _binds_one(signature: inspect.Signature) -> bool:
    try:
        signature.bind({})
    except TypeError:
        return False
    return True


def plain_variables(variables: object) -> Mapping[str, Value]:
    """Turn the values of a job's parameters into plain Python.

    Raises:
        InvalidInputError: They are no mapping from names, or a value is not a number, word, array
            or mapping.
    """
    if variables is None:
        return {}
    if not isinstance(variables, Mapping) or not all(isinstance(name, str) for name in variables):
        raise InvalidInputError(
            f"variables are a mapping from names to values, got {variables!r}"[:_LONGEST],
            remedy=Advice("Write ", Setting("variables", {"theta": 0.5}), "."),
        )
    return {name: plain_value(name, value) for name, value in variables.items()}


async def in_thread(program: ProgramLike) -> Program:
    """Turn what can be run into a program, off the event loop."""
    if isinstance(program, Program):
        return program
    return await anyio.to_thread.run_sync(as_program, program)


def checked_shots(shots: object) -> int:
    """Turn a number of shots into plain Python.

    Raises:
        InvalidShotsError: It is no positive whole number.
    """
    try:
        number = operator.index(shots)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number <= 0 or isinstance(shots, bool):
        raise InvalidShotsError(
            f"shots must be a positive whole number, got {shots!r}",
            remedy=Advice("Pass ", Setting("shots", 1000), ", for example."),
        )
    return number
