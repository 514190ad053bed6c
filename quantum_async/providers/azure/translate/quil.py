"""Rigetti's Quil of circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.providers.azure.translate.circuits import Circuit, Gate

INPUT = "rigetti.quil.v1"
OUTPUT = "rigetti.quil-results.v1"
READOUT = "ro"
BASIS = "h x y z s t rx ry rz p cx cz cp swap ccx id".split()
"""Qiskit's names of the gates that are written."""

_NAMES = {"cx": "CNOT", "ccx": "CCNOT", "p": "PHASE", "cp": "CPHASE"}


def quil_of(circuit: Circuit) -> str:
    """Write a circuit down; classical bit *n* of the circuit is ``ro[n]``.

    Args:
        circuit: The circuit, in gates of `BASIS`.
    """
    lines = [f"DECLARE {READOUT} BIT[{len(circuit.measured)}]"]
    lines += [_line(gate) for gate in circuit.gates]
    lines += [
        f"MEASURE {qubit} {READOUT}[{bit}]"
        for bit, qubit in enumerate(circuit.measured)
        if qubit >= 0
    ]
    return "\n".join(lines) + "\n"


def _line(gate: Gate) -> str:
    angles = f"({', '.join(map(repr, gate.params))})" if gate.params else ""
    name = _NAMES.get(gate.name, gate.name.upper())
    return f"{name}{angles} {' '.join(map(str, gate.qubits))}"
