"""A device as its provider describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DeviceKind(StrEnum):
    """What kind of program a device runs."""

    GATE = "gate"
    ANALOG = "analog"
    ANNEALING = "annealing"


class DeviceStatus(StrEnum):
    """Whether a device takes jobs now."""

    AVAILABLE = "available"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Device:
    """What a provider says of one of its devices.

    Args:
        provider: Registry name of the provider.
        name: The device's name, the part after the colon of a target.
        kind: Gate-model or analog.
        is_simulator: Whether it computes instead of measuring.
        num_qubits: The largest number of qubits or atoms, or ``None`` where no limit is known.
        max_shots: The largest number of shots of one job, or ``None``.
        status: Whether it takes jobs now.
        queue_time: What the provider expects a new job to wait, in seconds.
        operations: The names of its native gates or pulse channels.
        connectivity: Pairs of qubits that a two-qubit gate can join; empty where all can.
        positions: Qubit or trap positions for drawing, in micrometres where they are physical.
        description: One line from the provider.
        specification: The provider's own full description, as text.
    """

    provider: str
    name: str
    kind: DeviceKind
    is_simulator: bool = False
    num_qubits: int | None = None
    max_shots: int | None = None
    status: DeviceStatus = DeviceStatus.UNKNOWN
    queue_time: float | None = None
    operations: tuple[str, ...] = ()
    connectivity: tuple[tuple[str, str], ...] = ()
    positions: tuple[tuple[str, float, float], ...] = ()
    description: str = ""
    specification: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """The name to pass as ``on=``."""
        return f"{self.provider}:{self.name}"
