"""A device as its provider describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.models._extras import call_late

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        operations: The names of the gates or pulse channels that it takes; empty if not known.
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

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the topology: qubits or traps where they are, joined where two-qubit gates can be.

        Args:
            ax: Where to draw; a new figure by default.

        Raises:
            MissingExtraError: matplotlib is not installed.
            InvalidOptionError: The provider tells neither positions nor connectivity nor a number
                of qubits.
        """
        drawn: Axes = call_late("quantum_async.display.plots", "plot_device", self, ax=ax)
        return drawn

    def _repr_html_(self) -> str:
        shown: str = call_late("quantum_async.display.html", "device_html", self)
        return shown
