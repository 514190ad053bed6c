"""Orders: pieces of several PUBs, put together so that they become the fewest jobs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import anyio.to_thread

from quantum_async.integrations.qiskit.runs import SweepRun
from quantum_async.models.capabilities import Binding
from quantum_async.models.grid import zip_points
from quantum_async.models.submission import JobSpec
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program
from quantum_async.programs.parameters import bound_circuit
from quantum_async.scheduler.source import checked_shots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit
    from qiskit.primitives.containers.bindings_array import BindingsArray

    from quantum_async.integrations.qiskit.backends import AsyncBackend
    from quantum_async.models.grid import Points
    from quantum_async.models.program import Program
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.sweep import Sweep

    Place = tuple[int, int, int]
    """Which PUB, which of its circuits, and which point."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One circuit at one point.

    Args:
        program: The circuit; pieces that differ in their values alone share it.
        values: Values of its parameters.
    """

    program: Program
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Order:
    """What goes to the provider as one sweep: pieces of equal shots and options.

    Args:
        shots: Shots of each piece.
        options: Their options.
        pieces: The pieces.
        places: Where the outcome of each piece belongs.
    """

    shots: int
    options: RunOptions
    pieces: list[Piece] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    async def check(self, client: ProviderClient, device: str) -> None:
        """Refuse all of it where one piece cannot run; sends nothing.

        Raises:
            InvalidInputError: With the reason and the remedy.
        """
        checked_shots(self.shots)
        options = client.options_of(self.options)
        for piece in {id(piece.program): piece for piece in self.pieces}.values():
            values = {name: float(value) for name, value in piece.values.items()}
            await client.validate(JobSpec("", piece.program, self.shots, values, options), device)

    def points(self, client: ProviderClient, name: str | None) -> Points:
        """Make of the pieces what becomes the fewest jobs, and of those the points of a sweep.

        A provider that binds parameters takes the points of one program as one job. Points of
        several programs would be as many jobs, and are one where they come bound.

        Args:
            client: The provider's client.
            name: What they are called in a journal; only the same circuits continue them there.
        """
        can = client.capabilities
        programs = {id(piece.program): piece.program for piece in self.pieces}
        if can.binding is not Binding.CLIENT and can.jobs_per_submission > 1 and len(programs) > 1:
            self.pieces = [_bound(piece) for piece in self.pieces]
            programs = {id(piece.program): piece.program for piece in self.pieces}
        places = range(len(self.pieces))
        if name is None:
            return zip_points(place=places)
        known = {place: program_identity(program) for place, program in programs.items()}
        meanings = [_digest(known[id(piece.program)], piece.values) for piece in self.pieces]
        return zip_points(place=places, circuit=meanings)

    def program(self, place: int, **_: object) -> tuple[Program, Mapping[str, float]]:
        """Give what runs at a point."""
        return self.pieces[place].program, self.pieces[place].values


class Orders(dict[tuple[int, "RunOptions"], Order]):
    """Pieces sorted into orders, by their shots and options."""

    def add(self, place: Place, piece: Piece, shots: int, options: RunOptions) -> None:
        """Add a piece.

        Args:
            place: Where its outcome belongs.
            piece: The piece.
            shots: Its shots.
            options: Its options.
        """
        order = self.setdefault((shots, options), Order(shots, options))
        order.pieces.append(piece)
        order.places.append(place)


def points_of(values: BindingsArray, names: Sequence[str]) -> list[dict[str, float]]:
    """Write an array of parameter values out, point by point in C order.

    Args:
        values: The array.
        names: Which parameters are left in the circuit; a transpiler may find some without effect.
    """
    flat = values.ravel()
    columns = {
        name: column
        for group, array in flat.data.items()
        for name, column in zip(group, array.reshape(flat.size, len(group)).T.tolist(), strict=True)
        if name in names
    }
    return [{name: column[point] for name, column in columns.items()} for point in range(flat.size)]


async def started(
    backend: AsyncBackend, orders: Orders, name: str | None
) -> list[tuple[Order, SweepRun]]:
    """Start orders, once every piece of each is known to be fit.

    Args:
        backend: Where.
        orders: What.
        name: What they are called in a journal.

    Raises:
        InvalidInputError: A piece cannot run; nothing was sent.
    """
    scheduler, client = backend.source.scheduler, backend.source.client
    prepared: list[tuple[Order, Points, str | None]] = []
    for number, order in enumerate(orders.values(), 1):
        await order.check(client, backend.machine.name)
        own = None if name is None else f"{name}.{number}"
        points = await anyio.to_thread.run_sync(order.points, client, own)
        prepared.append((order, points, own))

    def start(order: Order, points: Points, name: str | None) -> Sweep:
        on, shots, options = backend.machine.on, order.shots, order.options
        return scheduler.sweep(
            order.program,
            points,
            shots=shots,
            on=on,
            name=name,
            on_error="collect",
            options=options,
        )

    return [(order, SweepRun(start(order, points, own))) for order, points, own in prepared]


def _bound(piece: Piece) -> Piece:
    if not piece.values:
        return piece
    circuit = cast("QuantumCircuit", piece.program.live)
    return Piece(as_program(bound_circuit(circuit, piece.values)))


def _digest(meaning: str, values: Mapping[str, float]) -> str:
    text = json.dumps([meaning, {name: float(value) for name, value in values.items()}])
    return hashlib.sha256(text.encode()).hexdigest()
