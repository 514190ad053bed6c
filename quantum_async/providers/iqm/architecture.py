"""What a calibrated quantum computer can run, ready to be asked about loci."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from quantum_async.models._extras import call_late
from quantum_async.providers.iqm.wire import DynamicArchitecture, GateImplementation, GateInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.transpiler import Target

    from quantum_async.providers.iqm.circuits import Operation

Locus = tuple[str, ...]


@dataclass(frozen=True)
class Architecture:
    """A dynamic architecture, indexed.

    Args:
        described: What the server says.
    """

    described: DynamicArchitecture

    @property
    def components(self) -> tuple[str, ...]:
        """Qubits, then resonators."""
        return self.described.components

    @cached_property
    def fingerprint(self) -> str:
        """Name the architecture by its content."""
        return hashlib.sha256(self.described.model_dump_json().encode()).hexdigest()

    @cached_property
    def known(self) -> frozenset[str]:
        """The names of all components."""
        return frozenset(self.components)

    @cached_property
    def resonators(self) -> frozenset[str]:
        """The names of the computational resonators."""
        return frozenset(self.described.computational_resonators)

    @cached_property
    def has_moves(self) -> bool:
        """Whether any MOVE is calibrated."""
        return bool(self.loci("move"))

    def loci(self, gate: str) -> frozenset[Locus]:
        """Say where a gate is calibrated."""
        return self._loci.get(gate, frozenset())

    def implementations(self, gate: str) -> Mapping[str, GateImplementation]:
        """The implementations of a gate, by name."""
        info = self.described.gates.get(gate)
        return info.implementations if info is not None else {}

    def runs(self, operation: Operation, locus: Locus, implementation: str | None = None) -> bool:
        """Say whether an operation is calibrated on a locus.

        Args:
            operation: The operation.
            locus: Physical components.
            implementation: Which one; any if ``None``.
        """
        loci = self.loci(operation.name)
        if implementation is not None:
            found = self.implementations(operation.name).get(implementation)
            loci = frozenset(found.loci) if found is not None else frozenset()
        if operation.is_factorizable:
            covered = {component for where in loci for component in where}
            return covered.issuperset(locus)
        return locus in loci or (operation.is_symmetric and locus[::-1] in loci)

    @cached_property
    def routes(self) -> Mapping[tuple[str, str], tuple[str, str, str]]:
        """How a CZ between two qubits is reached over a resonator, where it is not direct.

        For each pair, in both orders: which qubit moves, where to, and the other qubit.
        """
        found: Mapping[tuple[str, str], tuple[str, str, str]] = call_late(
            "quantum_async.providers.iqm.translate.programs", "routes_of", self
        )
        return found

    def to_qiskit(self) -> Target:
        """Describe the quantum computer to Qiskit's transpiler, without figures.

        Its qubits are in their order here; resonators are left out. Where a CZ between two qubits
        is reached over a resonator (`routes`), it is offered as if it were direct.

        Raises:
            MissingExtraError: Qiskit is not installed.
        """
        return call_late("quantum_async.providers.iqm.translate.programs", "target_of", self)

    @cached_property
    def _loci(self) -> Mapping[str, frozenset[Locus]]:
        return {name: frozenset(gate.loci) for name, gate in self.described.gates.items()}


def from_static(
    qubits: tuple[str, ...], operations: Mapping[str, tuple[Locus, ...]]
) -> Architecture:
    """Make an architecture of what the older interface tells.

    Args:
        qubits: Its qubits, among them perhaps a resonator.
        operations: Where each operation is possible.
    """
    resonators = tuple(q for q in qubits if q.upper().startswith(("COMP", "CR")))
    gates = {
        name: GateInfo(implementations={"": GateImplementation(loci=loci)})
        for name, loci in operations.items()
        if loci
    }
    described = DynamicArchitecture(
        qubits=tuple(q for q in qubits if q not in resonators),
        computational_resonators=resonators,
        gates=gates,
    )
    return Architecture(described)
