"""Where the programs of a sweep come from: one for all points, or a function that makes each."""

from __future__ import annotations

import hashlib
import inspect
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import anyio.to_thread

from quantum_async.errors import (
    InvalidInputError,
    InvalidShotsError,
    ProgramError,
    QuantumAsyncError,
)
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.grid import as_points, plain_value
from quantum_async.models.program import Program
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantum_async.models.grid import Points, Value
    from quantum_async.programs.objects import ProgramLike

    Bound: TypeAlias = tuple[ProgramLike, Mapping[str, object]]
    """A program, and values of its parameters."""
    SweepProgram: TypeAlias = ProgramLike | Callable[..., ProgramLike | Bound]
    """A parametrised program, or a function from parameters to a program, or to a bound one."""
    Taken: TypeAlias = tuple[Program, Mapping[str, Value]]
    Made: TypeAlias = Taken | QuantumAsyncError

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
