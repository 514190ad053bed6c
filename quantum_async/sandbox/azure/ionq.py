"""IonQ's JSON circuits, in the gates of its abstract gate set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.registers import Shape, program

if TYPE_CHECKING:
    from typing import Any

_PLAIN = {
    "h": "h",
    "x": "x",
    "y": "y",
    "z": "z",
    "s": "s",
    "si": "sdg",
    "t": "t",
    "ti": "tdg",
    "v": "sx",
    "vi": "sxdg",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "xx": "rxx",
    "yy": "ryy",
    "zz": "rzz",
    "swap": "swap",
    "not": "x",
    "cnot": "cx",
}
_CONTROLLED = {("x", 1): "cx", ("not", 1): "cx", ("x", 2): "ccx", ("not", 2): "ccx"}
_CONTROLLED |= {("z", 1): "cz", ("y", 1): "cy", ("h", 1): "ch"}


def read(text: str) -> tuple[str, Shape]:
    """Read a circuit as OpenQASM 2; every qubit is measured.

    Raises:
        ValueError: It is none, or in the gates of the hardware.
    """
    document = json.loads(text)
    if document.get("gateset") == "native":
        raise ValueError("this service simulates the abstract gate set only")
    qubits = int(document["qubits"])
    lines = [line for gate in document["circuit"] for line in _lines(gate)]
    lines += [f"measure q[{number}] -> c[{number}]" for number in range(qubits)]
    return program(qubits, lines, qubits), Shape(("c",), (qubits,))


def _lines(gate: dict[str, Any]) -> list[str]:
    controls = gate.get("controls") or ([gate["control"]] if "control" in gate else [])
    targets = gate.get("targets") or [gate["target"]]
    name = gate["gate"]
    if name == "cnot":
        name = "x"
    found = _CONTROLLED.get((name, len(controls))) if controls else _PLAIN.get(name)
    if found is None:
        raise ValueError(f"there is no gate {name} with {len(controls)} controls")
    angle = f"({float(gate['rotation'])!r})" if "rotation" in gate else ""
    qubits = [f"q[{number}]" for number in [*controls, *targets]]
    if found == "ryy":
        # OpenQASM 2's own header has no such gate.
        before, after = (f"rx({sign}pi/2)" for sign in ("", "-"))
        around = [[f"{turn} {qubit}" for qubit in qubits] for turn in (before, after)]
        return [*around[0], f"rzz{angle} {', '.join(qubits)}", *around[1]]
    return [f"{found}{angle} {', '.join(qubits)}"]
