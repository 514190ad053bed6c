"""The local provider's devices."""

from __future__ import annotations

from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.simulation.devices import ANALOG_DEVICE, CIRCUIT_DEVICES, analog_qubits
from quantum_async.simulation.shots import MOST_SHOTS


def local_devices(provider: str) -> list[Device]:
    """List the simulators, with the number of qubits that fit in this machine's memory.

    Args:
        provider: Registry name of the local provider.
    """
    circuits = [
        _device(provider, device.name, DeviceKind.GATE, device.num_qubits, device.description)
        for device in CIRCUIT_DEVICES.values()
    ]
    analog = _device(
        provider,
        ANALOG_DEVICE,
        DeviceKind.ANALOG,
        analog_qubits(),
        "Pulser sequences, by QuTiP; noise by an emulation configuration",
    )
    return [*circuits, analog]


def _device(
    provider: str, name: str, kind: DeviceKind, num_qubits: int, description: str
) -> Device:
    return Device(
        provider=provider,
        name=name,
        kind=kind,
        is_simulator=True,
        num_qubits=num_qubits,
        max_shots=MOST_SHOTS,
        status=DeviceStatus.AVAILABLE,
        description=description,
    )
