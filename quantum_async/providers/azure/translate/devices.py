"""Devices from what the service says of its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.models.device import Device, DeviceKind
from quantum_async.providers.azure.translate.catalogue import (
    PASQAL,
    QUBITS,
    is_simulator,
    provider_in,
)
from quantum_async.providers.azure.translate.qir import BASIS
from quantum_async.providers.azure.translate.statuses import device_status

if TYPE_CHECKING:
    from quantum_async.providers.azure.wire import TargetStatus


def device_of(target: TargetStatus, provider: str) -> Device:
    """Describe a target.

    Args:
        target: What the service says of it.
        provider: Whose it is.
    """
    analog = provider.lower() == PASQAL or provider_in(target.id) == PASQAL
    return Device(
        provider="azure",
        name=target.id,
        kind=DeviceKind.ANALOG if analog else DeviceKind.GATE,
        is_simulator=is_simulator(target.id),
        num_qubits=target.num_qubits or QUBITS.get(target.id.lower()),
        status=device_status(target.current_availability),
        queue_time=target.average_queue_time,
        operations=() if analog else (*BASIS, "measure"),
        description=f"{provider} ({target.status_page})" if target.status_page else provider,
    )
