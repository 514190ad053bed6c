"""The simulators there are, and how large a program each one takes."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.simulation.memory import most_qubits

ANALOG_DEVICE = "pulser"
DEFAULT_CIRCUIT_DEVICE = "automatic"

_STATE_COPIES = 1.0
# What qutip's solver holds of the state, the Hamiltonian's sparse terms included.
ANALOG_COPIES = 256.0


@dataclass(frozen=True, slots=True)
class CircuitDevice:
    """A method of simulating circuits.

    Args:
        name: Its name, the part after the colon of a target.
        description: One line for people.
        levels: ``levels ** qubits`` amplitudes are held, or 0 where memory grows gently.
        most: Most qubits where ``levels`` is 0.
    """

    name: str
    description: str
    levels: int = 0
    most: int = 0

    @property
    def num_qubits(self) -> int:
        """Most qubits that a circuit may really use on this machine."""
        if not self.levels:
            return self.most
        return most_qubits(levels=self.levels, copies=_STATE_COPIES)


CIRCUIT_DEVICES = {
    device.name: device
    for device in (
        CircuitDevice(
            "automatic", "State vector where it fits, stabilizer for large Clifford circuits", 2
        ),
        CircuitDevice("statevector", "Every amplitude of the state", 2),
        CircuitDevice("density_matrix", "Every entry of the density matrix", 4),
        CircuitDevice("stabilizer", "Clifford circuits only, thousands of qubits", 0, 10_000),
        CircuitDevice("matrix_product_state", "Many qubits with little entanglement", 0, 63),
        CircuitDevice("extended_stabilizer", "Clifford circuits with few T gates", 0, 63),
    )
}
"""The circuit simulators by name, the default one first."""


def analog_qubits(levels: int = 2) -> int:
    """Compute how many atoms fit.

    Args:
        levels: Levels of one atom: 2, or 3 where both bases are addressed.
    """
    return most_qubits(levels=levels, copies=ANALOG_COPIES)
