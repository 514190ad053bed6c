"""Quil: gates, declarations and measurements."""

from __future__ import annotations

import re

from quantum_async.sandbox.azure.registers import Shape, program

_DECLARE = re.compile(r"DECLARE\s+(\w+)\s+BIT(?:\[(\d+)\])?")
_MEASURE = re.compile(r"MEASURE\s+(\d+)\s+(\w+)(?:\[(\d+)\])?")
_GATE = re.compile(r"([A-Z]+)(?:\(([^)]*)\))?((?:\s+\d+)+)")
_NAMES = {
    "CNOT": "cx",
    "CCNOT": "ccx",
    "PHASE": "u1",
    "CPHASE": "cu1",
    "I": "id",
}
_KNOWN = set("H X Y Z S T RX RY RZ CZ SWAP".split())


def read(text: str) -> tuple[str, Shape]:
    """Read a program as OpenQASM 2.

    Raises:
        ValueError: A line cannot be understood.
    """
    names: list[str] = []
    widths: list[int] = []
    lines: list[str] = []
    most = -1
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not line or line.startswith("PRAGMA"):
            continue
        if declared := _DECLARE.fullmatch(line):
            names.append(declared[1])
            widths.append(int(declared[2] or 1))
        elif measured := _MEASURE.fullmatch(line):
            bit = sum(widths[: names.index(measured[2])]) + int(measured[3] or 0)
            lines.append(f"measure q[{measured[1]}] -> c[{bit}]")
            most = max(most, int(measured[1]))
        elif gate := _GATE.fullmatch(line):
            qubits = [int(number) for number in gate[3].split()]
            most = max(most, *qubits)
            lines.append(_written(gate[1], gate[2], qubits))
        else:
            raise ValueError(f"cannot read {line!r}")
    shape = Shape(tuple(names), tuple(widths))
    return program(most + 1, lines, shape.width), shape


def _written(name: str, angles: str | None, qubits: list[int]) -> str:
    if name not in _NAMES and name not in _KNOWN:
        raise ValueError(f"there is no gate {name}")
    values = f"({angles})" if angles else ""
    places = ", ".join(f"q[{number}]" for number in qubits)
    return f"{_NAMES.get(name, name.lower())}{values} {places}"
