"""Starting all orders of a primitive's job, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.integrations.qiskit.runs import check, start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.integrations.qiskit.async_backend import AsyncBackend
    from quantum_async.integrations.qiskit.orders import Order
    from quantum_async.integrations.qiskit.runs import SweepRun


async def started(backend: AsyncBackend, orders: Iterable[Order]) -> list[tuple[Order, SweepRun]]:
    """Start orders, once every piece of each is known to be fit.

    Args:
        backend: Where.
        orders: What.

    Raises:
        InvalidInputError: A piece cannot run; nothing was sent.
    """
    scheduler, on = backend.source.scheduler, backend.machine.on
    listed = list(orders)
    for order in listed:
        await check(scheduler, on, order.pieces, order.shots, order.options)
    return [
        (order, start(scheduler, on, order.pieces, order.shots, order.options)) for order in listed
    ]
