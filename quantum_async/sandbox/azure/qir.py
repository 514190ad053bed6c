"""QIR as text: enough of it to run what clients send."""

from __future__ import annotations

import re
import struct

from quantum_async.sandbox.azure.registers import Shape, program

_CALL = re.compile(r"call\s+\S+\s+@__quantum__(qis|rt)__(\w+?)(?:__(body|adj|ctl))?\((.*)\)")
_OPERAND = re.compile(r"double\s+(\S+)|inttoptr\s*\(\s*i64\s+(\d+)\s+to|i64\s+(\d+)|(null)")
_GATES = {
    "h": "h",
    "x": "x",
    "y": "y",
    "z": "z",
    "s": "s",
    "t": "t",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "cx": "cx",
    "cnot": "cx",
    "cy": "cy",
    "cz": "cz",
    "swap": "swap",
    "ccx": "ccx",
    "rxx": "rxx",
    "rzz": "rzz",
    "reset": "reset",
}
_MEASURE = {"m", "mz", "mresetz"}


def read(text: str) -> tuple[str, Shape]:
    """Read a program as OpenQASM 2, and how its results are recorded.

    Raises:
        ValueError: It calls what this service does not know, or records nothing.
    """
    lines: list[str] = []
    arrays: list[list[int]] = []
    is_tuple = False
    most, last = -1, -1
    for kind, name, variant, operands in _CALL.findall(text):
        numbers, angles = _operands(operands)
        if kind == "rt":
            is_tuple = is_tuple or name == "tuple_record_output"
            if name == "array_record_output":
                arrays.append([])
            elif name == "result_record_output":
                if not arrays:
                    arrays.append([])
                arrays[-1].append(numbers[0])
            continue
        if name in _MEASURE:
            last = max(last, numbers[1])
        most = max(most, *(numbers[:1] if name in _MEASURE else numbers))
        lines.append(_line(name, variant, numbers, angles))
    if not arrays:
        raise ValueError("the program records no result")
    bits = 1 + max(last, *(result for array in arrays for result in array))
    records = tuple(tuple(array) for array in arrays)
    return program(most + 1, lines, bits), Shape(("c",), (bits,), records, is_tuple)


def _operands(text: str) -> tuple[list[int], list[float]]:
    numbers, angles = [], []
    for angle, pointer, integer, null in _OPERAND.findall(text):
        if angle:
            angles.append(_angle(angle.rstrip(",")))
        elif pointer or null:
            numbers.append(int(pointer or 0))
        elif integer:
            continue
    return numbers, angles


def _angle(text: str) -> float:
    if text.startswith("0x"):
        return float(struct.unpack(">d", bytes.fromhex(text[2:].rjust(16, "0")))[0])
    return float(text)


def _line(name: str, variant: str, numbers: list[int], angles: list[float]) -> str:
    if name in _MEASURE:
        return f"measure q[{numbers[0]}] -> c[{numbers[1]}]"
    if name not in _GATES:
        raise ValueError(f"there is no gate {name}")
    gate = _GATES[name]
    if variant == "adj":
        gate = f"{gate}dg" if gate in {"s", "t"} else gate
    values = f"({', '.join(map(repr, angles))})" if angles else ""
    return f"{gate}{values} {', '.join(f'q[{number}]' for number in numbers)}"
