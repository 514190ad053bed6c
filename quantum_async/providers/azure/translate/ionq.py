"""IonQ's own circuits and results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.providers.azure.translate.circuits import Circuit, Gate

INPUT = "ionq.circuit.v1"
OUTPUT = "ionq.quantum-results.v1"
BASIS = "h x y z s sdg t tdg sx sxdg rx ry rz rxx ryy rzz cx swap ccx".split()
"""Qiskit's names of the gates that are written."""

_NAMES = {
    "sdg": "si",
    "tdg": "ti",
    "sx": "v",
    "sxdg": "vi",
    "rxx": "xx",
    "ryy": "yy",
    "rzz": "zz",
    "cx": "x",
    "ccx": "x",
}
_CONTROLS = {"cx": 1, "ccx": 2}


def ionq_of(circuit: Circuit) -> str:
    """Write a circuit down; what is measured is not part of it.

    Args:
        circuit: The circuit, in gates of `BASIS`.
    """
    return json.dumps(
        {
            "gateset": "qis",
            "qubits": circuit.num_qubits,
            "circuit": [_gate(gate) for gate in circuit.gates],
        }
    )


def _gate(gate: Gate) -> dict[str, object]:
    controls = _CONTROLS.get(gate.name, 0)
    found: dict[str, object] = {"gate": _NAMES.get(gate.name, gate.name)}
    if gate.params:
        found["rotation"] = gate.params[0]
    found["targets"] = list(gate.qubits[controls:])
    if controls:
        found["controls"] = list(gate.qubits[:controls])
    return found


def ionq_qubits(text: str) -> int:
    """Say how many qubits a circuit in IonQ's own JSON has; 0 where it does not say."""
    try:
        found = json.loads(text)
    except ValueError:
        return 0
    qubits = found.get("qubits") if isinstance(found, dict) else None
    return qubits if isinstance(qubits, int) else 0
