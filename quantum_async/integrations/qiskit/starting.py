"""Starting all orders of a primitive's job, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import anyio.to_thread

from quantum_async.integrations.qiskit.runs import Piece, check, places, start
from quantum_async.models.capabilities import Binding
from quantum_async.programs.objects import as_program
from quantum_async.programs.parameters import bound_circuit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.integrations.qiskit.async_backend import AsyncBackend
    from quantum_async.integrations.qiskit.orders import Order
    from quantum_async.integrations.qiskit.runs import SweepRun
    from quantum_async.models.capabilities import Capabilities
    from quantum_async.models.grid import Points


async def started(
    backend: AsyncBackend, orders: Iterable[Order], name: str | None
) -> list[tuple[Order, SweepRun]]:
    """Start orders, once every piece of each is known to be fit.

    Args:
        backend: Where.
        orders: What.
        name: What they are called in a journal.

    Raises:
        InvalidInputError: A piece cannot run; nothing was sent.
    """
    scheduler, on = backend.source.scheduler, backend.machine.on
    client = backend.source.client
    prepared: list[tuple[Order, Sequence[Piece], Points, str | None]] = []
    for number, order in enumerate(orders, 1):
        await check(client, backend.machine.name, order.pieces, order.shots, order.options)
        pieces = await anyio.to_thread.run_sync(_fewest, order.pieces, client.capabilities)
        own = None if name is None else f"{name}.{number}"
        points = await anyio.to_thread.run_sync(places, pieces, own)
        prepared.append((order, pieces, points, own))
    return [
        (
            order,
            start(scheduler, on, pieces, order.shots, order.options, points=points, name=own),
        )
        for order, pieces, points, own in prepared
    ]


def _fewest(pieces: Sequence[Piece], capabilities: Capabilities) -> Sequence[Piece]:
    """Make of pieces what becomes the fewest jobs.

    A provider that binds parameters takes the points of one program as one job. Points of several
    programs would be as many jobs, and are one where they come bound.
    """
    is_one_job = capabilities.jobs_per_submission > 1
    programs = {id(piece.program) for piece in pieces}
    if capabilities.binding is Binding.CLIENT or not is_one_job or len(programs) == 1:
        return pieces
    return [_bound(piece) for piece in pieces]


def _bound(piece: Piece) -> Piece:
    if not piece.values:
        return piece
    circuit = cast("QuantumCircuit", piece.program.live)
    return Piece(as_program(bound_circuit(circuit, piece.values)))
