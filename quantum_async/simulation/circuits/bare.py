"""Circuits without the measurements at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit without the measurements after which neither qubit nor bit is used.

    Qiskit's own ``remove_final_measurements`` also takes away those that a condition on another
    qubit depends on, and with them what the circuit does. Registers stay.

    Args:
        circuit: The circuit.
    """
    used: set[object] = set()
    kept = []
    for instruction in reversed(circuit.data):
        name = instruction.operation.name
        touched = {*instruction.qubits, *instruction.clbits}
        if name == "measure" and used.isdisjoint(touched):
            continue
        if name != "barrier":
            used |= touched
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    return bare
