"""Quantum computers as devices of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from quantum_async.errors import QuantumAsyncError
from quantum_async.models.device import Device, DeviceKind, DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.wire import Health, JobLimits, QuantumComputer

Value = TypeVar("Value")

MOCK = ":mock"
"""How the alias of a quantum computer ends that answers without measuring."""


async def devices(server: Server) -> list[Device]:
    """List the quantum computers with what they can run; one that does not tell is still listed.

    Args:
        server: Where they are.
    """
    computers = await server.computers()
    found: dict[str, Device] = {}
    async with anyio.create_task_group() as tasks:
        for computer in computers:
            tasks.start_soon(_describe, server, computer, found)
    return [found[computer.id] for computer in computers]


async def _describe(server: Server, computer: QuantumComputer, found: dict[str, Device]) -> None:
    dialect = await server.dialect()
    health = await _told(dialect.health(computer))
    limits = await _told(server.limits(computer))
    architecture = await _told(server.architecture(computer))
    found[computer.id] = device_of(computer, health, limits, architecture)


async def _told(answer: Awaitable[Value]) -> Value | None:
    try:
        return await answer
    except QuantumAsyncError:
        return None


def device_of(
    computer: QuantumComputer,
    health: Health | None,
    limits: JobLimits | None,
    architecture: Architecture | None,
) -> Device:
    """Describe a quantum computer by what it told of itself.

    Args:
        computer: Its names.
        health: Whether it takes jobs.
        limits: How large a job may be.
        architecture: What it can run now.
    """
    status = DeviceStatus.UNKNOWN
    if health is not None:
        status = DeviceStatus.AVAILABLE if health.healthy else DeviceStatus.UNAVAILABLE
    described = architecture.described if architecture is not None else None
    cz = described.gates.get("cz") if described is not None else None
    return Device(
        provider="iqm",
        name=computer.alias,
        kind=DeviceKind.GATE,
        is_simulator=computer.alias.endswith(MOCK),
        num_qubits=len(described.qubits) if described is not None else None,
        max_shots=limits.max_shots_per_circuit if limits is not None else None,
        status=status,
        operations=tuple(sorted(described.gates)) if described is not None else (),
        connectivity=tuple((locus[0], locus[1]) for locus in (cz.loci if cz else ())),
        description=computer.display_name,
        specification=described.model_dump_json() if described is not None else "",
    )
