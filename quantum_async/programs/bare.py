"""Circuits without the measurements at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.programs.survey import Survey

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit without the measurements after which neither qubit nor bit is used.

    Qiskit's own ``remove_final_measurements`` also takes away those that a condition on another
    qubit depends on, and with them what the circuit does. Registers stay.

    Args:
        circuit: The circuit.
    """
    from qiskit.circuit import Measure

    # What is stored may be read of any bit, and an instruction does not list those bits.
    used: set[object] = set(circuit.clbits if "store" in Survey.of(circuit).names else ())
    kept = []
    for instruction in reversed(circuit.data):
        operation = instruction.operation
        touched = {*instruction.qubits, *instruction.clbits}
        # A composite may be called so too.
        is_measure = getattr(operation, "base_class", type(operation)) is Measure
        if is_measure and used.isdisjoint(touched):
            continue
        if operation.name != "barrier":
            used |= touched
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    return bare
