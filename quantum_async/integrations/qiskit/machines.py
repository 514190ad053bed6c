"""A machine: what is known of a provider's device that runs circuits."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.transpiler import Target

    from quantum_async.models.device import Device

Route = tuple[int, int, int]
"""How a CZ between two qubits is reached: which moves, to which resonator, and the other one."""


@dataclass(frozen=True)
class Machine:
    """What is known of a device, at the time it was asked for.

    Args:
        device: The provider's description.
        target: What it runs, for Qiskit's transpiler.
        max_circuits: Most circuits of one of the provider's jobs, where the provider limits it.
        has_observables: Whether the provider computes expectation values itself.
        calibration_set_id: What its figures are of, where the provider names it.
        physical: The same with resonators as further qubits, where it has any.
        routes: For each pair of qubits that CZ joins over a resonator, the way it is done.
        resonators: How many resonators it has.
    """

    device: Device
    target: Target
    max_circuits: int | None = None
    has_observables: bool = False
    calibration_set_id: str | None = None
    physical: Target | None = None
    routes: Mapping[tuple[int, int], Route] = field(default_factory=lambda: MappingProxyType({}))
    resonators: int = 0

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    @property
    def on(self) -> str:
        """The target to run on, as the scheduler takes it."""
        return self.device.target
