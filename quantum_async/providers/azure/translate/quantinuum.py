"""OpenQASM as Quantinuum reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import UnsupportedProgramError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

INPUT = "honeywell.openqasm.v1"
OUTPUT = "honeywell.quantum-results.v1"
BASIS = "h x y z s sdg t tdg rx ry rz cx cz rzz swap ccx".split()
"""Qiskit's names of the gates that are written."""


def qasm_of(circuit: QuantumCircuit) -> str:
    """Write a circuit down.

    Args:
        circuit: The circuit, in gates of `BASIS`.

    Raises:
        UnsupportedProgramError: OpenQASM 2 cannot say it.
    """
    from qiskit import qasm2

    try:
        text: str = qasm2.dumps(circuit)
    except qasm2.QASM2ExportError as error:
        raise UnsupportedProgramError(
            f"OpenQASM 2 cannot say this circuit: {error}",
            provider="azure",
            remedy="Leave out what it cannot say, or send QIR: AzureOptions(form=CircuitForm.QIR).",
        ) from error
    return text
